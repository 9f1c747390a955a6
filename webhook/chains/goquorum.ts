// GoQuorum is a fork of an old geth that still reads static-nodes.json, which geth itself ignores.
import { commandsOf } from '../decide/pod/command-line.ts'
import type { ContainerView } from '../decide/pod/pod-view.ts'
import type { Search } from '../decide/sources/source-search.ts'
import { listNamed, type NamedList } from './peer-names.ts'

/** Flags that only GoQuorum has (its command line reference). */
const ownFlags = [
  'raft',
  'raftport',
  'raftblocktime',
  'istanbul.blockperiod',
  'istanbul.requesttimeout',
  'permissioned',
  'emitcheckpoints',
  'ptm.url',
]
const images = /(^|\/)(go-?)?quorum([:@]|$)/

/** Whether a container whose profile is geth runs GoQuorum: by its image, its flags or its variables. */
export function isGoQuorum(container: ContainerView): boolean {
  if (container.image.length < longestImage && images.test(container.image)) return true
  if (container.env.some(({ name }) => name === 'PRIVATE_CONFIG' || name.startsWith('QUORUM_'))) return true
  return commandsOf(container).some(command =>
    command.words.some(({ text }) => ownFlags.some(flag => isFlag(text, flag))),
  )
}

/** Admission sees pods before they are validated. */
const longestImage = 4096

function isFlag(text: string, flag: string): boolean {
  return text === `--${flag}` || text.startsWith(`--${flag}=`)
}

/** What a file of that name would hold for the container that is searched: listNamed, and GoQuorum's static nodes. */
export function fileNamed(
  { profile, container }: Pick<Search, 'profile' | 'container'>,
  file: string,
): NamedList | undefined {
  const isStatic = profile === 'geth' && /^static-nodes.*\.json$/.test(file)
  if (isStatic && isGoQuorum(container)) return { format: 'static-nodes', role: 'peer', wellKnown: true }
  return listNamed(profile, file)
}
