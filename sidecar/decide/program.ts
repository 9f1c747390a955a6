// Which program is the node below a script, and by which variable its list therefore reaches it. Pure.
//
// Where the pod's command is a script, the webhook cannot know the program, and so no variable that outranks what the
// script made of a list: a file that it wrote once, say. The supervisor sees the program (see `look` in supervisor.md).
// From then on the plan is read as if the webhook had known it.
import { type KeySource, levelOf, type Plan, type Source } from '../../peers/plan.ts'
import { chains } from '../chains/index.ts'
import { inDoubt } from './doubt.ts'
import type { Look } from './look.ts'
import type { Learned, Memory } from './memory.ts'
import type { Program } from './observation.ts'

/**
 * What starts a node and is none: it may have `start` among its arguments, or hand the node a socket. What the webhook
 * knows as wrappers, and supervisors and tools of scripts besides; a test holds the two together.
 */
export const wrappers: ReadonlySet<string> = new Set(
  [
    'busybox capsh cat catatonit catchsegv chamber chpst chroot chrt coreutils cosmovisor cpulimit doas docker-init dockerize doppler',
    'dumb-init eatmydata env envconsul envdir envuidgid flock gosu init ionice my_init nice nohup nsenter numactl pid1 prlimit runsv',
    'runsvdir runuser s6-applyuidgid s6-envdir s6-notifyoncheck s6-setuidgid s6-softlimit s6-supervise s6-svscan setarch setpriv setsid',
    'setuidgid setuser sleep softlimit stdbuf strace su su-exec sudo tail taskset tee time timeout tini tini-static toybox unbuffer',
    'unshare vault-env wait-for wait-for-it wait-for-it.sh with-contenv',
  ].flatMap(names => names.split(' ')),
)

/** A helper of the script's lives shorter, in seconds: one that only sets a value, or waits for something. */
const longLived = 60

/**
 * The node among the programs below the supervisor: who listens for peers; else the youngest with `start` among its
 * arguments, which a node's subcommand is; else the youngest that lives long. Undefined where none is told yet.
 */
export function nodeAmong(programs: readonly Program[]): Program | undefined {
  const others = programs.filter(program => !wrappers.has(program.name)).sort((a, b) => a.ageSeconds - b.ageSeconds)
  return (
    others.find(program => program.listens) ??
    others.find(program => program.starts) ??
    others.find(program => program.ageSeconds >= longLived)
  )
}

/** The sources that the node would get by its variable if its program were known; none where that is of no use. */
function openSources(plan: Plan): KeySource[] {
  const { override } = chains[plan.profile]
  if (!override || plan.reach.by !== 'wrap' || hasFlag(plan, override.outrankedBy)) return []
  const keys = plan.sources.filter(source => source.kind !== 'Literal')
  if (keys.some(source => source.override !== undefined)) return []
  // Of a whole config.toml, persistent_peers: it is what a node that runs can use, see the webhook's decide.ts.
  return keys.filter(source => source.role === 'peer' && source.via !== 'directory' && !isInFlag(source, plan))
}

/** A flag outranks every variable. */
function hasFlag({ sources }: Plan, flag: RegExp): boolean {
  return sources.some(source => source.kind === 'Literal' && flag.test(source.name))
}

/** The kubelet has written the variable into an argument: its level is coarser than that of a variable. */
function isInFlag({ via, level }: KeySource, { reach, restartPolicyAlways, canRestartAll }: Plan): boolean {
  const inEnvironment = via === 'env' || via === 'envFrom'
  return inEnvironment && level !== levelOf({ via }, { by: reach.by, restartPolicyAlways, canRestartAll })
}

/** Whether the supervisor is to be asked which program the node is. */
export function mayLearn(plan: Plan): boolean {
  return openSources(plan).length > 0
}

/**
 * The plan as the webhook would have made it, had it known the program. A source whose own variable that is stays as it
 * is: it is exported anew anyway.
 */
export function withProgram(plan: Plan, learned: Pick<Learned, 'variable'> | undefined): Plan {
  if (!learned) return plan
  const { variable } = learned
  const open = new Set<Source>(openSources(plan).filter(source => source.variable !== variable))
  if (open.size === 0) return plan
  const { restartPolicyAlways, canRestartAll } = plan
  const pod = { by: plan.reach.by, restartPolicyAlways, canRestartAll }
  const sources = plan.sources.map(source =>
    source.kind !== 'Literal' && open.has(source)
      ? { ...source, override: variable, level: levelOf({ via: source.via, override: variable }, pod) }
      : source,
  )
  return { ...plan, sources }
}

/**
 * Takes in the programs that the supervisor has named. What was learned stays, also over restarts of the sidecar, until
 * another program is surely the node. Whether a script has handed a variable's list to the process that runs, or left
 * what an earlier one had written, is not known: it is in doubt from then on.
 */
export function rememberProgram(memory: Memory, look: Look): Memory {
  const node = look.process.found ? nodeAmong(look.process.programs ?? []) : undefined
  const variable = node && chains[look.plan.profile].override?.variable(node.name, 'peer')
  const { learned } = memory
  if (!node || !variable || (learned && (learned.listens || !node.listens))) return memory
  const { name: program, listens } = node
  // The same program, now for sure: its variable is exported already.
  if (learned?.variable === variable) return { ...memory, learned: { ...learned, listens } }
  const plan = withProgram(look.plan, { variable })
  const startedWith =
    memory.startedWith && look.list.ok ? inDoubt(memory.startedWith, plan, look.list.lists) : memory.startedWith
  return { ...memory, startedWith, learned: { program, variable, at: look.now, listens } }
}

/** A script that has not started its node an hour after it was started is asked about no more, in seconds. */
const lastAskSeconds = 3600

/**
 * How many times, by now, the supervisor of a process that started at `startedAt` should have been asked: first after
 * `firstSeconds`, then after twice the time.
 */
export function questionsDue(startedAt: number, now: number, firstSeconds: number): number {
  const seconds = Math.min((now - startedAt) / 1000, lastAskSeconds)
  return seconds < firstSeconds ? 0 : 1 + Math.floor(Math.log2(seconds / firstSeconds))
}
