// Keys that every object of JavaScript has already, wherever a pod's owner names something: the review is answered, the
// pod is injected as any other, and what is not ours stays as it is.
import t from 'tap'
import { checkPlan } from '../../peers/plan-check.ts'
import { decide } from '../../webhook/decide/decide.ts'
import { applyPatch } from '../../webhook/patch/apply.ts'
import { patchOf } from '../../webhook/patch/patch.ts'
import { inherited, inheritedHosts } from '../fixtures/inherited.ts'
import { ids, injected, input, list, toml } from './fixtures/pods/build.ts'
import { review } from './fixtures/reviews.ts'
import { testServer } from './fixtures/server.ts'

/** As JSON has it: an own property, whatever its name. */
const keyed = (name: string, value: unknown) => JSON.parse(`{${JSON.stringify(name)}: ${JSON.stringify(value)}}`)

for (const name of inherited) {
  t.test(`${name} as a key of a pod`, async t => {
    const { app } = testServer()
    t.teardown(() => app.close())
    const csi = { driver: 'csi.example.com', volumeAttributes: keyed(name, { prototype: 'x' }) }
    const volumes = [
      { name: 'config', configMap: { name: 'node' } },
      { name: 'data', csi },
    ]
    const body = review()
    const { object } = body.request as { object: { metadata: object; spec: object } }
    const pod = {
      ...object,
      metadata: { ...object.metadata, annotations: keyed(name, 'x'), labels: keyed(name, 'x') },
      spec: { ...object.spec, volumes, nodeSelector: keyed(name, 'x') },
    }
    const payload = JSON.stringify({ ...body, request: { ...(body.request as object), object: pod } })
    const answer = await app.inject({
      method: 'POST',
      url: '/mutate',
      headers: { 'content-type': 'application/json' },
      payload,
    })
    t.equal(answer.statusCode, 200, answer.body)
    const { response } = answer.json()
    t.match(response, { allowed: true, patchType: 'JSONPatch' })
    const patch = JSON.parse(Buffer.from(response.patch, 'base64').toString())
    const patched = applyPatch(JSON.parse(JSON.stringify(pod)), patch) as typeof pod
    t.same(Object.entries(patched.spec.nodeSelector), [[name, 'x']])
    t.ok(Object.hasOwn(patched.metadata.annotations, name))
    t.same(patched.spec.volumes[1], volumes[1])
  })

  t.test(`${name} as a name in a pod that is injected`, async t => {
    const lists = [
      { maps: { [name]: { 'config.toml': toml() } }, pod: { volumes: [{ name: 'config', configMap: { name } }] } },
      {
        maps: { node: keyed(name, toml()) },
        pod: {
          volumes: [{ name: 'config', configMap: { name: 'node', items: [{ key: name, path: 'config.toml' }] } }],
        },
      },
      {
        maps: { node: keyed(name, list) },
        container: {
          env: [{ name: 'GAIAD_P2P_PERSISTENT_PEERS', valueFrom: { configMapKeyRef: { name: 'node', key: name } } }],
        },
      },
      {
        maps: { node: { 'config.toml': toml() } },
        container: {
          env: [
            { name, value: list },
            { name: 'OTHER', value: `$(${name})` },
          ],
        },
      },
      { maps: { node: keyed(name, list) }, container: { envFrom: [{ configMapRef: { name: 'node' } }] } },
      {
        maps: { node: { 'config.toml': toml() } },
        container: { command: ['sh', '-c', `${name}=1; exec gaiad start --home /home --${name}=$${name} "$@"`] },
      },
      { maps: { node: keyed(name, 'not a list'), other: keyed('peers', list) } },
    ]
    for (const change of lists) {
      const made = input({ labels: keyed(name, name), annotations: keyed(name, name), ...(change as object) })
      const decision = decide(made)
      if (decision.inject) checkPlan(decision.plan)
      applyPatch(made.pod, patchOf(made.pod, decision, made.settings))
      t.ok(decision.inject || decision.message, JSON.stringify(change).slice(0, 80))
    }
  })

  t.test(`${name}: a key that is not there is not there`, async t => {
    const annotations = { 'repeer.dev/config': `configmap/node/${name}` }
    const decision = injected(decide(input({ annotations, maps: { node: {} } })))
    t.match(decision.plan.sources[0], { key: name })
    t.equal(decision.peerHash, undefined, 'nobody knows a list of that name')
  })
}

t.test('peers of these names are listed as any other', async t => {
  for (const name of inheritedHosts) {
    const text = toml(`${ids[0]}@${name}:26656,${ids[1]}@node2:26656`)
    t.equal(injected(decide(input({ maps: { node: { 'config.toml': text } } }))).peers, 2)
  }
})
