// The settings of the decision. Pure.

/** The settings of the decision. Seconds, each with its reason. */
export type Timing = {
  /**
   * A host whose answer is younger than this at a start may have been answered differently to the node: cluster DNS
   * caches for up to 30 s.
   */
  readonly dnsCacheSeconds: number
  /**
   * How long nobody may have contradicted anybody about a host's addresses before a node is restarted that looks it up
   * itself. It is asked for each second meanwhile, eight times at once (--dns-questions): of two servers of which one
   * gives the old address every other time, 32 questions get none of these once in 10,000 times. With four questions a
   * node was restarted amid them (seen).
   */
  readonly calmSeconds: number
  /**
   * How long names that fail or are disputed may hold a restart, in all, that loses as many peers by it as it finds: an
   * outage of a cluster's DNS is over by then (CoreDNS starts anew within a minute, and is noticed by people). Less in
   * proportion where more are found than lost.
   */
  readonly vetoSeconds: number
  /**
   * However many would be found: an outage of seconds, a CoreDNS that is rolled, costs nobody a peer, and servers that
   * do not know of a move yet were seen to agree after 65 s at the latest.
   */
  readonly leastVetoSeconds: number
  /** A list younger than this at a start may not have been in the file when the node read it. */
  readonly fileSeconds: number
  /** How long a change that keeps changing can put off a restart. */
  readonly longestSettleSeconds: number
  /** From a new process to connected: CometBFT dials its peers within 3 s of starting, and starts in 1 to 20 s. */
  readonly verifySeconds: number
  /** Beyond the grace period, how long a request may go untaken. */
  readonly takeSeconds: number
  /** The longest random delay of a turn that nobody paces (turns: self), so that a group does not restart as one. */
  readonly selfTurnSeconds: number
  /**
   * How long before the settle time is over a turn is asked for: the controller reads the page every second, and the
   * kubelet takes up to a second to bring the turn. A node that heals meanwhile has taken it for nothing, and it is
   * withdrawn; CometBFT's peers dial within 3 s.
   */
  readonly askAheadSeconds: number
  /**
   * The same before calmSeconds are over. Nobody heals in them, so that they have room for a kubelet that misses the
   * turn once, too (seen on a busy machine: connected 14 s after the last disagreement). Where somebody is contradicted
   * again, it has been taken for nothing, and is withdrawn after half a minute.
   */
  readonly calmAheadSeconds: number
  /** The budget: at most so many restarts in so many seconds. */
  readonly budget: number
  readonly budgetSeconds: number
  /**
   * From the end of one restart to the next where a container beside the node is ended with it. The kubelet makes it
   * wait for 10, 20 ... 300 s where it ends within 10 minutes of its last start (its back-off, which 10 minutes reset):
   * the node would stay stopped as long.
   */
  readonly besideRestSeconds: number
  /** How long the breaker stays open. */
  readonly breakerSeconds: number
  /**
   * An edited list that the controller has seen, too, and a node that can be told, need no time to tell healing from
   * staleness: only until an editor's hand rests.
   */
  readonly briefSettleSeconds: number
  /**
   * A node that reaches a peer through a ClusterIP heals by itself: its dead connection is noticed after 105 s
   * (CometBFT: a ping each 60 s, 45 s for the pong; still listed after 140 s, seen), and it dials again every 5 to 8 s.
   * Only one that has not healed by then is looked at.
   */
  readonly stableSettleSeconds: number
  /**
   * How long a running node is told its peers before it is restarted: past those 140 s, in which a peer that moved is
   * refused as a duplicate.
   */
  readonly tellSeconds: number
  /**
   * From one telling to the next: what is told while CometBFT still dials the old address is ignored (seen), so it is
   * told often.
   */
  readonly tellEverySeconds: number
  /**
   * When the supervisor is first asked which program a script has started, after the script's start; then after twice
   * the time, for an hour.
   */
  readonly askProgramSeconds: number
  /**
   * How long a node that listens for peers and is connected to some may leave its status API unanswered before that is
   * taken not to be there, if it has never answered since the process began. CometBFT's RPC is up before it listens for
   * peers (node.OnStart), so seconds would do; five minutes hold ten looks, each of which waits 3 s, and so outlast a
   * machine that is overloaded while the node starts. Three times that where nobody is connected.
   */
  readonly absentApiSeconds: number
  /** The same, where the process before had none at that port. One look more than a busy start takes. */
  readonly deadApiSeconds: number
  /** A node that was told in vain is not told the same again before this, where telling is all that is allowed. */
  readonly tellAgainSeconds: number
}

export const timing: Timing = {
  dnsCacheSeconds: 30,
  calmSeconds: 4,
  vetoSeconds: 600,
  leastVetoSeconds: 70,
  fileSeconds: 2,
  longestSettleSeconds: 60,
  verifySeconds: 60,
  takeSeconds: 30,
  selfTurnSeconds: 5,
  askAheadSeconds: 1.5,
  calmAheadSeconds: 3,
  budget: 6,
  budgetSeconds: 6 * 3600,
  besideRestSeconds: 600,
  breakerSeconds: 6 * 3600,
  briefSettleSeconds: 0.5,
  stableSettleSeconds: 180,
  tellSeconds: 150,
  tellEverySeconds: 2,
  askProgramSeconds: 3,
  absentApiSeconds: 300,
  deadApiSeconds: 60,
  tellAgainSeconds: 600,
}

/** Ten minutes: a node that has not listened by then has other troubles than a slow start. */
export const longestStartMs = 600_000
