// What the main thread and the thread that decides dear pods say to each other.
import type { ConfigMapView, DecideInput, Decision } from '../decide/decision.ts'

/** A pod to decide about; its ConfigMaps are asked for. */
export type Question = { readonly id: number; readonly input: Omit<DecideInput, 'configMap'> }

/** One ConfigMap is needed: the thread waits until it is there. Or what came of the question. */
export type Reply =
  | { readonly id: number; readonly configMap: string }
  | { readonly id: number; readonly decision: Decision }
  | { readonly id: number; readonly error: Error }

/** What the thread is given at its start. */
export type ThreadParts = {
  /** ConfigMaps come by this port, */
  readonly configMaps: import('node:worker_threads').MessagePort
  /** and one is there when the first number is 1. */
  readonly arrived: Int32Array<SharedArrayBuffer>
}

export type Delivery = { readonly view: ConfigMapView }
