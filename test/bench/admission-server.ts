// The measured process of the admission benchmark: the real server, with the real decide or with one that decides
// nothing.
//   node admission-server.ts decide|reference
// Talks to its parent over IPC: sends its port, answers 'times' with the server-side times since the last question.
import { pino } from 'pino'
import { issueFresh } from '../../certs/issue.ts'
import { createDecideThread } from '../../webhook/apart/decide-thread.ts'
import { createDeciding } from '../../webhook/apart/deciding.ts'
import { decideLightly } from '../../webhook/decide/decide.ts'
import type { Decision } from '../../webhook/decide/decision.ts'
import { createMetrics } from '../../webhook/metrics.ts'
import { buildServer } from '../../webhook/server.ts'
import { benchConfigMap } from './pod.ts'

const service = { name: 'repeer-webhook', namespace: 'repeer-system' }
const certificate = await issueFresh({ service, now: Date.now(), lifetimeSeconds: 3600, clockSkewSeconds: 300 })
const undecided = (): Decision => ({ inject: false, reason: 'opted-out', message: 'the reference decides nothing' })
const data = benchConfigMap()
const metrics = createMetrics({
  certificateExpiry: () => undefined,
  certificateFailures: () => 0,
  caBundleLosses: () => 0,
  ready: () => true,
  synced: () => [],
})

const now = () => performance.now()
const deciding = createDeciding({ lightly: decideLightly, apart: createDecideThread().decide, now, log: { info() {} } })
const server = buildServer({
  decide: process.argv[2] === 'reference' ? undecided : deciding,
  settings: { image: 'repeer:bench', turns: 'self', canRestartAll: true },
  namespace: name => ({ name, labels: { 'repeer.dev/inject': 'enabled' }, annotations: {} }),
  configMap: (_namespace, name) => (name === 'node0-config' ? data : 'absent'),
  // As in the cluster: a line for each injected pod, written asynchronously, here to nowhere.
  log: pino({ level: 'info' }, pino.destination({ dest: '/dev/null', sync: false })),
  metrics,
  ready: () => [],
  tls: certificate,
})

// From the first byte of a request's headers to its answer being handed to the socket.
let times: number[] = []
const started = new WeakMap<object, number>()
server.addHook('onRequest', async request => {
  started.set(request, performance.now())
})
server.addHook('onResponse', async request => {
  times.push(performance.now() - (started.get(request) ?? Number.NaN))
})

await server.listen({ host: '127.0.0.1', port: 0 })
const address = server.server.address()
process.send?.({ port: typeof address === 'object' && address ? address.port : 0, ca: certificate.ca })
process.on('message', () => {
  process.send?.({ times })
  times = []
})
process.on('disconnect', () => process.exit(0))
