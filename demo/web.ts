// The controller's page over the demo's chain: the real page, fed with the real sidecars' status pages. What the demo
// has no controller for (turns) is not there.
import type { AddressInfo } from 'node:net'
import { createHistory } from '../controller/web/history.ts'
import { createWeb } from '../controller/web/web.ts'
import { pageServer } from '../http/page-server.ts'
import { eventsBetween } from '../rollout/pages/page-events.ts'
import { afterFailure, afterRead, lastRead, type Seen } from '../rollout/pages/seen-page.ts'
import type { KnownPod } from '../rollout/rollout.ts'
import { groupOf } from '../rollout/turns/members.ts'
import type { Cluster } from './cluster.ts'
import { namespace, nodeNames } from './manifests.ts'
import { pageOf } from './watch-node.ts'

export type DemoWeb = {
  readonly url: string
  /** The chain is there from now on. */
  follow(cluster: Pick<Cluster, 'pod' | 'plan'>): void
  close(): void
}

/** Milliseconds between two looks at the sidecars: those of the controller at pods in which something is going on. */
const lookMs = 500

/** On a free port of 127.0.0.1. Rejects where it cannot listen. */
export async function startDemoWeb(): Promise<DemoWeb> {
  const history = createHistory()
  const startedAt = Date.now()
  let cluster: Pick<Cluster, 'pod' | 'plan'> | undefined
  let pods: readonly KnownPod[] = []
  const web = createWeb({
    audience: 'local',
    state: () => ({ known: { pods, groups: groupsOf(pods), degraded: [] }, since: startedAt }),
    history,
    identity: 'npm run demo',
    namespace,
    everyMs: lookMs,
  })
  const server = pageServer((path, request) => web.answer(path, request), '/')
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })

  function tell({ pod }: KnownPod, before: Seen | undefined, after: Seen): void {
    if (!('page' in after)) return
    for (const event of eventsBetween(lastRead(before)?.page, after.page))
      history.add({ ...event, at: Date.now(), group: groupOf(pod), namespace, pod: pod.name })
  }

  async function look(): Promise<void> {
    const seen = new Map(pods.map(known => [known.pod.uid, known.seen]))
    const looks = await Promise.all(nodeNames.map(name => cluster && lookAt(name, cluster, seen)))
    pods = looks.filter(known => known !== undefined)
    for (const known of pods) if (known.seen) tell(known, seen.get(known.pod.uid), known.seen)
  }

  let closed = false
  let timer: NodeJS.Timeout | undefined
  const again = () => {
    if (!closed) timer = setTimeout(() => look().then(again, again), lookMs)
  }
  again()
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}/`,
    follow: started => {
      cluster = started
    },
    close: () => {
      closed = true
      clearTimeout(timer)
      web.close()
      server.close()
      server.closeAllConnections()
    },
  }
}

/** Undefined where there is no such pod at the moment. */
async function lookAt(
  name: (typeof nodeNames)[number],
  cluster: Pick<Cluster, 'pod' | 'plan'>,
  before: ReadonlyMap<string, Seen | undefined>,
): Promise<KnownPod | undefined> {
  const plan = cluster.plan(name)
  const running = podOf(name, cluster)
  if (!running || !plan) return undefined
  const { uid, ip } = running
  const at = Date.now()
  const seen = await pageOf(running).then(
    page => afterRead(page, at),
    (error: unknown) => afterFailure(before.get(uid), error instanceof Error ? error.message : String(error), at),
  )
  const pod = { namespace, name, uid, plan, ip, paused: false, phase: 'Running', ready: true, deleting: false }
  return { pod: { ...pod, createdAt: at }, paused: false, seen }
}

function podOf(name: (typeof nodeNames)[number], cluster: Pick<Cluster, 'pod'>) {
  try {
    return cluster.pod(name)
  } catch {
    return undefined
  }
}

function groupsOf(pods: readonly KnownPod[]) {
  const groups = Map.groupBy(pods, ({ pod }) => groupOf(pod))
  return [...groups].map(([group, its]) => ({
    group,
    size: its.length,
    allowed: 1,
    away: [],
    asking: [],
    stopped: [],
  }))
}
