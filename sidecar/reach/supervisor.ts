// The sidecar's side of the supervisor's contract (supervisor.md): reads its state, writes requests and exports. The
// control directory is shared with the node's container, so everything in it is taken for hostile: bounded, checked,
// and no link is followed.
import { constants } from 'node:fs'
import { chmod, lstat, mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Program } from '../decide/observation.ts'

export const phases = ['running', 'stopping', 'retrying', 'held', 'ended'] as const
export type Phase = (typeof phases)[number]

export type SupervisorState = {
  /** The uptime in seconds at which the supervisor started, as it wrote it: its identity. */
  readonly supervisor: string
  readonly phase: Phase
  /** The child's PID in the node's container. */
  readonly pid?: number
  /** Child starts so far. */
  readonly starts: number
  /** The uptime in seconds at which the last child started. */
  readonly started?: number
  /** The uptime in seconds at which the last child, and every process of it, had ended; absent before a first stop. */
  readonly stopped?: number
  /** The last request taken. */
  readonly request?: string
  /** The content of env.snapshot at the last start; `given` in the file. */
  readonly snapshotToken?: string
  /** The last child's exit code. */
  readonly code?: number
  /** The child's programs, after they were asked for; not shells. */
  readonly programs?: readonly Program[]
}

/** Of the node's process: equal as long as it is the same one. */
export function identityOf({ supervisor, starts }: Pick<SupervisorState, 'supervisor' | 'starts'>): string {
  return `${supervisor}/${starts}`
}

export type Request =
  | { verb: 'restart' | 'exit'; id: string }
  /** Stops the node and starts nothing for so long. */
  | { verb: 'park'; id: string; seconds: number }
  /** Has the child's programs named in the state; `port`: the P2P port. */
  | { verb: 'look'; id: string; port: number }

/** `absent` says in words why the supervisor cannot be told about or asked. */
export type Absent = { readonly absent: string }

/** The longest state that is read, in bytes; a real one has under 300. */
const longestState = 4096
const { O_RDONLY, O_WRONLY, O_NONBLOCK, O_NOFOLLOW } = constants

/** Reads CONTROL/state. Whatever is wrong with it is an `absent`, never a throw. */
export async function readState(controlDir: string): Promise<{ state: SupervisorState } | Absent> {
  const file = join(controlDir, 'state')
  let text: string
  try {
    text = await readBounded(file)
  } catch (error) {
    return { absent: `cannot read ${file}: ${message(error)}` }
  }
  const state = parseState(text)
  return typeof state === 'string' ? { absent: `${file}: ${state}` } : { state }
}

const shape = {
  supervisor: /^\d{1,12}\.\d\d$/,
  phase: new RegExp(`^(${phases.join('|')})$`),
  starts: /^\d{1,9}$/,
  pid: /^[1-9]\d{0,9}$/,
  started: /^\d{1,12}\.\d\d$/,
  stopped: /^\d{1,12}\.\d\d$/,
  request: /^[A-Za-z0-9._:-]{1,64}$/,
  given: /^[\x21-\x7e]{1,256}$/,
  code: /^\d{1,3}$/,
  programs: /^[A-Za-z0-9._-]{1,64}:l?s?:\d{1,9}(?: [A-Za-z0-9._-]{1,64}:l?s?:\d{1,9}){0,7}$/,
} as const

/** The state, or in words what is wrong with it. Keys that are not known are left to newer supervisors. */
export function parseState(text: string): SupervisorState | string {
  const values: Record<string, string> = Object.create(null)
  for (const line of text.split('\n')) {
    const space = line.indexOf(' ')
    if (space > 0) values[line.slice(0, space)] = line.slice(space + 1)
  }
  for (const [key, expected] of Object.entries(shape)) {
    const value = values[key]
    if (value === undefined && !['supervisor', 'phase', 'starts'].includes(key)) continue
    if (value === undefined) return `it has no line "${key}"; expected the state that supervise writes`
    if (!expected.test(value)) return `${key} is ${JSON.stringify(value.slice(0, 60))}; expected ${expected.source}`
  }
  const { supervisor = '', phase, starts, pid, started, stopped, request, given, code, programs } = values
  return {
    supervisor,
    phase: phase as Phase,
    starts: Number(starts),
    ...(pid === undefined ? {} : { pid: Number(pid) }),
    ...(started === undefined ? {} : { started: Number(started) }),
    ...(stopped === undefined ? {} : { stopped: Number(stopped) }),
    ...(request === undefined ? {} : { request }),
    ...(given === undefined ? {} : { snapshotToken: given }),
    ...(code === undefined ? {} : { code: Number(code) }),
    ...(programs === undefined ? {} : { programs: programs.split(' ').map(programOf) }),
  }
}

function programOf(text: string): Program {
  const [name = '', flags = '', age] = text.split(':')
  return { name, listens: flags.includes('l'), starts: flags.includes('s'), ageSeconds: Number(age) }
}

/** Polls the state every `pollMs` until it satisfies `good`; undefined after `ms`. */
export async function waitForState(
  controlDir: string,
  good: (state: SupervisorState) => boolean,
  { ms, pollMs, now }: { ms: number; pollMs: number; now: () => number },
): Promise<SupervisorState | undefined> {
  for (const until = now() + ms; ; await sleep(pollMs, undefined, { ref: false })) {
    const found = await readState(controlDir)
    if ('state' in found && good(found.state)) return found.state
    if (now() >= until) return undefined
  }
}

/**
 * Whether a supervisor reads the FIFO now. A state file alone does not say so: a killed supervisor leaves one behind.
 */
export async function listening(controlDir: string): Promise<{ listening: true } | Absent> {
  return toFifo(controlDir, null)
}

/**
 * Writes one request; returns when the FIFO has it, which is before the supervisor takes it (see `request` in its
 * state).
 */
export async function sendRequest(controlDir: string, request: Request): Promise<{ sent: true } | Absent> {
  const number = 'seconds' in request ? ` ${request.seconds}` : 'port' in request ? ` ${request.port}` : ''
  const line = `${wordFor(request.verb)} ${request.id}${number}`
  if (!/^(restart|exit|hold|look) [A-Za-z0-9._:-]{1,64}( [1-9]\d{0,4})?$/.test(line)) {
    throw new Error(
      `request ${JSON.stringify(line)} is not one that the supervisor takes; expected an ID of A-Z a-z 0-9 . _ : - (64 at most), whole seconds`,
    )
  }
  const answer = await toFifo(controlDir, `${line}\n`)
  return 'absent' in answer ? answer : { sent: true }
}

/**
 * Has the next start of the node export exactly these variables beside its own, and report `token` as given. Values may
 * hold any bytes but 0 and 1. A start in between may see some of them, but never reports the token without all of them.
 */
export async function writeExports(
  controlDir: string,
  exports: Readonly<Record<string, string>>,
  token: string,
): Promise<void> {
  if (!shape.given.test(token))
    throw new Error(`the token ${JSON.stringify(token.slice(0, 60))} must be one word of printable ASCII, 256 at most`)
  for (const [name, value] of Object.entries(exports)) {
    if (!/^[A-Za-z_.-][A-Za-z0-9_.-]*$/.test(name))
      throw new Error(`${JSON.stringify(name)} is no name for an environment variable`)
    if (name.startsWith('.') || name.length > 200)
      throw new Error(`a variable named ${name.slice(0, 60)} cannot be exported`)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these two are what cannot be passed on.
    if (/[\u0000\u0001]/.test(value))
      throw new Error(`the value for ${name} holds a byte 0 or 1, which cannot be exported`)
  }
  const directory = join(controlDir, 'env')
  await ownDirectory(directory)
  for (const [name, value] of Object.entries(exports)) await replace(directory, name, value)
  for (const name of await readdir(directory)) {
    if (!Object.hasOwn(exports, name)) await rm(join(directory, name), { recursive: true, force: true })
  }
  await replace(controlDir, 'env.snapshot', `${token}\n`)
}

/**
 * The moment, in ms since the epoch, at which the machine's uptime was `uptimeSeconds`. /proc/uptime has hundredths of
 * a second, so that two conversions of one uptime differ by some 10 ms: compare uptimes, not their moments.
 */
export async function momentOf(uptimeSeconds: number, procDir: string, now: number): Promise<number> {
  const text = await readFile(join(procDir, 'uptime'), 'utf8')
  const uptime = Number(text.split(' ')[0])
  if (!Number.isFinite(uptime) || text.trim() === '')
    throw new Error(`${procDir}/uptime holds ${JSON.stringify(text.slice(0, 60))}, expected two numbers`)
  return Math.round(now - (uptime - uptimeSeconds) * 1000)
}

/**
 * The supervisor may be older than this sidecar, and then knows `park` by its former word alone; nothing that it says
 * tells. See supervisor.md.
 */
function wordFor(verb: Request['verb']): string {
  return verb === 'park' ? 'hold' : verb
}

/** Opens without blocking: ENXIO says that nobody reads. */
async function toFifo(controlDir: string, line: string | null): Promise<{ listening: true } | Absent> {
  const file = join(controlDir, 'requests')
  try {
    const fifo = await open(file, O_WRONLY | O_NONBLOCK | O_NOFOLLOW)
    try {
      if (!(await fifo.stat()).isFIFO()) return { absent: `${file} is not a FIFO` }
      if (line !== null) await fifo.write(line)
    } finally {
      await fifo.close()
    }
    return { listening: true }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENXIO') return { absent: `no supervisor reads ${file}; the container may be starting` }
    if (code === 'EAGAIN') return { absent: `the supervisor does not empty ${file}` }
    return { absent: `cannot write to ${file}: ${message(error)}` }
  }
}

async function readBounded(file: string): Promise<string> {
  const handle = await open(file, O_RDONLY | O_NONBLOCK | O_NOFOLLOW)
  try {
    if (!(await handle.stat()).isFile()) throw new Error('it is not a regular file')
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(longestState + 1), 0, longestState + 1, 0)
    if (bytesRead > longestState) throw new Error(`it is longer than ${longestState} bytes`)
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    await handle.close()
  }
}

/** The node's container could have put a link there, to have the sidecar write elsewhere. */
async function ownDirectory(directory: string): Promise<void> {
  const found = await lstat(directory).catch(() => null)
  if (found && !found.isDirectory()) await rm(directory, { force: true })
  if (!found?.isDirectory()) await mkdir(directory)
  await chmod(directory, 0o755)
}

/** By rename, readable for the node's UID whatever the umask is. Names that begin with a dot are no exports. */
async function replace(directory: string, name: string, content: string): Promise<void> {
  const temporary = join(directory, `.${name}.new`)
  await rm(temporary, { recursive: true, force: true })
  await writeFile(temporary, content, { flag: 'wx', mode: 0o644 })
  await chmod(temporary, 0o644)
  await rename(temporary, join(directory, name))
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
