import t from 'tap'
import type { ApiCall } from '../../kubernetes/api-request.ts'
import { createEvents, type PodEvent } from '../../kubernetes/events.ts'
import { fakeClock } from '../controller/fixtures/fake-clock.ts'
import { memoryLog } from '../fixtures/log-lines.ts'

const pod = { namespace: 'chain', name: 'node-0', uid: '1234' }
const restarted: PodEvent = { type: 'Normal', reason: 'Restarted', message: 'node-1 has moved to 10.0.0.7' }

function setup(t: { teardown(act: () => unknown): void }) {
  const clock = fakeClock(Date.parse('2026-11-21T08:00:00Z'))
  const log = memoryLog()
  const calls: ApiCall[] = []
  let dropped = 0
  let answer: (call: ApiCall) => unknown = () => ({})
  const request = async (call: ApiCall) => {
    calls.push(call)
    return answer(call)
  }
  const events = createEvents({ request, instance: 'repeer-controller-abc', clock, log, dropped: () => dropped++ })
  t.teardown(events.close)
  return { events, clock, log, calls, dropped: () => dropped, answers: (next: typeof answer) => (answer = next) }
}

/** The body of a call, without the name, which has chance in it. */
const bodyOf = (call: ApiCall | undefined) =>
  call?.body as { metadata: { name: string }; message: string; series?: { count: number } }

t.test('what the API server and kubectl describe expect', async t => {
  const { events, calls } = setup(t)
  events.tell(pod, restarted)
  const [call] = calls
  t.match(call, { method: 'POST', path: '/api/v1/namespaces/chain/events' })
  t.match(call?.body, {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: /^node-0\.[0-9a-f]{14,}$/, namespace: 'chain' },
    eventTime: '2026-11-21T08:00:00.000000Z',
    firstTimestamp: '2026-11-21T08:00:00Z',
    lastTimestamp: '2026-11-21T08:00:00Z',
    count: 1,
    source: { component: 'repeer-controller' },
    reportingComponent: 'repeer-controller',
    reportingInstance: 'repeer-controller-abc',
    action: 'Restarted',
    reason: 'Restarted',
    involvedObject: { apiVersion: 'v1', kind: 'Pod', namespace: 'chain', name: 'node-0', uid: '1234' },
    message: restarted.message,
    type: 'Normal',
  })
})

t.test(
  'the same within 10 minutes raises the count, once a minute; another pod, reason or message is another event',
  async t => {
    const { events, clock, calls } = setup(t)
    for (let i = 0; i < 30; i++) {
      events.tell(pod, restarted)
      await clock.pass(10_000)
    }
    const patches = calls.filter(call => call.method === 'PATCH')
    t.equal(calls.length, patches.length + 1)
    t.ok(patches.length >= 4 && patches.length <= 5, `${patches.length} in 5 minutes`)
    t.match(patches[0], {
      path: `/api/v1/namespaces/chain/events/${bodyOf(calls[0]).metadata.name}`,
      contentType: 'application/merge-patch+json',
      body: {
        count: 7,
        lastTimestamp: '2026-11-21T08:01:00Z',
        series: { count: 7, lastObservedTime: '2026-11-21T08:01:00.000000Z' },
      },
    })
    const before = calls.length
    events.tell({ ...pod, uid: 'other' }, restarted)
    events.tell(pod, { ...restarted, reason: 'Refused' })
    events.tell(pod, { ...restarted, message: 'other' })
    t.same(
      calls.slice(before).map(call => call.method),
      ['POST', 'POST', 'POST'],
    )
    await clock.pass(11 * 60_000)
    const later = calls.length
    events.tell(pod, restarted)
    t.equal(calls.length, later + 1)
    t.equal(calls.at(-1)?.method, 'POST', 'after 10 minutes it is news again')
  },
)

t.test('at most 10 a second; the rest is dropped and counted', async t => {
  const { events, clock, calls, dropped } = setup(t)
  for (let i = 0; i < 100; i++) events.tell(pod, { ...restarted, message: `change ${i}` })
  t.same([calls.length, dropped()], [10, 90])
  await clock.pass(1000)
  for (let i = 100; i < 200; i++) events.tell(pod, { ...restarted, message: `change ${i}` })
  t.same([calls.length, dropped()], [20, 180])
})

t.test(
  'failures are logged once and thrown nowhere; an event that the cluster has forgotten is written anew',
  async t => {
    const { events, clock, log, calls, dropped, answers } = setup(t)
    answers(() => {
      throw new Error('forbidden')
    })
    for (let i = 0; i < 3; i++) events.tell(pod, { ...restarted, message: `change ${i}` })
    await clock.pass(10)
    t.match(log.lines, [{ level: 40, msg: 'events cannot be written' }])
    t.equal(dropped(), 3)
    answers(call => (call.method === 'PATCH' ? undefined : {}))
    events.tell(pod, { ...restarted, message: 'change 0' })
    await clock.pass(60_000)
    t.match(calls.slice(-2), [
      { method: 'PATCH' },
      {
        method: 'POST',
        body: {
          message: 'change 0',
          count: 2,
          firstTimestamp: '2026-11-21T08:00:00Z',
          lastTimestamp: '2026-11-21T08:00:00Z',
          series: { count: 2 },
        },
      },
    ])
  },
)

t.test('texts are cut to what the API takes, in whole characters and one line', async t => {
  const { events, calls } = setup(t)
  const name = `${'a'.repeat(218)}.-b`
  events.tell(
    { ...pod, name },
    { type: 'Warning', reason: 'R'.repeat(200), message: `first\nsecond\u001b[31m${'é'.repeat(1000)}` },
  )
  const body = calls[0]?.body as { message: string; reason: string; metadata: { name: string } }
  t.ok(Buffer.byteLength(body.message) <= 1024 && Buffer.byteLength(body.message) > 1015)
  t.match(body.message, /^first second \[31mé+…$/)
  t.equal(Buffer.byteLength(body.reason), 128)
  t.match(body.metadata.name, /^a{218}\.[0-9a-f]+$/)
  events.tell(pod, { ...restarted, message: ' ' })
  t.equal(bodyOf(calls[1]).message, '-', 'an empty message is refused by the API')
})

t.test('close writes the counts that are not written, and takes no more', async t => {
  const { events, clock, calls } = setup(t)
  events.tell(pod, restarted)
  events.tell(pod, restarted)
  await events.close()
  t.match(calls[1], { method: 'PATCH', body: { series: { count: 2 } } })
  events.tell(pod, { ...restarted, message: 'late' })
  await clock.pass(100_000)
  t.same([calls.length, clock.timers()], [2, 0])
})
