// Which pods are computed anew, and what is needed for them; without any API.
import t from 'tap'
import { readSlice } from '../../../kubernetes/slices.ts'
import type { Source } from '../../../peers/plan.ts'
import { createClusterPods } from '../../../rollout/cluster/cluster-pods.ts'
import { parseList } from '../../../rollout/cluster/lists.ts'
import { readPod } from '../../../rollout/cluster/read-pod.ts'
import { type InjectedPod, podKey } from '../../../rollout/pod.ts'
import { list, type PodOver, pod, slice, source } from '../fixtures/objects.ts'

const injected = (name: string, sources: readonly Source[], over: PodOver = {}) =>
  readPod(pod('a', name, sources, { ...over, metadata: { uid: name, ...over.metadata } })) as InjectedPod

function start() {
  const texts: Record<string, string> = {}
  const addresses: Record<string, string[]> = {}
  const said: string[] = []
  const needs = (what: string) => ({
    need: (namespace: string, name: string) => void said.push(`need ${what} ${namespace}/${name}`),
    drop: (namespace: string, name: string) => void said.push(`drop ${what} ${namespace}/${name}`),
  })
  const pods = createClusterPods({
    view: {
      list: (_namespace, source) => {
        const text = texts[source.name]
        if (text === 'fault') throw new TypeError('a fault')
        return text === undefined ? 'unknown' : parseList(source, text)
      },
      slices: (_namespace, service) => {
        const found = addresses[service]
        return found ? [readSlice(slice('a', service, found))] : []
      },
    },
    configMaps: needs('list'),
    services: needs('service'),
    failed: (key, error) => said.push(`failed ${key} ${error}`),
    changed: key => said.push(`changed ${key}`),
  })
  return { ...pods, texts, addresses, said: () => said.splice(0).sort() }
}

t.test('a change counts at once, before anybody has been told', async t => {
  const pods = start()
  const node0 = injected('node-0', [source('one')])
  pods.set(node0)
  t.equal(pods.desired(node0), 'unknown')
  pods.texts['one'] = list('svc')
  pods.listsChanged('a', 'one')
  t.match(pods.desired(node0), { peerHash: /^p1:/ })
  pods.addresses['svc'] = ['10.0.0.1']
  pods.slicesChanged('a', 'svc')
  t.match(pods.desired(node0), { endpoints: /10\.0\.0\.1/ })
  t.equal(pods.counts().computed, 3)
  pods.desired(node0)
  t.equal(pods.counts().computed, 3)
})

t.test('what is needed follows the plans and the lists', async t => {
  const pods = start()
  Object.assign(pods.texts, { one: list('svc', 'x.b'), two: list('svc') })
  pods.set(injected('node-0', [source('one'), source('one', { key: 'more' })]))
  pods.settle()
  const services = ['need service a/b', 'need service a/svc', 'need service b/x']
  t.strictSame(pods.said(), ['changed a/node-0', 'need list a/one', ...services])
  t.strictSame([...pods.servicesIn('b')], ['x'])
  t.strictSame(
    [...pods.sourcesOf('a', 'one')].map(source => source.key),
    ['peers', 'more'],
  )
  t.strictSame([...pods.sourcesOf('a', 'two')], [])

  pods.set(injected('node-1', [source('two')]))
  pods.settle()
  t.strictSame(pods.said(), ['changed a/node-1', 'need list a/two'], 'somebody needs the Service already')

  pods.set(injected('node-0', [source('two')]))
  pods.settle()
  const dropped = services.filter(line => line !== 'need service a/svc').map(line => line.replace('need', 'drop'))
  t.strictSame(pods.said(), ['changed a/node-0', 'drop list a/one', ...dropped, 'need list a/two'].sort())

  pods.remove('a/node-1')
  t.strictSame(pods.said(), ['changed a/node-1'])
  pods.remove('a/node-0')
  pods.remove('a/node-0')
  t.strictSame(pods.said(), ['changed a/node-0', 'drop list a/two', 'drop service a/svc'])
  t.strictSame(pods.counts().pods, 0)
})

t.test('while a list is unknown, the Services of the last one stay needed', async t => {
  const pods = start()
  pods.texts['one'] = list('svc')
  const node0 = injected('node-0', [source('one')])
  pods.set(node0)
  pods.settle()
  pods.said()
  delete pods.texts['one']
  pods.listsChanged('a', 'one')
  pods.settle()
  t.equal(pods.desired(node0), 'unknown')
  pods.texts['one'] = list('svc', 'other')
  pods.listsChanged('a', 'one')
  pods.settle()
  t.strictSame(pods.said(), ['changed a/node-0', 'changed a/node-0', 'need service a/other'])
})

t.test('the same pod again is no change; another of its name is', async t => {
  const pods = start()
  const node0 = injected('node-0', [source('one')])
  pods.set(node0)
  pods.said()
  pods.set(injected('node-0', [source('one')]))
  t.strictSame(pods.said(), [])
  const next = injected('node-0', [source('one')], { metadata: { uid: 'next' } })
  pods.set(next)
  t.strictSame(pods.get(podKey(next)), next)
  t.equal(pods.desired(node0), 'unknown')
  t.strictSame([...pods.all()], [next])
})

t.test('a fault of repeer leaves the pod alone, and the others as they are', async t => {
  const pods = start()
  const [faulty, sound] = [injected('node-0', [source('bad')]), injected('node-1', [source('good')])]
  Object.assign(pods.texts, { bad: 'fault', good: list('svc') })
  pods.set(faulty)
  pods.set(sound)
  pods.settle()
  t.ok(pods.said().includes('failed a/node-0 TypeError: a fault'))
  t.equal(pods.desired(faulty), 'unknown')
  t.match(pods.desired(sound), { peerHash: /^p1:/ })
  pods.texts['bad'] = list('svc')
  pods.listsChanged('a', 'bad')
  t.match(pods.desired(faulty), { peerHash: /^p1:/ }, 'read again with its next change')
})
