// Where a PeerSet writes its list: namespace, ConfigMap and key. For all consumers of a provider chain these are
// templates, which name the consumer: the controller fills them in, and the webhook reads from a pod's namespace and
// labels what they were filled with. Pure.
import type { Fields } from '../fields.ts'
import { type Format, formats } from '../formats/index.ts'

export type OutputSpec = {
  readonly namespace: string
  readonly configMap: string
  readonly key: string
  readonly format: Format
  /** Empty: none is written. */
  readonly metadataKey: string
}
export type OutputPlace = Pick<OutputSpec, 'namespace' | 'configMap' | 'key'>

export const placeholders = ['chainId', 'consumerId'] as const
export type Placeholder = (typeof placeholders)[number]
export type Values = { readonly [P in Placeholder]?: string }

const defaultMetadataKey = 'discovery_metadata'
const placeholder = /\{(chainId|consumerId)\}/g
/** RFC 1123, as the API server checks the names of namespaces and of ConfigMaps, and IsConfigMapKey. */
const label = /^(?=.{1,63}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?$/
const subdomain = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const keyName = /^(?!\.$|\.\.)[-._a-zA-Z0-9]{1,253}$/

/** What a placeholder may stand for: a chain ID that can be a name, and a consumer ID, which is a number. */
const spans: Readonly<Record<Placeholder, string>> = { chainId: '[-a-z0-9]+', consumerId: '\\d+' }

/**
 * @param templates whether placeholders may stand in it: only where there is a list for each consumer, and then they
 * have to
 */
export function readOutput(fields: Fields, namespace: string, templates: boolean): OutputSpec {
  const text = (value: unknown): value is string => typeof value === 'string' && value !== ''
  const named = (field: string, pattern: RegExp, expected: string): string => {
    const found = fields.value(field, expected, text) ?? ''
    const plain = templates ? found.replace(placeholder, '0') : found
    if (found !== '' && !pattern.test(plain)) fields.problem(field, `"${found}"`, expected)
    return found
  }
  const output = {
    namespace: fields.has('namespace') ? named('namespace', label, 'the name of a namespace') : namespace,
    configMap: named('configMap', subdomain, 'the name of a ConfigMap'),
    key: named('key', keyName, 'a key of a ConfigMap'),
    format: fields.oneOf('format', formats) ?? 'generic-list',
    metadataKey:
      fields.matching('metadataKey', /^[-._a-zA-Z0-9]{0,253}$/, 'a key of a ConfigMap, or ""', 'optional') ??
      defaultMetadataKey,
  }
  // Several lists of one PeerSet in one ConfigMap would be one manager's, of which each apply takes the other keys
  // away.
  if (templates && output.configMap !== '' && !isTemplate(output.namespace) && !isTemplate(output.configMap))
    fields.problem(
      'configMap',
      `"${output.configMap}"`,
      '{chainId} or {consumerId} in it or in namespace: each consumer has a ConfigMap of its own',
    )
  return output
}

export function isTemplate(text: string): boolean {
  return text.search(placeholder) !== -1
}

/** Undefined where it names something that has no value. */
export function fill(template: string, values: Values): string | undefined {
  let isWhole = true
  const filled = template.replace(placeholder, (_, name: Placeholder) => {
    if (values[name] === undefined) isWhole = false
    return values[name] ?? ''
  })
  return isWhole ? filled : undefined
}

/**
 * With what a template was filled in so that it became this name; undefined where it cannot have been. Text without
 * placeholders is itself.
 */
export function valuesIn(template: string, name: string): Values | undefined {
  if (!isTemplate(template)) return template === name ? {} : undefined
  // No name that Kubernetes takes is longer, and none of a template has more than a few placeholders: nothing here can
  // take long.
  if (name.length > 253 || template.length > 253) return undefined
  const seen = new Set<string>()
  const pattern = template.split(/(\{(?:chainId|consumerId)\})/).map(part => {
    const found = placeholders.find(name => part === `{${name}}`)
    if (found === undefined) return part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
    if (seen.has(found)) return `\\k<${found}>`
    seen.add(found)
    return `(?<${found}>${spans[found]})`
  })
  const groups = new RegExp(`^${pattern.join('')}$`).exec(name)?.groups
  return groups === undefined ? undefined : { ...groups }
}

/** Whether a PeerSet with this output may write the ConfigMap. */
export function canBe(output: OutputPlace, namespace: string, configMap: string): boolean {
  return valuesIn(output.namespace, namespace) !== undefined && valuesIn(output.configMap, configMap) !== undefined
}

/**
 * The place of one consumer's list, or what is wrong with its names: a chain ID need not be a name that Kubernetes
 * takes.
 */
export function placeFor(output: OutputPlace, values: Values): OutputPlace | { readonly invalid: string } {
  const place: Record<keyof OutputPlace, string> = { namespace: '', configMap: '', key: '' }
  for (const [field, pattern, expected] of [
    ['namespace', label, 'a DNS label of at most 63 characters in lower case'],
    ['configMap', subdomain, 'the name of a ConfigMap'],
    ['key', keyName, 'a key of a ConfigMap'],
  ] as const) {
    const filled = fill(output[field], values)
    if (filled === undefined)
      return { invalid: `nothing tells what spec.output.${field} "${output[field]}" stands for` }
    if (!pattern.test(filled)) return { invalid: `spec.output.${field} would be "${filled}", expected ${expected}` }
    place[field] = filled
  }
  return place
}
