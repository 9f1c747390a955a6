// Many replicas on one store: races, crashes at every call, and what API servers could hold against what is served, at
// each moment.
import t from 'tap'
import type { Certificate, Log } from '../../certs/certificates.ts'
import { look } from '../../certs/look.ts'
import { bundleOf, salvageCertificates } from '../../certs/pem.ts'
import { entry } from '../../certs/secret.ts'
import { toServe, verifiesEverywhere } from '../../certs/serving.ts'
import { mulberry32 } from '../fixtures/mulberry32.ts'
import { day, quickIssue, rotation } from './fixtures/issuing.ts'
import { keptLog } from './fixtures/log.ts'
import { type Hook, MemoryCluster } from './fixtures/memory-stores.ts'

const start = Date.parse('2026-11-21T05:00:00Z')
const minutes = (count: number) => count * 60_000

/** A few certificates of each moment, made once. */
const pool = new Map<string, Certificate>()
let drawn = 0
async function issueFromPool(now: number): Promise<Certificate> {
  drawn += 1
  const slot = `${now} ${drawn % 3}`
  const certificate = pool.get(slot) ?? quickIssue(now)
  pool.set(slot, certificate)
  return certificate
}

/** One replica: it looks when told to, and serves what the looks show. */
class Replica {
  served: Certificate | undefined
  readonly #cluster: MemoryCluster
  readonly #now: () => number
  readonly #log: Log

  constructor(cluster: MemoryCluster, now: () => number, log: Log = keptLog()) {
    this.#cluster = cluster
    this.#now = now
    this.#log = log
  }

  look(hook: Hook = () => {}) {
    return look({
      ...this.#cluster.stores(hook),
      rotation,
      issue: issueFromPool,
      now: this.#now,
      log: this.#log,
      seen: (data, bundles, now) => {
        this.served = toServe(data, this.served, bundles, now, rotation)
      },
    })
  }
}

t.test('eight replicas that start at once end with one CA, published everywhere', async t => {
  for (const seed of [1, 2]) {
    const random = mulberry32(seed)
    const cluster = new MemoryCluster()
    cluster.addWebhook('second.repeer.dev')
    const replicas = Array.from({ length: 8 }, () => new Replica(cluster, () => start))
    const delay = () => new Promise<void>(resolve => setTimeout(resolve, random() * 8))
    const steps = await Promise.all(replicas.map(replica => replica.look(delay)))

    t.same(new Set(steps.map(step => step.do)), new Set(['nothing']), `seed ${seed}`)
    t.equal(new Set(replicas.map(replica => replica.served?.cert)).size, 1, 'one certificate')
    const ca = replicas[0]?.served?.ca ?? ''
    t.same(cluster.bundles, [ca, ca], 'its CA alone in both webhooks')
    t.equal(cluster.secret?.data[entry.ca], ca)
  }
})

t.test(
  'whenever a second replica looks in the middle of another one, no CA that the Secret holds is withdrawn',
  async t => {
    const times = [
      start,
      start + 60 * day * 1000,
      start + 60 * day * 1000 + minutes(15),
      start + 61 * day * 1000 + minutes(15),
    ]
    const withdrawn: string[] = []
    let calls = 0
    for (let meetAt = 0; meetAt <= calls; meetAt += 1) {
      const cluster = new MemoryCluster()
      let now = start
      cluster.published = bundles => {
        const known = [entry.ca, entry.nextCa, entry.previousCa]
          .map(key => cluster.secret?.data[key] ?? '')
          .flatMap(salvageCertificates)
        const published = new Set(bundles.flatMap(salvageCertificates).map(ca => ca.fingerprint256))
        if (!known.every(ca => published.has(ca.fingerprint256)))
          withdrawn.push(`call ${meetAt}, ${new Date(now).toISOString()}`)
      }
      calls = 0
      const hook: Hook = async () => {
        calls += 1
        if (calls - 1 === meetAt) await new Replica(cluster, () => now).look()
      }
      for (now of times) await new Replica(cluster, () => now).look(hook)
      t.same(cluster.bundles, [cluster.secret?.data[entry.ca]], `met at call ${meetAt}`)
    }
    t.same(withdrawn, [])
  },
)

t.test('a replica that dies before or after any call leaves something that another one finishes', async t => {
  // The whole way, three times: until the first certificate rests, and through each phase of a rotation.
  const times = [
    start,
    start + 60 * day * 1000,
    start + 60 * day * 1000 + minutes(15),
    start + 61 * day * 1000 + minutes(15),
  ]
  let crashes = 0
  for (let crashAt = 0; ; crashAt += 1) {
    const cluster = new MemoryCluster()
    let now = start
    let calls = 0
    let crashed = false
    const hook: Hook = () => {
      calls += 1
      if (calls - 1 === crashAt) {
        crashed = true
        throw new Error('crash')
      }
    }
    for (now of times) {
      await new Replica(cluster, () => now)
        .look(crashed ? () => {} : hook)
        .catch(() => new Replica(cluster, () => now).look())
    }
    const data = cluster.secret?.data ?? {}
    const other = new Replica(cluster, () => now)
    t.equal((await other.look()).do, 'nothing')
    const [present, ...rest] = cluster.bundles.flatMap(salvageCertificates)
    const rotated =
      salvageCertificates(data[entry.cert] ?? '')[0]?.validFromDate.getTime() === start + 60 * day * 1000 - minutes(5)
    if (
      !rotated ||
      rest.length > 0 ||
      !other.served ||
      present?.toString() !== bundleOf(salvageCertificates(other.served.ca)) ||
      data[entry.nextCert]
    )
      t.fail(`crash at call ${crashAt} left a rotation unfinished`, { data, bundles: cluster.bundles })
    if (!crashed) break
    crashes += 1
  }
  t.ok(crashes > 40, `${crashes} crashes`)
})

t.test(
  'at every moment each replica serves what every API server accepts, whatever caBundle it still holds',
  async t => {
    for (const seed of [11, 12, 13]) {
      const run = await simulate(seed, { rotations: 3 })
      t.same(run.refused, [], `seed ${seed}: no API server refuses a certificate`)
      t.ok(run.rotations >= 3, `${run.rotations} rotations`)
      t.ok(run.checks > 500, `${run.checks} moments compared`)
      t.ok(run.crashes > 5, `${run.crashes} crashes`)
    }
  },
)

t.test('the same where the Secret is deleted or broken, for the replicas that hold a good certificate', async t => {
  for (const break_ of [
    (cluster: MemoryCluster) => cluster.setSecret(undefined),
    (cluster: MemoryCluster) => cluster.setSecret({}),
    (cluster: MemoryCluster) => cluster.setSecret({ ...cluster.secret?.data, [entry.key]: '' }),
  ]) {
    const run = await simulate(21, { rotations: 2, break: break_ })
    t.same(run.refused, [])
    t.ok(run.rotations >= 2, `${run.rotations} rotations`)
  }
})

t.test('(the model can fail: without the wait, API servers refuse)', async t => {
  const run = await simulate(11, { rotations: 3, propagationMinutes: 25 })
  t.ok(run.refused.length > 0, 'API servers that take longer than the wait')
})

type Run = { refused: string[]; rotations: number; checks: number; crashes: number }

/**
 * Four replicas with clocks up to 5 minutes apart look about once a minute, at random moments, and sometimes die in a
 * call (another one with the same clock starts at the next look, unless `break` is given: then replicas keep what they
 * hold). Three API servers each take a caBundle over up to `propagationMinutes` after it was published, never an older
 * one after a newer.
 */
async function simulate(
  seed: number,
  options: { rotations: number; propagationMinutes?: number; break?: (cluster: MemoryCluster) => void },
): Promise<Run> {
  const random = mulberry32(seed)
  const cluster = new MemoryCluster()
  cluster.addWebhook('second.repeer.dev')
  const run: Run = { refused: [], rotations: 0, checks: 0, crashes: 0 }
  let now = start
  const propagation = minutes(options.propagationMinutes ?? 10)
  const apiServers = Array.from({ length: 3 }, () => ({
    holds: [] as readonly string[],
    coming: [] as { at: number; bundles: readonly string[] }[],
  }))
  cluster.published = bundles => {
    for (const server of apiServers) server.coming.push({ at: now + random() * propagation, bundles })
  }

  const clocks = [-2.5, -0.7, 1, 2.5].map(offset => () => now + minutes(offset))
  const replicas = clocks.map(clock => ({
    clock,
    replica: new Replica(cluster, clock),
    next: start + random() * 60_000,
  }))
  let firstServed = ''
  let broken = false

  const accepted = new Map<string, boolean>()
  const accepts = (bundles: readonly string[], served: Certificate) => {
    const pair = [...bundles, served.cert].join()
    const known = accepted.get(pair) ?? verifiesEverywhere(served, bundles, now)
    accepted.set(pair, known)
    return known
  }
  const compare = () => {
    for (const server of apiServers) {
      for (const { at, bundles } of server.coming.filter(({ at }) => at <= now)) {
        server.holds = bundles
        server.coming = server.coming.filter(other => other.at > at && other.bundles !== bundles)
      }
      if (server.holds.length === 0) continue
      for (const { replica } of replicas) {
        if (!replica.served) continue
        run.checks += 1
        if (!accepts(server.holds, replica.served)) run.refused.push(new Date(now).toISOString())
      }
    }
  }

  while (run.rotations < options.rotations) {
    const turn = replicas.reduce((first, other) => (other.next < first.next ? other : first))
    // Each moment between two looks at which an API server takes something over counts too.
    for (const at of apiServers.flatMap(server => server.coming.map(({ at }) => at)).sort((a, b) => a - b)) {
      if (at >= turn.next) break
      now = at
      compare()
    }
    now = turn.next
    const crashAt = random() < 0.2 ? Math.floor(random() * 12) : Number.POSITIVE_INFINITY
    let calls = 0
    const step = await turn.replica
      .look(() => {
        calls += 1
        if (calls > crashAt) throw new Error('crash')
        compare()
      })
      .catch(() => undefined)
    compare()
    if (!step) {
      run.crashes += 1
      if (!options.break) turn.replica = new Replica(cluster, turn.clock)
    }
    turn.next = now + 45_000 + random() * 30_000

    const served = replicas.map(({ replica }) => replica.served?.cert)
    if (served[0] && served.every(cert => cert === served[0]) && served[0] !== firstServed) {
      if (firstServed) run.rotations += 1
      firstServed = served[0]
      if (options.break && !broken && run.rotations === 1) {
        broken = true
        options.break(cluster)
      }
    }
    // Skip what is idle, but come back well before anything is due.
    const quiet = step?.do === 'nothing' && apiServers.every(server => server.coming.length === 0) && !broken
    const jump = quiet ? step.until - minutes(10) - now : 0
    if (jump > 0) for (const other of replicas) other.next += jump
    if (now > start + 1000 * day * 1000) throw new Error(`seed ${seed}: no progress`)
  }
  return run
}
