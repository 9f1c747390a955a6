// The stand-in for the API server, as Kubernetes clients use it.
import t from 'tap'
import { startApiServer } from '../../demo/api-server.ts'

const api = await startApiServer({ bookmarkMs: 20 })
t.teardown(api.close)
const maps = `${api.url}/api/v1/namespaces/ns/configmaps`
type Body = {
  readonly code?: number
  readonly reason?: string
  readonly message?: string
  readonly metadata?: {
    readonly name?: string
    readonly resourceVersion?: string
    readonly continue?: string
    readonly uid?: string
  }
  readonly items?: readonly { readonly metadata: { readonly name: string } }[]
  readonly data?: Readonly<Record<string, string>>
  readonly [field: string]: unknown
}
type Answer = { readonly status: number; readonly body: Body }

async function send(method: string, url: string, body?: unknown, type = 'application/json'): Promise<Answer> {
  const init =
    body === undefined
      ? { method }
      : { method, body: typeof body === 'string' ? body : JSON.stringify(body), headers: { 'content-type': type } }
  const response = await fetch(url, init)
  return { status: response.status, body: (await response.json()) as Body }
}

/** The events of a watch: `next` waits for one more. */
async function watch(
  url: string,
): Promise<{ next(): Promise<{ type: string; object: Body } | undefined>; stop(): void }> {
  const stop = new AbortController()
  const response = await fetch(url, { signal: stop.signal })
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  const decoder = new TextDecoder()
  let text = ''
  return {
    async next() {
      for (;;) {
        const end = text.indexOf('\n')
        if (end >= 0) {
          const line = text.slice(0, end)
          text = text.slice(end + 1)
          return JSON.parse(line) as { type: string; object: Body }
        }
        const { done, value } = await reader.read()
        if (done) return undefined
        text += decoder.decode(value, { stream: true })
      }
    },
    stop: () => stop.abort(),
  }
}

t.test('create, get, replace, patch, delete', async t => {
  t.match(
    await send('POST', maps, { metadata: { name: 'a' } }),
    { status: 404, body: { reason: 'NotFound', kind: 'Status' } },
    'no such namespace',
  )
  await api.put({ kind: 'Namespace', metadata: { name: 'ns' } })
  const created = await send('POST', maps, { metadata: { name: 'a', labels: { x: '1' } }, data: { k: 'v' } })
  t.match(created, {
    status: 201,
    body: {
      kind: 'ConfigMap',
      apiVersion: 'v1',
      metadata: { namespace: 'ns', uid: String, creationTimestamp: String },
    },
  })
  t.match(await send('POST', maps, { metadata: { name: 'a' } }), { status: 409, body: { reason: 'AlreadyExists' } })
  t.match(await send('POST', maps, { metadata: {} }), { status: 422 })
  t.match(await send('POST', maps, 'no json'), { status: 400 })
  t.strictSame((await send('GET', `${maps}/a`)).body, created.body)

  const replaced = await send('PUT', `${maps}/a`, { ...created.body, data: { k: 'w' } })
  t.match(replaced, { status: 200, body: { data: { k: 'w' }, metadata: { uid: created.body.metadata?.uid } } })
  t.match(
    await send('PUT', `${maps}/a`, { ...created.body, data: { k: 'x' } }),
    { status: 409, body: { reason: 'Conflict' } },
    'an old version',
  )
  const same = await send('PUT', `${maps}/a`, replaced.body)
  t.equal(same.body.metadata?.resourceVersion, replaced.body.metadata?.resourceVersion, 'no change, no new version')

  const json = 'application/json-patch+json'
  const test = [
    { op: 'test', path: '/data/k', value: 'w' },
    { op: 'add', path: '/data/n~1m', value: '1' },
  ]
  t.match(await send('PATCH', `${maps}/a`, test, json), { status: 200, body: { data: { k: 'w', 'n/m': '1' } } })
  t.match(
    await send(
      'PATCH',
      `${maps}/a`,
      [
        { op: 'test', path: '/data/k', value: 'z' },
        { op: 'remove', path: '/data' },
      ],
      json,
    ),
    { status: 422 },
  )
  t.match(await send('PATCH', `${maps}/a`, [{ op: 'replace', path: '/none', value: 1 }], json), { status: 422 })
  const merge = await send('PATCH', `${maps}/a`, { data: { 'n/m': null, k: 'y' } }, 'application/merge-patch+json')
  t.strictSame(merge.body.data, { k: 'y' })
  t.match(await send('PATCH', `${maps}/a`, { metadata: { resourceVersion: '1' } }, 'application/merge-patch+json'), {
    status: 409,
  })
  t.match(await send('PATCH', `${maps}/a`, {}, 'application/strategic-merge-patch+json'), { status: 415 })

  t.match(await send('DELETE', `${maps}/a`), { status: 200 })
  for (const method of ['GET', 'DELETE']) t.match(await send(method, `${maps}/a`), { status: 404 })
  t.match(await send('PUT', `${maps}/a`, {}), { status: 404 })
  t.match(await send('GET', `${api.url}/apis/apps/v1/deployments`), {
    status: 404,
    body: { message: /expected one of namespaces/ },
  })
  t.match(await send('POST', `${maps}/a`, {}), { status: 405 })
  t.match(await send('GET', `${api.url}/version`), { status: 200, body: { major: '1', minor: '36' } })
  const secret = await send('POST', maps.replace('configmaps', 'secrets'), {
    metadata: { name: 's' },
    stringData: { a: 'b' },
  })
  t.match(secret.body, { data: { a: 'Yg==' }, stringData: undefined })
})

t.test('lists, selectors and pages', async t => {
  for (const name of ['a', 'b', 'c'])
    await api.put({ kind: 'ConfigMap', metadata: { name, namespace: 'ns', labels: { n: name } } })
  await api.put({ kind: 'ConfigMap', metadata: { name: 'd', namespace: 'other' } })
  const names = async (query: string, url = maps) =>
    (await send('GET', `${url}?${query}`)).body.items?.map(item => item.metadata.name)
  t.strictSame(await names(''), ['a', 'b', 'c'])
  t.strictSame(await names('', `${api.url}/api/v1/configmaps`), ['a', 'b', 'c', 'd'])
  t.strictSame(await names('labelSelector=n%3Da'), ['a'])
  t.strictSame(await names('labelSelector=n%21%3Da%2Cn'), ['b', 'c'])
  t.strictSame(await names('labelSelector=%21n', `${api.url}/api/v1/configmaps`), ['d'])
  t.strictSame(await names('fieldSelector=metadata.name%3Db'), ['b'])
  const first = (await send('GET', `${maps}?limit=2`)).body
  t.strictSame(
    first.items?.map(item => item.metadata.name),
    ['a', 'b'],
  )
  t.strictSame(await names(`limit=2&continue=${first.metadata?.continue}`), ['c'])
  await api.put({ kind: 'ConfigMap', metadata: { name: 'e', namespace: 'ns' } })
  t.match(await send('GET', `${maps}?limit=2&continue=${first.metadata?.continue}`), { status: 410 })
})

t.test('watches', async t => {
  const version = (await send('GET', maps)).body.metadata?.resourceVersion
  await api.put({ kind: 'ConfigMap', metadata: { name: 'w', namespace: 'ns', labels: { n: 'w' } } })
  const all = await watch(`${maps}?watch=true&resourceVersion=${version}`)
  t.match(await all.next(), { type: 'ADDED', object: { metadata: { name: 'w' } } }, 'what happened since that version')
  const selected = await watch(`${maps}?watch=true&labelSelector=n%3Dw`)
  t.match(
    await selected.next(),
    { type: 'ADDED', object: { metadata: { name: 'w' } } },
    'without a version: what is there',
  )
  await api.put({ kind: 'ConfigMap', metadata: { name: 'w', namespace: 'ns', labels: { n: 'x' } } })
  t.match(await all.next(), { type: 'MODIFIED' })
  t.match(await selected.next(), { type: 'DELETED', object: { metadata: { name: 'w' } } }, 'no longer selected')
  await api.delete('ConfigMap', 'w', 'ns')
  t.match(await all.next(), { type: 'DELETED' })
  const marked = await watch(`${maps}?watch=true&allowWatchBookmarks=true&timeoutSeconds=1&resourceVersion=${version}`)
  for (let event = await marked.next(); event?.type !== 'BOOKMARK'; event = await marked.next());
  t.pass('a bookmark')
  while (await marked.next());
  t.pass('ended after timeoutSeconds')

  api.expire()
  t.match(await all.next(), { type: 'ERROR', object: { code: 410 } })
  t.equal(await all.next(), undefined)
  const old = await watch(`${maps}?watch=true&resourceVersion=${version}`)
  t.match(await old.next(), { type: 'ERROR', object: { code: 410 } })
  const fresh = await watch(
    `${maps}?watch=true&resourceVersion=${(await send('GET', maps)).body.metadata?.resourceVersion}`,
  )
  await api.put({ kind: 'ConfigMap', metadata: { name: 'after', namespace: 'ns' } })
  t.match(await fresh.next(), { type: 'ADDED', object: { metadata: { name: 'after' } } })
  api.dropWatches()
  await t.rejects(fresh.next(), 'cut, not ended')
  selected.stop()
})

t.test('refuses, as asked for', async t => {
  api.refuse(503)
  t.match(await send('GET', maps), { status: 503, body: { kind: 'Status' } })
  api.refuse(undefined)
  t.match(await send('GET', maps), { status: 200 })
  await t.rejects(api.put({ kind: 'Deployment', metadata: { name: 'a' } }), /found kind "Deployment", expected one of/)
})
