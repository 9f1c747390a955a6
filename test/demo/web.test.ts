// The demo's page: the sidecars' status pages, as the controller's page shows them.
import { createServer } from 'node:http'
import t from 'tap'
import type { RunningPod } from '../../demo/pod-run.ts'
import { startDemoWeb } from '../../demo/web.ts'
import type { Plan } from '../../peers/plan.ts'
import { statusPort } from '../../peers/pod.ts'
import { until } from '../fixtures/until.ts'
import { examplePage } from '../peers/fixtures/page.ts'
import { plan } from '../rollout/fixtures/objects.ts'

t.test('what the sidecars say is on the page', { skip: process.platform !== 'linux' && 'Linux only' }, async t => {
  let page: object = { ...examplePage, phase: 'settled', reason: undefined, lacking: undefined, restarts: [] }
  const sidecar = createServer((_, response) => response.end(JSON.stringify(page)))
  const ip = `127.66.${process.pid % 250}.9`
  await new Promise<void>(resolve => sidecar.listen(statusPort.number, ip, resolve))
  t.teardown(() => sidecar.close())
  const web = await startDemoWeb()
  t.teardown(web.close)
  const read = async (path = '') => (await fetch(web.url + path)).text()
  t.match(await read(), /No pod has a sidecar yet/)
  const pod = (name: string): RunningPod => {
    if (name !== 'node0') throw new Error('does not run')
    return { name, uid: 'uid', ip } as RunningPod
  }
  web.follow({ pod, plan: (): Plan => plan([], { group: 'demo' }) })
  await until('the node', async () => /The node is connected/.test(await read()), 20, 100)
  const restart = {
    at: '2026-11-27T00:00:00Z',
    snapshot: `s1:${'2'.repeat(32)}`,
    level: 'process',
    why: 'why',
    outcome: 'asked',
  }
  page = { ...page, phase: 'restarting', restarts: [restart] }
  await until('the restart', async () => /1 node of 1 being worked on/.test(await read()), 20, 100)
  await until('the event', async () => /RestartingNode/.test(await read('pods/chain/node0')), 20, 100)
})
