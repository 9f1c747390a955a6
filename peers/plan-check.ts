// Checks a plan that comes from outside (the annotation repeer.dev/plan, a file): every field, and the combinations
// that cannot be.
import { type FieldProblem, Fields, shown } from './fields.ts'
import { mostNotFollowed, type Plan, profiles, type Reach, strategies } from './plan.ts'
import { checkSource } from './plan-source-check.ts'
import { observeReasons } from './reasons.ts'

/** Problems that the message spells out: an annotation of 256 KiB can have thousands. */
const maxInMessage = 5

export class PlanError extends Error {
  override readonly name = 'PlanError'
  readonly problems: readonly FieldProblem[]

  constructor(problems: readonly FieldProblem[]) {
    const lines = problems
      .slice(0, maxInMessage)
      .map(({ path, found, expected }) => `${path}: found ${found}, expected ${expected}`)
    const more = problems.length - lines.length
    super(`the plan cannot be used: ${lines.join('; ')}${more > 0 ? `; and ${more} more` : ''}`)
    this.problems = problems
  }
}

/** Kubernetes allows 256 KiB for all annotations of an object together. */
const maxBytes = 256 * 1024
/** A week, in seconds: no time in a plan has a use beyond it. */
const maxSeconds = 7 * 24 * 3600
/** The highest UID that Kubernetes takes for runAsUser. */
const maxUid = 2 ** 31 - 1
/**
 * A ConfigMap that has a key for each node of a large chain, mounted whole, has a few hundred. To check 2,000 takes
 * 50 ms, at each event of the pod where one of them is wrong.
 */
const mostSources = 500
/** Names of one process: what starts it, and what that becomes. */
const mostNames = 500
const containerName = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/

/** The plan that a JSON text holds, as checkPlan returns it. Throws a PlanError. */
export function parsePlan(text: string): Plan {
  const bytes = Buffer.byteLength(text)
  if (bytes > maxBytes)
    throw new PlanError([{ path: 'plan', found: `${bytes} bytes`, expected: `at most ${maxBytes} bytes` }])
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new PlanError([
      {
        path: 'plan',
        found: text.trim() === '' ? 'an empty text' : 'a text that is not JSON',
        expected: 'a JSON object',
      },
    ])
  }
  return checkPlan(value)
}

/** A deep-frozen copy of a valid plan. Throws a PlanError with all problems otherwise. */
export function checkPlan(value: unknown): Plan {
  const problems = planProblems(value)
  if (problems.length > 0) throw new PlanError(problems)
  return deepFreeze(structuredClone(value)) as Plan
}

/** What is wrong with a plan, field by field: nothing where a sidecar would take it. */
export function planProblems(value: unknown): readonly FieldProblem[] {
  const problems: FieldProblem[] = []
  const plan = new Fields(value, '', problems)
  const version = plan.get('version')
  if (problems.length > 0) return problems
  if (version !== 1) {
    // Another version's fields would only be noise here.
    plan.problem('version', shown(version), '1: create the pod again, so that this version of repeer makes its plan')
    return problems
  }
  plan.matching('container', containerName, 'the name of a container')
  plan.oneOf('profile', profiles)
  const by = checkReach(plan)
  const restartPolicyAlways = plan.boolean('restartPolicyAlways')
  const canRestartAll = plan.boolean('canRestartAll')
  if (by === 'signal' && restartPolicyAlways === false) {
    plan.problem(
      'reach.by',
      'signal',
      'wrap or observe, since restartPolicyAlways is false: nothing would start the node again',
    )
  }
  checkSources(plan, { by, restartPolicyAlways, canRestartAll })
  plan.oneOf('turns', ['self', 'controller'])
  plan.matching('group', /^[^\s\p{Cc}]{1,320}$/u, 'a name without white space')
  plan.boolean('validator')
  plan.matching(
    'maxUnavailable',
    /^([1-9]\d{0,5}|([1-9]\d?|100)%)$/,
    'a number from 1, or a percentage from 1% to 100%, as a string',
  )
  plan.number('minPeers', 0, 100_000, 'integer', 'optional')
  plan.number('p2pPort', 1, 65535, 'integer')
  plan.number('rpcPort', 1, 65535, 'integer', 'optional')
  checkTimes(plan.object('times'))
  for (const field of ['ownerRolls', 'mesh', 'hostNetwork']) plan.boolean(field)
  checkNotFollowed(plan)
  plan.value('pinAddresses', 'true or false', value => typeof value === 'boolean', 'optional')
  plan.rejectUnknown()
  return problems
}

function checkReach(plan: Fields): Reach['by'] | undefined {
  const reach = plan.object('reach')
  const by = reach.oneOf('by', ['wrap', 'signal', 'observe'])
  if (by === 'wrap' && reach.has('beside')) checkBeside(reach.object('beside'))
  if (by === 'signal') {
    const isUid = (uid: unknown): uid is number | null =>
      uid === null || (Number.isInteger(uid) && Number(uid) >= 0 && Number(uid) <= maxUid)
    reach.value('uid', `a UID from 0 to ${maxUid}, or null`, isUid)
    checkNames(reach)
  }
  const reason = by === 'observe' ? reach.oneOf('reason', Object.keys(observeReasons)) : undefined
  if (by !== undefined) reach.rejectUnknown()
  const strategy = plan.oneOf('strategy', strategies)
  if (by === undefined || strategy === undefined) return by
  const agrees = { auto: true, hot: true, wrap: by !== 'signal', signal: by !== 'wrap', observe: by === 'observe' }[
    strategy
  ]
  if (!agrees) plan.problem('strategy', strategy, `a strategy that permits reach ${by}`)
  if (reason === 'asked-to-observe' && strategy !== 'observe' && strategy !== 'hot') {
    plan.problem('reach.reason', reason, `another reason, since strategy is ${strategy}`)
  }
  return by
}

function checkBeside(beside: Fields): void {
  beside.matching('container', containerName, 'the name of a container')
  beside.number('uid', 0, maxUid, 'integer')
  beside.number('port', 1, 65535, 'integer')
  beside.boolean('fifo')
  // Without a name any process of the pod could be taken for it.
  if (checkNames(beside) === 0) beside.problem('names', 'none', 'the names of a process, one at least')
  beside.rejectUnknown()
}

function checkNames(fields: Fields): number {
  const names = fields.array('names')
  if (names.length > mostNames) fields.problem('names', `an array of ${names.length}`, `at most ${mostNames}`)
  names.slice(0, mostNames).forEach((name, index) => {
    if (typeof name !== 'string' || !/^[^/\p{Cc}]{1,255}$/u.test(name))
      fields.problem(`names[${index}]`, typeof name === 'string' ? name : shown(name), 'the name of a process')
  })
  return names.length
}

function checkSources(plan: Fields, pod: Parameters<typeof checkSource>[1]): void {
  const first = new Map<string, number>()
  const sources = plan.array('sources')
  if (sources.length > mostSources) plan.problem('sources', `an array of ${sources.length}`, `at most ${mostSources}`)
  sources.slice(0, mostSources).forEach((value, index) => {
    const source = new Fields(value, `sources[${index}]`, plan.problems)
    const same = checkSource(source, pod)
    const earlier = same === undefined ? undefined : first.get(same)
    if (earlier !== undefined)
      source.problem('', same ?? '', `each source once; this one is sources[${earlier}] already`)
    else if (same !== undefined) first.set(same, index)
  })
}

function checkNotFollowed(plan: Fields): void {
  if (!plan.has('notFollowed')) return
  const others = plan.array('notFollowed')
  if (others.length === 0 || others.length > mostNotFollowed)
    plan.problem('notFollowed', `an array of ${others.length}`, `1 to ${mostNotFollowed} containers, or no such field`)
  others.slice(0, mostNotFollowed).forEach((value, index) => {
    const other = new Fields(value, `notFollowed[${index}]`, plan.problems)
    other.matching('container', containerName, 'the name of a container')
    other.matching('program', /^[a-z0-9][a-z0-9.-]{0,39}$/, 'the name of a program, at most 40 characters')
    other.rejectUnknown()
  })
}

/** Fractions of a second are allowed: the demo and the tests use them. */
function checkTimes(times: Fields): void {
  for (const field of ['settleSeconds', 'graceSeconds', 'minIntervalSeconds']) times.number(field, 0, maxSeconds, 'any')
  times.number('livenessSeconds', 0, maxSeconds, 'any', 'optional')
  times.rejectUnknown()
}

function deepFreeze(value: unknown): unknown {
  if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) deepFreeze(inner)
    Object.freeze(value)
  }
  return value
}
