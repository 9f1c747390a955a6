// Checks one source of a plan: names that stay inside the directory they are mounted in, fields that fit `via`, the
// level that follows.
import { type Fields, shown } from './fields.ts'
import { formats } from './formats/index.ts'
import { roles } from './peer.ts'
import { type Level, levelOf, levels, type Reach, type Via, vias } from './plan.ts'

/** What decides about levels; absent fields were wrong themselves. */
export type PodFacts = {
  readonly by: Reach['by'] | undefined
  readonly restartPolicyAlways: boolean | undefined
  readonly canRestartAll: boolean | undefined
}

const subdomain = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
/**
 * Kubernetes' rule for keys of ConfigMaps and Secrets (IsConfigMapKey): so none is . or .., nor begins like the
 * kubelet's own ..data.
 */
const key = /^(?!\.$|\.\.)[-._a-zA-Z0-9]{1,253}$/
/**
 * Kubernetes' rule for names of environment variables (IsEnvVarName), which are file names in the control directory
 * too.
 */
const variable = /^(?!\.$|\.\.)[-._a-zA-Z][-._a-zA-Z0-9]{0,252}$/
const isTrue = (value: unknown): value is true => value === true
const literalText = (value: unknown): value is string => typeof value === 'string'

/** Reports what is wrong with a source; returns what makes it the same as another one, where that much is right. */
export function checkSource(source: Fields, pod: PodFacts): string | undefined {
  const kind = source.oneOf('kind', ['ConfigMap', 'Secret', 'Literal'])
  if (kind === undefined) return undefined
  const same = kind === 'Literal' ? checkLiteral(source) : checkKey(source, kind, pod)
  source.rejectUnknown()
  return same
}

function checkLiteral(source: Fields): string | undefined {
  const name = source.matching('name', /^[^\p{Cc}]{1,300}$/u, 'where the list stands, such as "args[3]"')
  const format = source.oneOf('format', formats)
  const role = source.oneOf('role', roles)
  source.value('text', 'a string', literalText)
  source.value('unseen', 'true, or nothing', isTrue, 'optional')
  source.oneOf('level', ['none'])
  return name && format && role && `Literal ${name} ${format} ${role}`
}

function checkKey(source: Fields, kind: 'ConfigMap' | 'Secret', pod: PodFacts): string | undefined {
  const name = source.matching('name', subdomain, `the name of a ${kind}: a DNS subdomain in lower case`)
  const keyName = source.matching('key', key, 'a key: letters, digits, - _ and ., not beginning with ..')
  const via = source.oneOf('via', vias)
  source.oneOf('format', formats)
  source.oneOf('role', roles)
  const level = source.oneOf('level', levels)
  const variableName = checkVariable(source, via)
  source.value('unseen', 'true, or nothing', isTrue, 'optional')
  const override = source.matching(
    'override',
    /^[A-Za-z_][A-Za-z0-9_]*$/,
    'the name of an environment variable',
    'optional',
  )
  source.matching(
    'deliveredBy',
    /^[a-z0-9][-a-z0-9]{0,62}\/[a-z0-9][-a-z0-9.]{0,252}$/,
    'NAMESPACE/NAME of a PeerSet',
    'optional',
  )
  if (override && pod.by !== undefined && pod.by !== 'wrap') {
    source.problem(
      'override',
      override,
      `no override, since reach is ${pod.by}: only a wrapped node can be given a variable`,
    )
  }
  if (level) checkLevel(source, level, override ? { via, override } : { via }, pod)
  return name && keyName && via && `${kind} ${name}/${keyName} via ${via}${variableName ? ` ${variableName}` : ''}`
}

/**
 * A level may be coarser than levelOf says, since whoever made the plan knows more (the kubelet expands $(VARIABLE) in
 * arguments once a container), but never gentler, and never one that the pod cannot do.
 */
function checkLevel(
  source: Fields,
  level: Level,
  seen: { via: Via | undefined; override?: string },
  pod: PodFacts,
): void {
  const { by, restartPolicyAlways, canRestartAll } = pod
  const { via } = seen
  if (via === undefined || by === undefined || restartPolicyAlways === undefined || canRestartAll === undefined) return
  const right = levelOf({ ...seen, via }, { by, restartPolicyAlways, canRestartAll })
  const impossible =
    (level === 'container' && !restartPolicyAlways) ||
    (level === 'all-containers' && !canRestartAll) ||
    (level !== 'none' && by === 'observe')
  if (levels.indexOf(level) >= levels.indexOf(right) && !impossible) return
  const facts = `via ${via}, reach ${by}, restartPolicyAlways ${restartPolicyAlways}, canRestartAll ${canRestartAll}`
  source.problem(
    'level',
    level,
    `${right === 'none' ? right : `${right} or a coarser one that is possible`}, given ${facts}`,
  )
}

function checkVariable(source: Fields, via: string | undefined): string | undefined {
  const inEnvironment = via === 'env' || via === 'envFrom'
  if (via === undefined || inEnvironment || !source.has('variable')) {
    const presence = inEnvironment ? undefined : 'optional'
    return source.matching('variable', variable, 'the name of the environment variable that holds the list', presence)
  }
  return source.problem('variable', shown(source.get('variable')), `no variable, since via is ${via}`)
}
