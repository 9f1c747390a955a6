// How many bytes the texts of one namespace's pods take in memory: their plans, each of which counts once for all pods
// that have it, and their endpoints. Whoever may create pods writes 256 KiB of annotations on each.
import type { Plan } from '../../peers/plan.ts'

export type KeptPods = {
  /** Whether there is room for the pod, which is kept then. In place of itself, where it is kept already. */
  keep(pod: string, texts: PodTexts): boolean
  drop(pod: string): void
  /** Drops all pods but these. */
  retain(pods: ReadonlySet<string>): void
}

/** `plan`: by identity, see interning. */
export type PodTexts = { readonly plan: Plan; readonly planText: string; readonly endpoints: string | undefined }

/** Of a plan for each character of its text (measured with V8: 1.1 to 2.6, most where its sources are many). */
const bytesPerCharacter = 3

/** @param most bytes */
export function createKeptPods(most: number): KeptPods {
  const pods = new Map<string, { readonly plan: Plan; readonly bytes: number }>()
  const plans = new Map<Plan, { users: number; readonly bytes: number }>()
  let sum = 0

  function drop(pod: string): void {
    const kept = pods.get(pod)
    if (!kept) return
    pods.delete(pod)
    sum -= kept.bytes
    const plan = plans.get(kept.plan)
    if (!plan) return
    plan.users -= 1
    if (plan.users > 0) return
    plans.delete(kept.plan)
    sum -= plan.bytes
  }

  return {
    keep: (pod, { plan, planText, endpoints = '' }) => {
      drop(pod)
      const shared = plans.get(plan)
      const planBytes = shared ? 0 : planText.length * bytesPerCharacter
      const bytes = endpoints.length
      if (sum + planBytes + bytes > most) return false
      sum += planBytes + bytes
      pods.set(pod, { plan, bytes })
      if (shared) shared.users += 1
      else plans.set(plan, { users: 1, bytes: planBytes })
      return true
    },
    drop,
    retain: kept => {
      for (const pod of pods.keys()) if (!kept.has(pod)) drop(pod)
    },
  }
}
