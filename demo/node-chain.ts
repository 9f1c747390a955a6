// The built-in node's chain: a height that rises once a second while more than two thirds of the voting power is
// connected, through others too. No consensus and no blocks: only what a peer list can be judged by.

export type Alive = {
  readonly id: string
  readonly address: string
  readonly since: number
  readonly sequence: number
  readonly height: number
}

export type ChainOptions = {
  readonly id: string
  /** This node's validator address; empty where it is none. */
  readonly address: string
  readonly powers: ReadonlyMap<string, number>
  readonly height: number
  readonly now: () => number
  /** How long a node counts as connected after its last sign of life. */
  readonly aliveMs: number
}

export type Chain = {
  readonly height: () => number
  /** Whether the node has not yet been part of a majority since it started. */
  readonly catchingUp: () => boolean
  /** A sign of life that came from a peer; whether it is new, and so to be passed on. */
  readonly hear: (alive: Alive) => boolean
  /** This node's next sign of life. */
  readonly speak: () => Alive
  /** Called once for each block interval: the first of those connected adds a block, where they have the power. */
  readonly tick: () => void
}

/** A chain as one of its nodes sees it, before it has heard of any other. */
export function startChain(options: ChainOptions): Chain {
  const heard = new Map<string, { alive: Alive; at: number }>()
  const since = options.now()
  let sequence = 0
  let height = options.height
  let caughtUp = false
  const total = [...options.powers.values()].reduce((sum, power) => sum + power, 0)
  return {
    height: () => height,
    catchingUp: () => !caughtUp,
    hear: alive => {
      const before = heard.get(alive.id)?.alive
      if (alive.id === options.id) return false
      if (before && (alive.since < before.since || (alive.since === before.since && alive.sequence <= before.sequence)))
        return false
      heard.set(alive.id, { alive, at: options.now() })
      height = Math.max(height, alive.height)
      return true
    },
    speak: () => ({ id: options.id, address: options.address, since, sequence: ++sequence, height }),
    tick: () => {
      const live = [...heard.values()]
        .filter(message => options.now() - message.at <= options.aliveMs)
        .map(message => message.alive)
      const power = [options.address, ...live.map(message => message.address)].reduce(
        (sum, address) => sum + (options.powers.get(address) ?? 0),
        0,
      )
      if (power * 3 <= total * 2) return
      caughtUp = true
      if (live.every(message => options.id < message.id)) height++
    },
  }
}
