// Whether a list in a variable reaches the node at each of its starts. A Cosmos SDK program reads no variable but those
// with its own prefix: a script hands the others on, as a flag (at each start) or by writing them into a file (often
// only where the file has none yet).
import type { Role } from '../../../peers/peer.ts'
import { originsOf, type Value } from '../../shell/index.ts'
import { overrideOf } from '../followed-node.ts'
import { startedBy } from '../pod/command-line.ts'
import type { FoundKey, Search } from './source-search.ts'

/** A program of the image's that may read any variable: a script that is not here, or one by its path. */
const opaque = /\.(sh|bash|py|pl|js)$|^\.{0,2}\/(?!(usr\/(local\/)?)?s?bin\/[^/]+$)/

/**
 * What a list in a variable that no flag takes needs to be given to the node that a script starts: the variable that
 * outranks its file, by which it is told at the next start whatever the script has made of it; `once` where without
 * that the script's file would keep the old list; `unseen` where the script, all of it read, never names it. Nothing
 * where the script writes a whole file at each start, and where nobody can know. Programs without a script are
 * unread.ts's.
 */
export function copiedOnce(
  search: Search,
  variable: string,
  role: Role,
): Pick<FoundKey, 'override' | 'once' | 'unseen'> {
  const { container, chain, program } = search
  const { commands, writes, assigned, unread } = startedBy(container)
  if (chain.override === undefined || !commands.some(({ words }) => words[0]?.script)) return {}
  if (program && !program.command.words[0]?.script) return {}
  const own = overrideOf(search, role)
  if (own === variable) return {}
  const isOf = (value: Value) => originsOf(value).some(origin => origin.kind === 'variable' && origin.name === variable)
  const written = writes.filter(({ value }) => isOf(value))
  if (written.some(({ sure, how }) => sure && how === 'whole')) return {}
  const override = own !== undefined && role === 'peer' ? { override: own } : {}
  const isNamed =
    unread.length > 0 ||
    commands.some(({ words }) => opaque.test(words[0]?.text.slice(0, 300) ?? '')) ||
    written.length > 0 ||
    assigned.some(({ value }) => isOf(value)) ||
    commands.some(({ words }) => words.some(word => isOf(word.value)))
  if (program && !isNamed) return { unseen: true, ...override }
  if (written.length === 0) return override
  // A file on a volume outlives the container, one in its own file system does not.
  const kept = written.some(({ path }) =>
    container.mounts.some(mount => path === mount.mountPath || path.startsWith(`${mount.mountPath}/`)),
  )
  return { ...override, once: kept ? 'volume' : 'container' }
}
