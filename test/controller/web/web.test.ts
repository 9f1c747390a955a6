// The page over HTTP: routes, who is answered, the headers, and the stream.
import { request } from 'node:http'
import { networkInterfaces } from 'node:os'
import t from 'tap'
import { fleet } from './fixtures/fleet.ts'
import { startSite } from './fixtures/site.ts'

async function get(url: string, headers: Record<string, string> = {}) {
  return new Promise<{ status: number; text: string; headers: Record<string, unknown> }>((resolve, reject) => {
    request(url, { headers: { connection: 'close', ...headers } }, async response => {
      const text = (await response.toArray()).join('')
      resolve({ status: response.statusCode ?? 0, text, headers: response.headers })
    })
      .on('error', reject)
      .end()
  })
}

t.test('routes and headers', async t => {
  const site = await startSite(t)
  site.show(fleet(4))
  const home = await get(`${site.url}/`)
  t.match(home, { status: 200, headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' } })
  t.match(home.headers['content-security-policy'], /^default-src 'none'; script-src 'self'; style-src 'self'/)
  t.notMatch(home.headers['content-security-policy'], /unsafe|\*|data:|http/)
  t.notMatch(home.text, /<script(?! src="\/web\/page\.js" defer><\/script>)|\sstyle=|\son\w+=|https?:\/\/(?!www\.w3)/)
  t.match(await get(`${site.url}/web/page.css`), {
    status: 200,
    headers: { 'content-type': 'text/css; charset=utf-8' },
  })
  t.match(await get(`${site.url}/web/page.js`), { status: 200, text: /^'use strict'/ })
  t.match(await get(`${site.url}/web/icon.svg`), { status: 200 })
  t.match(await get(`${site.url}/groups/chain%2Fmychain-1`), { status: 200, text: /validator-3/ })
  t.match(await get(`${site.url}/pods/chain/validator-3`), { status: 200, text: /<h1><bdi>validator-3/ })
  for (const path of [
    '/pods/chain/nobody',
    '/pods/chain',
    '/pods/chain/validator-3/x',
    '/groups/x',
    '/pods/%ff/%',
    '/groups/',
  ])
    t.match(await get(site.url + path), { status: 404, text: /Not found/ }, path)
  t.match(await get(`${site.url}/web/other`), { status: 404, headers: { 'content-type': 'application/json' } })
  t.match(await get(`${site.url}/metrics`), { status: 200 })
})

t.test('a replica that does not lead says so, and who does', async t => {
  const site = await startSite(t)
  t.match(await get(`${site.url}/`), { text: /No replica is known to lead/ })
  site.showState({ leader: 'repeer-controller-x' })
  t.match(await get(`${site.url}/pods/a/b`), { status: 200, text: /port-forward pod\/repeer-controller-x 9470/ })
})

t.test('who is answered', async t => {
  const site = await startSite(t)
  for (const host of ['localhost', 'localhost:8080', '127.0.0.1:1', '[::1]:9470'])
    t.match(await get(`${site.url}/`, { host }), { status: 200 }, host)
  for (const host of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example:80', '10.0.0.1'])
    t.match(await get(`${site.url}/events`, { host }), { status: 403, text: /another name/ }, host)
  const off = await startSite(t, { audience: 'off' })
  for (const path of ['/', '/events', '/web/page.css', '/pods/a/b'])
    t.match(await get(off.url + path), { status: 404, text: /expected \/metrics/ })
  const addresses = Object.values(networkInterfaces()).flatMap(its => its ?? [])
  const outside = addresses.find(({ internal, family }) => !internal && family === 'IPv4')?.address
  if (outside === undefined) return t.comment('no address but loopback here')
  const from = async (audience: 'local' | 'all') => {
    const { url } = await startSite(t, { audience, host: '0.0.0.0' })
    return get(url.replace('127.0.0.1', outside))
  }
  t.match(await from('local'), { status: 403, text: /port-forwards only/ })
  t.match(await from('all'), { status: 200 })
})

t.test('the stream: a state at once, another when it changes, an end; and few at a time', async t => {
  const site = await startSite(t)
  site.show(fleet(4))
  const open = () => fetch(`${site.url}/events`)
  const first = await open()
  t.equal(first.headers.get('content-type'), 'text/event-stream')
  const reader = (first.body as ReadableStream<Uint8Array>).getReader()
  let text = ''
  const read = async (pattern: RegExp) => {
    while (!pattern.test(text)) {
      const { value, done } = await reader.read()
      if (done) throw new Error(`ended: ${text}`)
      text += Buffer.from(value).toString()
    }
  }
  await read(/retry: \d+\n\nevent: state\ndata: \{"version":"[\w-]{16}","headline":"All 4 nodes are connected"\}\n\n/)
  site.show(fleet(4, { stands: { 0: 'restarting' } }))
  await read(/1 node of 4 being worked on/)
  const others = await Promise.all(Array.from({ length: 7 }, open))
  t.ok(others.every(({ status }) => status === 200))
  const refused = await open()
  t.equal(refused.status, 503)
  t.equal(refused.headers.get('retry-after'), '10')
  t.match(await refused.text(), /expected fewer than 16, and 8 from one/)
  await reader.cancel()
  for (const other of others) await other.body?.cancel()
})
