// The sidecar's time. It goes on evenly, whatever is done to the machine's clock while it runs and between two
// sidecars: a clock that is set back by a day must not hold a restart back for a day, and one that is set forward must
// not forget a budget. Times are told to others by the machine's clock.
//
// Within a process that is the monotonic clock. From one sidecar to the next it is the time since the machine's boot,
// of which both know the same; the memory has the moment of that boot in this time.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Memory } from './decide/memory.ts'

/** What is read of the machine. Milliseconds. */
export type Machine = {
  /** Since the epoch, as the machine has it just now: Date.now. */
  readonly wall: () => number
  /** Since anything, and only forward: performance.now. */
  readonly steady: () => number
  /** Which boot this is, and how long ago; undefined where it cannot be told. */
  readonly boot: () => { readonly id: string; readonly uptime: number } | undefined
}

export type Clock = {
  /** Milliseconds since the epoch, whole, in the sidecar's own time. */
  readonly now: () => number
  /** How far the machine's clock is ahead of it, in ms: 0 as long as nobody has set it. */
  readonly ahead: () => number
  /** For the memory: when the machine was booted, in this time. */
  readonly origin: Memory['clock']
}

/** What differs by less is how two clocks are read, and how one is disciplined: nobody has set it. In ms. */
const noticeable = 500

/**
 * Goes on from where the memory's time is: by the time since boot where it is the same boot, else by the machine's
 * clock. Never from before the latest time that the memory knows, so that nothing in it lies ahead.
 */
export function openClock(memory: Memory, machine: Machine): Clock {
  const boot = machine.boot()
  const known =
    boot !== undefined && memory.clock?.boot === boot.id ? memory.clock.bootedAt + boot.uptime : machine.wall()
  const from = Math.max(known, latestOf(memory))
  const steady = machine.steady()
  const now = () => Math.round(from + machine.steady() - steady)
  let shown = 0
  return {
    now,
    ahead() {
      const ahead = machine.wall() - now()
      if (Math.abs(ahead - shown) >= noticeable) shown = Math.abs(ahead) < noticeable ? 0 : ahead
      return shown
    },
    origin: boot && { boot: boot.id, bootedAt: from - boot.uptime },
  }
}

/** The latest of the times by which something is held back or counted. */
function latestOf({
  restarts,
  intent,
  need,
  desired,
  settled,
  process,
  heights,
  told,
  telling,
  lostAt,
  hosts,
}: Memory): number {
  const times = [
    ...restarts.flatMap(restart => [restart.at, restart.endedAt]),
    ...heights.map(sample => sample.at),
    ...told.map(record => record.at),
    ...Object.values(hosts).flatMap(host => [host?.since, host?.answeredAt, host?.disputedAt]),
    ...[
      intent?.at,
      intent?.backAt,
      need?.since,
      desired?.since,
      settled?.at,
      process?.startedAt,
      process?.upAt,
      telling?.lastAt,
      lostAt,
    ],
  ]
  return Math.max(0, ...times.filter(time => Number.isFinite(time)).map(Number))
}

/** The machine that the sidecar runs on. */
export function thisMachine(procDir: string): Machine {
  return {
    wall: Date.now,
    steady: () => performance.now(),
    boot() {
      try {
        const id = readFileSync(join(procDir, 'sys/kernel/random/boot_id'), 'utf8').trim()
        const uptime = Number(readFileSync(join(procDir, 'uptime'), 'utf8').split(' ')[0]) * 1000
        return id !== '' && uptime > 0 ? { id, uptime } : undefined
      } catch {
        return undefined
      }
    },
  }
}
