// What the pods of test/webhook/fixtures/attacks.ts cost: processor time of one admission, cold and again, and the
// memory that it takes at its peak. Each in a process of its own, by --expose-gc from a collected heap.
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseReview } from '../../webhook/admission.ts'
import { type Answered, answer } from '../../webhook/answer.ts'
import { decide } from '../../webhook/decide/decide.ts'
import { attacks } from '../webhook/fixtures/attacks.ts'
import { input } from '../webhook/fixtures/pods/build.ts'
import { mebibytes, milliseconds, table } from './table.ts'

type Measured = {
  readonly first: number
  readonly again: number
  readonly bytes: number
  readonly outcome: string
}

export async function attacksTable(): Promise<string> {
  const rows = attacks.map(([what], index) => {
    const text = execFileSync(process.execPath, ['--expose-gc', fileURLToPath(import.meta.url), String(index)], {
      encoding: 'utf8',
    })
    const { first, again, bytes, outcome } = JSON.parse(text) as Measured
    return [what, milliseconds(first), milliseconds(again), mebibytes(bytes), outcome]
  })
  return table(['one admission of', 'processor', 'again', 'peak', 'outcome'], rows)
}

/** Bytes, the most that the process has had resident. */
function peak(): number {
  return process.resourceUsage().maxRSS * 1024
}

function measure(index: number): Measured {
  const make = attacks[index]?.[1]
  if (!make) throw new Error(`found no attack ${index}, expected 0 to ${attacks.length - 1}`)
  const silent = { debug: () => {}, info: () => {}, error: () => {} }
  const of = (hostile: ReturnType<typeof input>): Answered => {
    const { pod, namespace, configMap, settings } = hostile
    const review = {
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      request: { uid: 'a', operation: 'CREATE', namespace: 'ns', resource: { resource: 'pods' }, object: pod },
    }
    const parts = {
      decide,
      settings,
      namespace: () => namespace,
      configMap: (_: string, name: string) => configMap(name),
    }
    return answer(parseReview(review), { ...parts, log: silent })
  }
  const cost = (act: () => unknown) => {
    const before = process.threadCpuUsage()
    act()
    const { user, system } = process.threadCpuUsage(before)
    return (user + system) / 1000
  }
  for (let round = 0; round < 50; round += 1) of(input())
  const hostile = make()
  globalThis.gc?.()
  const before = peak()
  let answered: Answered | undefined
  const first = cost(() => {
    answered = of(hostile)
  })
  const bytes = peak() - before
  const again = cost(() => of(hostile))
  return { first, again, bytes, outcome: `${answered?.outcome} ${answered?.reason}` }
}

if (import.meta.main) {
  const [, , index] = process.argv
  if (index === undefined) console.log(await attacksTable())
  else console.log(JSON.stringify(measure(Number(index))))
}
