// The controller as a whole, against the stand-in for the API server: who leads follows the PeerSets and writes;
// whoever does not, does neither.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { KubernetesObject } from '@kubernetes/client-node'
import t, { type Test } from 'tap'
import { runController } from '../../controller/main.ts'
import { parseControllerOptions } from '../../controller/options.ts'
import { startApiServer } from '../../demo/api-server.ts'
import { object } from '../discovery/fixtures/specs.ts'
import { memoryLog } from '../fixtures/log-lines.ts'
import { until } from '../fixtures/until.ts'

// Long enough for a busy machine; who ends releases the lease, so nobody waits for it.
const quick = 'leaseSeconds=5,renewSeconds=4,retrySeconds=0.1'

async function start(t: Test, times = quick) {
  let requests: string[] = []
  const api = await startApiServer({ onRequest: (method, url) => requests.push(`${method} ${url}`) })
  t.teardown(() => api.close())
  const file = join(t.testdir({}), 'kubeconfig')
  writeFileSync(file, api.kubeconfig)
  for (const name of ['a', 'repeer-system']) await api.put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  await api.put(object('set') as KubernetesObject)
  const replica = async (identity: string) => {
    const end = new AbortController()
    const flags = [
      '--listen=127.0.0.1:0',
      `--kubeconfig=${file}`,
      `--identity=${identity}`,
      `--lease-times=${times}`,
      '--log-level=silent',
    ]
    const options = parseControllerOptions(flags, {}, 'host')
    let done: Promise<void> = Promise.resolve()
    const port = await new Promise<number>((resolve, reject) => {
      done = runController(options, { log: memoryLog(), signal: end.signal, listening: resolve })
      done.catch(reject)
    })
    t.teardown(async () => {
      end.abort()
      await done
    })
    const read = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).text()
    return {
      read,
      leads: async () => /^repeer_controller_leader 1$/m.test(await read('/metrics')),
      lists: async () => /^repeer_controller_peer_set_peers\{.*name="set"\} 1$/m.test(await read('/metrics')),
      end: async () => {
        end.abort()
        await done
      },
    }
  }
  return {
    api,
    replica,
    seen: () => requests,
    forget: () => {
      requests = []
    },
  }
}

t.test('PeerSets are followed by who leads, and by its successor', async t => {
  const { api, replica, seen, forget } = await start(t)
  const list = async () =>
    (await api.get<KubernetesObject & { data: Record<string, string> }>('ConfigMap', 'peers', 'a'))?.data.list
  const first = await replica('first')
  await until('the list', async () => (await list()) === 'a:1\n')
  await until('metrics', () => first.lists())
  const second = await replica('second')
  await until('the second is ready', async () => /"ready":true/.test(await second.read('/readyz')))
  t.notOk(await second.leads())
  t.notOk(await second.lists(), 'who does not lead shows none')
  t.match(await first.read('/'), /No pod has a sidecar yet.*Shown by <bdi>first</s, 'who leads has the page')
  await until('the page of the other', async () => /<bdi>first<\/bdi> does:/.test(await second.read('/')))
  t.equal(seen().filter(url => /peersets\?/.test(url) && !url.includes('watch')).length, 1, 'and does not read them')

  await first.end()
  forget()
  await until('the second leads', () => second.leads())
  await until('and lists', () => second.lists())
  t.same(
    seen().filter(url => /^PATCH .*(configmaps|peersets)/.test(url)),
    [],
    'a successor repeats no write',
  )
  await api.delete('ConfigMap', 'peers', 'a')
  await until('the second writes', async () => (await list()) === 'a:1\n')
})

t.test('what cannot be followed is shown, and the leader stays ready', async t => {
  const { api, replica } = await start(t, 'leaseSeconds=20,renewSeconds=15,retrySeconds=2')
  const replicaOne = await replica('one')
  await until('metrics', () => replicaOne.lists())
  api.refuse(403)
  api.dropWatches()
  await until('it is shown', async () =>
    /"ready":true.*"degraded":\[.*PeerSets: /.test(await replicaOne.read('/readyz')),
  )
  api.refuse(undefined)
})
