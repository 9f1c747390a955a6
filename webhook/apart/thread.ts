// The thread that decides about dear pods: the same decision as everywhere, one at a time. A ConfigMap that it needs it
// asks the main thread for, which has the cache, and waits: a decision is one step.
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { decide } from '../decide/decide.ts'
import type { ConfigMapView } from '../decide/decision.ts'
import type { Delivery, Question, Reply, ThreadParts } from './protocol.ts'

const { configMaps, arrived } = workerData as ThreadParts

const say = (reply: Reply) => parentPort?.postMessage(reply)

function fetched(id: number, configMap: string): ConfigMapView {
  say({ id, configMap })
  Atomics.wait(arrived, 0, 0)
  Atomics.store(arrived, 0, 0)
  const { message } = receiveMessageOnPort(configMaps) as { message: Delivery }
  return message.view
}

parentPort?.on('message', ({ id, input }: Question) => {
  try {
    say({ id, decision: decide({ ...input, configMap: name => fetched(id, name) }) })
  } catch (error) {
    say({ id, error: error instanceof Error ? error : new Error(String(error)) })
  }
})
