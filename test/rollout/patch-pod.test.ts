// The patch over HTTP, as the API server answers it.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { KubeConfig } from '@kubernetes/client-node'
import t from 'tap'
import { podPatcher } from '../../rollout/patch-pod.ts'

type Request = {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly type: string | undefined
  readonly body: unknown
}

async function setup(t: { teardown(act: () => unknown): void }, answer: () => [number, string] | undefined) {
  const requests: Request[] = []
  const sockets = new Set<unknown>()
  const server = createServer(async (request, response) => {
    sockets.add(request.socket)
    const body = JSON.parse((await request.toArray()).join(''))
    requests.push({ method: request.method, url: request.url, type: request.headers['content-type'], body })
    const answered = answer()
    if (!answered) return
    const [status, message] = answered
    response
      .writeHead(status, { 'content-type': 'application/json' })
      .end(JSON.stringify({ kind: 'Status', message, code: status }))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const config = new KubeConfig()
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  config.loadFromClusterAndUser({ name: 'test', server: url, skipTLSVerify: true }, { name: 'test' })
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  return { patch: podPatcher(config), requests, sockets }
}

const pod = { namespace: 'chain', name: 'node-0', uid: '1234' }
const forever = new AbortController().signal

t.test('a merge patch that names the UID, over one connection', async t => {
  const { patch, requests, sockets } = await setup(t, () => [200, ''])
  for (let i = 0; i < 3; i++)
    t.equal(await patch(pod, { 'repeer.dev/turn': 's1:0', 'repeer.dev/nudge': null }, forever), true)
  t.same(requests[0], {
    method: 'PATCH',
    url: '/api/v1/namespaces/chain/pods/node-0?fieldManager=repeer-controller',
    type: 'application/merge-patch+json',
    body: { metadata: { uid: '1234', annotations: { 'repeer.dev/turn': 's1:0', 'repeer.dev/nudge': null } } },
  })
  t.equal(sockets.size, 1)
})

t.test('gone, another of the same name, and everything else', async t => {
  let answer: [number, string] | undefined = [404, 'pods "node-0" not found']
  const { patch } = await setup(t, () => answer)
  t.equal(await patch(pod, {}, forever), false)
  answer = [422, 'Pod "node-0" is invalid: metadata.uid: Invalid value: "1234": field is immutable']
  t.equal(await patch(pod, {}, forever), false)
  for (const [status, message] of [
    [422, 'pods "node-0" is forbidden: ValidatingAdmissionPolicy denied request'],
    [409, 'Operation cannot be fulfilled on pods "node-0": the object has been modified'],
    [403, 'pods "node-0" is forbidden'],
    [500, 'etcdserver: leader changed'],
  ] as const) {
    answer = [status, message]
    await t.rejects(patch(pod, {}, forever), { message: `The API server answers ${status}: ${message}`, status })
  }
})

t.test('a signal ends a patch that gets no answer', async t => {
  const { patch, requests } = await setup(t, () => undefined)
  const stop = new AbortController()
  const patched = patch(pod, {}, stop.signal)
  while (requests.length === 0) await new Promise(resolve => setImmediate(resolve))
  stop.abort()
  await t.rejects(patched, { name: 'AbortError' })
})
