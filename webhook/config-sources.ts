// The keys that repeer.dev/config names, and how the node sees them.
import type { ConfigRef } from './annotations.ts'
import { dataOf, holds } from './content.ts'
import { fileFormats, listNamed, type NamedList } from './peer-names.ts'
import { type FoundKey, listFormat, type Search } from './source-search.ts'
import { visibleKeys } from './visible-keys.ts'

/** A source for each reference, whether or not its content can be read: whoever names a key knows. */
export function configSources(search: Search, refs: readonly ConfigRef[]): FoundKey[] {
  return refs.map(ref => {
    const list = formatOf(search, ref)
    const source = { ...ref, format: list.format, role: list.role }
    const env = search.container.env.find(({ from }) => from?.kind === ref.kind && from.name === ref.name && from.key === ref.key)
    if (env) return { ...source, via: 'env', variable: env.name }
    const from = search.container.envFrom.find(({ kind, name }) => kind === ref.kind && name === ref.name)
    const seen = visibleKeys(search.pod, search.container).find(
      key => key.kind === ref.kind && key.name === ref.name && (key.key ?? ref.key) === ref.key,
    )
    if (seen) return { ...source, via: seen.via }
    if (from) return { ...source, via: 'envFrom', variable: from.prefix + ref.key }
    const rendered = search.pod.initContainers.some(
      init =>
        visibleKeys(search.pod, init).some(key => key.kind === ref.kind && key.name === ref.name && (key.key ?? ref.key) === ref.key) ||
        init.env.some(({ from: key }) => key?.kind === ref.kind && key.name === ref.name && key.key === ref.key),
    )
    if (rendered) return { ...source, via: 'init' }
    search.warn(`no container of the pod sees ${ref.kind} ${ref.name}/${ref.key}; a restart in place may not bring its list to the node`)
    return { ...source, via: 'init', unseen: true }
  })
}

/** The format that the content has, else the one that the key's name promises, else the profile's bare list. */
function formatOf(search: Search, ref: ConfigRef): NamedList {
  const named = listNamed(search.profile, ref.key)
  const data = ref.kind === 'ConfigMap' ? dataOf(search.input.configMap(ref.name)) : undefined
  const format =
    data && [...(named ? [named.format] : []), ...fileFormats[search.profile]].find(candidate => holds(data, ref.key, candidate))
  return { format: format ?? named?.format ?? listFormat(search.profile), role: named?.role ?? 'peer', wellKnown: true }
}
