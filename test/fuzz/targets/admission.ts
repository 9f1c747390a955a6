// AdmissionReviews: what an API server could send, and what somebody could who has found the port.

import type { V1Pod } from '@kubernetes/client-node'
import { applyPatch } from 'rfc6902'
import { parsePlan } from '../../../peers/plan-check.ts'
import { annotation } from '../../../peers/pod.ts'
import { MalformedReview, parseReview } from '../../../webhook/admission.ts'
import { type Answered, answer } from '../../../webhook/answer.ts'
import { decide } from '../../../webhook/decide/decide.ts'
import type { ConfigMapView } from '../../../webhook/decide/decision.ts'
import { review } from '../../webhook/fixtures/reviews.ts'
import { type Scene, scenes } from '../corpus.ts'
import { mutateJson } from '../mutate-json.ts'
import { inherited, mutateText } from '../mutate-text.ts'
import { breaches } from '../pod-rules.ts'
import type { Random } from '../random.ts'
import { type Case, expect, refusing, type Target } from '../target.ts'

/** Stands in ConfigMaps where no peer can stand. docs/security.md: the answer never quotes a ConfigMap. */
const canary = 'fuzzCanary7Q2xLwV9'
/** Bytes. The server takes no longer review. */
const mostBytes = 3 * 1024 * 1024

/** Pods stay pods by their types: what the API server has decoded, whose rules are checked only after the webhooks. */
export const admission: Target = { name: 'admission', weight: 300, open: () => opened(true) }

/** Anything that is JSON, in pods and around them. */
export const strangeReviews: Target = { name: 'strange reviews', weight: 100, open: () => opened(false) }

function opened(keepTypes: boolean): { make: (random: Random) => Case } {
  const all = scenes()
  const pods = all.map(({ pod }) => pod)
  const words = [...new Set(pods.flatMap(textsIn))]
  const contents = all.flatMap(({ configMaps }) => [...configMaps.values()].flatMap(textsIn))
  const reviews = all.map(sceneReview)

  expect(pods.length > 50, `found ${pods.length} pods among the fixtures, expected more than 50`)
  return {
    make: random => {
      const scene = random.pick(all)
      const request = keepTypes
        ? sceneReview({ ...scene, pod: mutateJson(scene.pod, { donors: pods, keepTypes, texts: words }, random) })
        : mutateJson(sceneReview(scene), { donors: reviews, texts: words }, random)
      const body = JSON.stringify(request)
      const configMaps = new Map(
        [...scene.configMaps].map(([name, values]) => [name, changed(values, contents, random)]),
      )
      return {
        input: { body: request, configMaps: Object.fromEntries(configMaps) },
        run: () => refusing(MalformedReview, () => answered(body, scene, configMaps)),
        check: found => check(body, found as ReturnType<typeof answered> | Error, keepTypes),
      }
    },
  }
}

function sceneReview({ pod }: Scene): Record<string, unknown> {
  return review({ request: { object: pod, namespace: pod.metadata?.namespace ?? 'default' } })
}

function answered(body: string, scene: Scene, configMaps: ReadonlyMap<string, ConfigMapView>) {
  const lines: string[] = []
  const errors: unknown[] = []
  const note = (fields: unknown) => void lines.push(JSON.stringify(fields))
  const result = answer(parseReview(JSON.parse(body)), {
    decide,
    settings: { image: 'registry.example.com/repeer@sha256:0', turns: 'controller', canRestartAll: true },
    namespace: name => ({ name, labels: { 'repeer.dev/inject': 'enabled' }, annotations: {} }),
    configMap: (_namespace, name) => configMaps.get(name) ?? 'absent',
    peerSets: () => scene.peerSets,
    log: { debug: note, info: note, error: (fields: { err?: unknown }) => void errors.push(fields.err) } as never,
  })
  return { result, text: JSON.stringify(result.answer), lines, errors }
}

function check(body: string, found: ReturnType<typeof answered> | Error, keepTypes: boolean): void {
  if (found instanceof Error) {
    expect(found.message.length < 2000, `refused with ${found.message.length} characters`)
    return
  }
  const { result, text, lines, errors } = found
  // Of what the API server refuses anyhow (two containers of one name), that is an answer; of a pod, a fault.
  if (keepTypes && errors.length > 0 && breaches(podIn(body)).length === 0) throw errors[0]
  expect(
    !text.includes(canary) && !lines.some(line => line.includes(canary)),
    'the answer or the log quotes a ConfigMap',
  )
  checkResponse(result)
  if (result.answer.response.patch !== undefined && Buffer.byteLength(body) <= mostBytes)
    checkPatch(body, result, keepTypes)
}

function checkResponse({ answer: { response } }: Answered): void {
  for (const warning of response.warnings ?? [])
    expect(
      warning.length <= 256 && !/[\p{Cc}\p{Cs}]/u.test(warning),
      `a warning is no line of a header: ${JSON.stringify(warning)}`,
    )
}

function podIn(body: string): V1Pod {
  return (JSON.parse(body) as { request: { object: V1Pod } }).request.object
}

/** The patch applies, and the pod breaks no rule that it did not break before. */
function checkPatch(body: string, { answer: { response }, outcome }: Answered, isPod: boolean): void {
  const pod = podIn(body)
  const patch = JSON.parse(Buffer.from(response.patch ?? '', 'base64').toString('utf8')) as never[]
  const failures = applyPatch(pod, patch).filter(error => error !== null)
  expect(failures.length === 0, `the patch does not apply: ${failures.map(String).join('; ')}`)
  // Whatever has other types was refused before it came here.
  if (!isPod) return
  const before = new Set(breaches(podIn(body)))
  const fresh = breaches(pod).filter(breach => !before.has(breach))
  expect(fresh.length === 0, `the patched pod has ${fresh.join('; ')}`)
  // A pod that the API server refuses anyhow has names that no plan takes.
  if (outcome === 'injected' && before.size === 0) parsePlan(pod.metadata?.annotations?.[annotation.plan] ?? '')
}

/** A ConfigMap as it is, with a canary, damaged, with names that all objects have, or not known. */
function changed(view: ConfigMapView, others: readonly string[], random: Random): ConfigMapView {
  if (typeof view === 'string' || random.oneIn(4)) return view
  if (random.oneIn(30)) return random.pick(['absent', 'unknown'] as const)
  const values: Record<string, string> = Object.create(null)
  for (const [key, text] of Object.entries(view))
    values[key] = random.oneIn(3) ? mutateText(text, others, random) : random.oneIn(3) ? withCanary(text, random) : text
  if (random.oneIn(5)) values[random.pick(inherited)] = Object.values(view)[0] ?? ''
  return values
}

function withCanary(text: string, random: Random): string {
  const line = random.pick([`# ${canary}`, `NODE_SEED ${canary}`, `priv_key = "${canary}`, canary, `[${canary}]`])
  return random.oneIn(2) ? `${text}\n${line}\n` : `${line}\n${text}`
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : []
}
