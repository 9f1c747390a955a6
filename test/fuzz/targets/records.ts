// JSON texts that one part of repeer writes and another reads: plans, status pages, endpoints, the memory; and the
// objects of the API that the controller reads.

import { parseManifests } from '../../../cli/manifests/manifest-files.ts'
import { readPeerSet } from '../../../discovery/peer-set.ts'
import { readSlice } from '../../../kubernetes/slices.ts'
import { formatEndpoints, parseEndpoints } from '../../../peers/endpoints.ts'
import { parsePage } from '../../../peers/page-check.ts'
import { readDelivering } from '../../../peers/peer-set/delivering.ts'
import { PlanError, parsePlan } from '../../../peers/plan-check.ts'
import { annotation } from '../../../peers/pod.ts'
import { readPod } from '../../../rollout/cluster/read-pod.ts'
import { reconcile } from '../../../sidecar/decide/reconcile.ts'
import { readMemory, writeMemory } from '../../../sidecar/memory-file.ts'
import { examplePage } from '../../peers/fixtures/page.ts'
import { times, world } from '../../sidecar/fixtures/look.ts'
import { basePlan } from '../../webhook/fixtures/plans.ts'
import { scenes, textsOf } from '../corpus.ts'
import { mutateJson } from '../mutate-json.ts'
import { mutateText } from '../mutate-text.ts'
import type { Random } from '../random.ts'
import { type Case, expect, isSlip, type Target } from '../target.ts'

/** A JSON text: of a changed value, mostly, or itself damaged. */
function textOf(values: readonly unknown[], random: Random): string {
  const value = random.pick(values)
  if (random.oneIn(4))
    return mutateText(
      JSON.stringify(value),
      values.map(other => JSON.stringify(other)),
      random,
    )
  return JSON.stringify(mutateJson(value, { donors: values }, random)) ?? 'null'
}

/** Reads what may be refused by any Error that was thrown on purpose. */
function read<T>(run: () => T): T | Error {
  try {
    return run()
  } catch (error) {
    if (!(error instanceof Error) || isSlip(error)) throw error
    return error
  }
}

/** An answer of JSON, and no more of it than was given, by each of so many readers. */
function checkBounded(found: unknown, given: string, readers = 1): void {
  const text = found instanceof Error ? found.message : JSON.stringify(found)
  expect(found instanceof Error || text !== undefined, 'an answer that is no JSON')
  const most = readers * (2 * given.length + 10_000)
  expect((text ?? '').length <= most, `${given.length} characters were answered with ${text?.length}`)
}

const texts =
  (values: readonly unknown[], run: (text: string) => unknown) =>
  (random: Random): Case => {
    const text = textOf(values, random)
    return { input: text, run: () => read(() => run(text)), check: found => checkBounded(found, text) }
  }

export const plans: Target = {
  name: 'plans',
  weight: 80,
  open() {
    const goldens = textsOf('test/webhook/fixtures/pods/*.json').flatMap(text => planIn(JSON.parse(text)))
    expect(goldens.length > 5, `found ${goldens.length} plans among the fixtures`)
    return { make: texts([basePlan, ...goldens], parsePlanOnly) }
  },
}

/** Nothing but a PlanError says that a plan cannot be used. */
function parsePlanOnly(text: string): unknown {
  try {
    return parsePlan(text)
  } catch (error) {
    if (error instanceof PlanError) return error
    throw new TypeError('found another error than a PlanError', { cause: error })
  }
}

function planIn(golden: unknown): unknown[] {
  const { plan } = (golden ?? {}) as { plan?: unknown }
  return plan === undefined ? [] : [plan]
}

export const pages: Target = {
  name: 'status pages',
  weight: 60,
  open: () => ({ make: texts([examplePage], parsePage) }),
}

export const endpoints: Target = {
  name: 'endpoints',
  weight: 20,
  open: () => ({
    make: texts(
      [
        { node1: { addresses: ['10.0.0.1', 'fd00::1'] }, 'node2.chain.svc': { addresses: ['10.0.0.2'], stable: true } },
        { constructor: { addresses: [] }, node3: { addresses: ['10.0.0.3'] } },
      ],
      text => JSON.parse(formatEndpoints(parseEndpoints(text))),
    ),
  }),
}

/** Whatever is taken for a memory has to be good for a decision: else no look of this sidecar would ever end well. */
export const memories: Target = {
  name: 'memory files',
  weight: 50,
  open() {
    const values = textsOf('test/sidecar/fixtures/first-memory.json').map(text => JSON.parse(text) as unknown)
    const lived = world()
    lived.after(0)
    lived.after(60)
    values.push(JSON.parse(writeMemory(lived.memory)))
    return {
      make: texts(values, text => {
        const memory = readMemory(text)
        const seen = world()
        const { memory: next } = reconcile(memory, seen.look(), times)
        return JSON.parse(writeMemory(next))
      }),
    }
  },
}

export const apiObjects: Target = {
  name: 'API objects',
  weight: 60,
  open() {
    const pods = scenes().map(({ pod }) => ({
      ...pod,
      metadata: {
        ...pod.metadata,
        name: 'node-0',
        namespace: 'chain',
        uid: 'u',
        annotations: { ...pod.metadata?.annotations, [annotation.plan]: JSON.stringify(basePlan) },
      },
      spec: { ...pod.spec, initContainers: [{ name: 'repeer' }, ...(pod.spec?.initContainers ?? [])] },
      status: { podIP: '10.0.0.1', phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
    }))
    const documents = textsOf('docs/examples/peerset-*.yaml').flatMap(text => parseManifests('example', text).documents)
    const sets = documents.map(({ value }) => {
      const set = value as { metadata?: object }
      return { ...set, metadata: { namespace: 'chain', uid: 'u', generation: 1, ...set.metadata } }
    })
    const slices = [
      {
        metadata: { namespace: 'chain', name: 's', labels: { 'kubernetes.io/service-name': 'node' } },
        endpoints: [{ addresses: ['10.0.0.1'], hostname: 'node-0', conditions: { ready: true, serving: true } }],
      },
    ]
    const values = [...pods, ...sets, ...sets, ...sets, ...slices, ...slices]
    return {
      make: random => {
        // An API server sends no other types: those that its schema takes, and a custom resource is checked by one.
        const object = mutateJson(random.pick(values), { donors: values, keepTypes: true }, random)
        return {
          input: object,
          run: () => [readPod(object), readSlice(object), readPeerSet(object), readDelivering(object)],
          check: found => checkBounded(found, JSON.stringify(object), 4),
        }
      },
    }
  },
}
