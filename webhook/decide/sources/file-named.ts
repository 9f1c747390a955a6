// What a file would hold by its name: the chain's rules, and before them those of a fork, where a fork it is.
import type { Fork, NamedList } from '../../chains/chain.ts'
import { listNamed } from '../../chains/peer-names.ts'
import { commandsOf } from '../pod/command-line.ts'
import type { ContainerView } from '../pod/pod-view.ts'
import type { Search } from './source-search.ts'

/** What a file of that name would hold for the node that is searched; undefined where its nodes keep no peers in it. */
export function fileNamed({ profile, chain, container }: Search, file: string): NamedList | undefined {
  for (const fork of chain.lists.forks ?? []) {
    const [, list] = fork.names.find(([name]) => name.test(file)) ?? []
    if (list && isFork(container, fork)) return list
  }
  return listNamed(profile, file)
}

/** Admission sees pods before they are validated. */
const longestImage = 4096

function isFork(container: ContainerView, { images, variables, flags }: Fork): boolean {
  if (container.image.length < longestImage && images.test(container.image)) return true
  if (container.env.some(({ name }) => variables.test(name))) return true
  return commandsOf(container).some(command =>
    command.words.some(({ text }) => flags.some(flag => text === `--${flag}` || text.startsWith(`--${flag}=`))),
  )
}
