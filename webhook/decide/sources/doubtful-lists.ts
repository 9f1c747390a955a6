// Which of the lists that were found are none: templates that something else fills in, and malformed texts that only
// their name made a list of. One of them would hold everything, since a node is never restarted with a list that does
// not parse.

import { formatKinds } from '../../../peers/formats/index.ts'
import { own } from '../../../peers/own.ts'
import { annotation } from '../../../peers/pod.ts'
import type { DecideInput } from '../decision.ts'
import { dataOf, type Parsed, parse, peersIn } from '../pod/content.ts'
import type { PodView } from '../pod/pod-view.ts'
import type { FlagLists } from './flag-lists.ts'
import { type Found, placeOf, type Search } from './source-search.ts'

/**
 * The sources that count; says which do not. What whoever made the pod states to be a list (a flag, a variable that the
 * program reads, the file that the node itself reads) is kept although it is malformed: the node would not start with
 * it, and somebody has to be told. What only its name makes a list is kept where there is no other: somebody may have
 * meant it.
 */
export function withoutDoubtful(
  search: Search,
  sources: readonly Found[],
  flags: Pick<FlagLists, 'references' | 'files'>,
): Found[] {
  const read = sources.map(source => ({ source, parsed: parsedOf(search.input, source) }))
  const isGood = ({ parsed }: { parsed: Parsed | undefined }) => parsed === undefined || 'peers' in parsed
  const hasList = read.some(entry => entry.source.role === 'peer' && isGood(entry))
  return read.flatMap(({ source, parsed }) => {
    if (parsed === undefined || 'peers' in parsed) return [source]
    const place = placeOf(source)
    if (parsed.isTemplate) {
      search.warn(
        source.kind === 'Literal'
          ? `${place} is composed of variables that only the container knows, so it is not followed; name the list with repeer.dev/peers`
          : `${place} is a template that something else fills in, so it is not followed; repeer.dev/config or repeer.dev/peers can name the list`,
      )
      return []
    }
    if (source.kind === 'Literal' && !standsInSpec(search.pod, source.text)) {
      search.warn(
        `${place} does not parse as a list of ${search.profile} peers, and is not followed: it is made of what stands in a ConfigMap, and that is not written into the pod: ${parsed.error.split('; ', 1)[0]}`,
      )
      return []
    }
    if (isStated(search, source, flags) || (source.role === 'peer' && !hasList)) return [source]
    const what = source.role === 'seed' ? 'seeds' : 'a peer list'
    search.warn(
      `${place} is named like ${what} but holds none that a ${search.profile} node could take, so it is not followed: ${parsed.error.split('; ', 1)[0]}`,
    )
    return []
  })
}

/** What a source holds, as far as it can be read. */
export function parsedOf(input: Pick<DecideInput, 'configMap'>, source: Found): Parsed | undefined {
  if (source.kind === 'Literal') return parse(source.format, source.text, source.role, source.name)
  const data = source.kind === 'ConfigMap' ? dataOf(input.configMap(source.name)) : undefined
  return data && peersIn(data, source.key, source.format, source.role, placeOf(source))
}

/** Characters of a list whose words are looked for one by one: an admission has to be over in time. */
const longestComposed = 4096

/**
 * Whether all words of a literal list stand in the pod's own spec. Its plan, an annotation, repeats them: what a script
 * of a ConfigMap says instead of peers, others may read the pod than read the ConfigMap.
 */
function standsInSpec(pod: PodView, text: string): boolean {
  const texts = [...pod.containers, ...pod.initContainers].flatMap(({ command, args, env }) => [
    ...command,
    ...args,
    ...env.map(({ value = '' }) => value),
  ])
  texts.push(own(pod.annotations, annotation.peers) ?? '')
  if (texts.some(spec => spec.includes(text))) return true
  const words = new Set(text.slice(0, longestComposed).split(/[\s,]+/))
  return text.length <= longestComposed && [...words].every(word => texts.some(spec => spec.includes(word)))
}

function isStated(
  search: Search,
  source: Found,
  { references, files }: Pick<FlagLists, 'references' | 'files'>,
): boolean {
  if (files.some(file => file === source)) return true
  const variable = source.kind === 'Literal' ? /^env (.*)$/.exec(source.name)?.[1] : source.variable
  if (variable !== undefined) {
    return (
      search.chain.lists.ownVariables.names.test(variable) ||
      references.some(reference => reference.variable === variable)
    )
  }
  // A document of the chain's own, or a flag; a bare list in a file is somebody's script's.
  return source.kind === 'Literal' ? !source.name.startsWith('init container ') : formatKinds[source.format] !== 'list'
}
