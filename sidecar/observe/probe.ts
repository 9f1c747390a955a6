// Whether something answers at an address: a TCP connect, closed at once. Behind a mesh proxy every connect succeeds,
// so there it says nothing.
import { connect } from 'node:net'
import pLimit from 'p-limit'
import { hostPort } from '../../peers/peer.ts'

export type ProbeOptions = {
  /**
   * A peer in the same cluster answers in milliseconds, one across the world in less than half a second; one lost SYN
   * is sent again after 1 s.
   */
  readonly timeoutMs?: number
  /** How many connects may be under way together. */
  readonly atOnce?: number
  /**
   * How long a yes is kept. Each such probe is a line in the peer's log, and CometBFT refuses a second connection from
   * one address while the first is in its handshake: a probe every second would be in the way of the connection that it
   * waits for.
   */
  readonly keepMs?: number
  /**
   * How long a no is kept at least; else as long as it took, so that silence costs half of the time at most. Nobody was
   * there to notice.
   */
  readonly keepNoMs?: number
  readonly now?: () => number
  readonly ask?: typeof reachable
}

const defaults = { timeoutMs: 2000, atOnce: 16, keepMs: 5000, keepNoMs: 200, now: Date.now, ask: reachable }

/**
 * Whether a TCP connect to an address succeeds within `timeoutMs`. Never throws: a refusal, a reset and silence are all
 * false.
 */
export function reachable(address: string, port: number, timeoutMs: number = defaults.timeoutMs): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect({ host: address, port })
    const finish = (answer: boolean) => {
      clearTimeout(timer)
      socket.destroy()
      resolve(answer)
    }
    const timer = setTimeout(finish, timeoutMs, false)
    socket.once('connect', () => finish(true))
    socket.on('error', () => finish(false))
  })
}

/** `reachable` for many: bounded, and each yes kept for a few seconds. */
export function createLimitedProbe(options: ProbeOptions = {}): (address: string, port: number) => Promise<boolean> {
  const { timeoutMs, atOnce, keepMs, keepNoMs, now, ask } = { ...defaults, ...options }
  const limit = pLimit(atOnce)
  const answers = new Map<string, { readonly answer: Promise<boolean>; since: number; forMs: number }>()
  return (address, port) => {
    const at = now()
    for (const [key, { since, forMs }] of answers) {
      if (Math.abs(at - since) >= forMs) answers.delete(key)
    }
    const key = `${address} ${port}`
    const known = answers.get(key)
    if (known) return known.answer
    const entry = { answer: limit(() => ask(address, port, timeoutMs)), since: at, forMs: Number.POSITIVE_INFINITY }
    answers.set(key, entry)
    entry.answer.then(yes =>
      Object.assign(entry, { since: now(), forMs: yes ? keepMs : Math.max(keepNoMs, now() - at) }),
    )
    return entry.answer
  }
}

/** With 16 at once and 2 s each, a look waits 8 s for them at most. */
const mostProbes = 64

/**
 * The answers of these addresses, each asked once, by host:port. Bounded: a hostile DNS answer with thousands of dead
 * addresses must not keep a look from ending. What is beyond the bound has no answer.
 */
export async function probeAll(
  addresses: readonly { readonly address: string; readonly port: number }[],
  reachable: (address: string, port: number) => Promise<boolean>,
): Promise<Readonly<Record<string, boolean>>> {
  const byName = new Map(addresses.map(({ address, port }) => [hostPort({ host: address, port }), { address, port }]))
  const answers = await Promise.all(
    [...byName]
      .slice(0, mostProbes)
      .map(async ([name, { address, port }]) => [name, await reachable(address, port)] as const),
  )
  return Object.fromEntries(answers)
}
