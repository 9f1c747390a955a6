// Decides in a thread of its own, so that a pod that takes a quarter of a second holds up no other. The thread is
// started for the first such pod, and ended when none has come for a while: it takes some 20 MiB.
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import type { DecideInput, Decision } from '../decide/decision.ts'
import type { Delivery, Question, Reply, ThreadParts } from './protocol.ts'

export type DecideThread = {
  /**
   * One at a time: whoever asks waits for the answer before asking again. Rejects where the thread ends, as one does
   * that needs too much memory, or takes too long; the next question starts another.
   */
  decide(input: DecideInput): Promise<Decision>
  close(): Promise<void>
}

export type DecideThreadOptions = {
  /** How long it is kept without a question, in ms. */
  readonly idleMs?: number
  /** How long a decision may take, in ms; the dearest that are known take 250. */
  readonly mostMs?: number
  /** Of its heap, in MiB. */
  readonly heapMebibytes?: number
}

/** In the image this file is part of a chunk, and the thread's program a file beside it. */
const program = new URL(import.meta.url.endsWith('.ts') ? './thread.ts' : './decide-thread.js', import.meta.url)

type Running = {
  readonly worker: Worker
  readonly configMaps: MessagePort
  readonly arrived: Int32Array<SharedArrayBuffer>
}

export function createDecideThread(options: DecideThreadOptions = {}): DecideThread {
  // Of the dearest pod that is known the heap grows by 81 MiB.
  const { idleMs = 60_000, mostMs = 5_000, heapMebibytes = 96 } = options
  let running: Running | undefined
  let ending: NodeJS.Timeout | undefined
  let asked = 0

  function start(): Running {
    const { port1, port2 } = new MessageChannel()
    const arrived = new Int32Array(new SharedArrayBuffer(4))
    const worker = new Worker(program, {
      workerData: { configMaps: port2, arrived } satisfies ThreadParts,
      transferList: [port2],
      resourceLimits: { maxOldGenerationSizeMb: heapMebibytes, maxYoungGenerationSizeMb: 16 },
    })
    // Neither keeps the program from ending.
    worker.unref()
    port1.unref()
    const its = { worker, configMaps: port1, arrived }
    // Whoever has asked is told; and one that nobody asks may end as well.
    worker.on('error', () => undefined)
    worker.once('exit', () => {
      port1.close()
      if (running === its) running = undefined
    })
    return its
  }

  async function end(): Promise<void> {
    clearTimeout(ending)
    const its = running
    running = undefined
    await its?.worker.terminate()
  }

  function ask({ worker, configMaps, arrived }: Running, input: DecideInput): Promise<Decision> {
    const { configMap, ...rest } = input
    const id = ++asked
    return new Promise((resolve, reject) => {
      const late = setTimeout(
        () => giveUp(new Error(`found no decision after ${mostMs} ms, expected one within 300`)),
        mostMs,
      )
      const settle = (act: () => void) => {
        clearTimeout(late)
        worker.off('message', hear)
        worker.off('error', reject)
        worker.off('exit', ended)
        act()
      }
      const ended = () => settle(() => reject(new Error('the thread that decides has ended')))
      /** It may be waiting for a ConfigMap that does not come. */
      function giveUp(why: unknown): void {
        settle(() => reject(why))
        void end()
      }
      function deliver(name: string): void {
        try {
          configMaps.postMessage({ view: configMap(name) } satisfies Delivery)
        } catch (error) {
          // Of a listener nobody would catch it: it would end the webhook.
          giveUp(error)
          return
        }
        Atomics.store(arrived, 0, 1)
        Atomics.notify(arrived, 0)
      }
      function hear(reply: Reply): void {
        if (reply.id !== id) return
        if ('configMap' in reply) deliver(reply.configMap)
        else if ('error' in reply) settle(() => reject(reply.error))
        else settle(() => resolve(reply.decision))
      }
      worker.on('message', hear)
      // Said before it ends, and why: out of memory, mostly.
      worker.on('error', reject)
      worker.on('exit', ended)
      try {
        worker.postMessage({ id, input: rest } satisfies Question)
      } catch (error) {
        // It cannot be sent where it is nested some 5,000 deep. Nothing of it stays: its time would end the thread amid
        // another's question.
        settle(() => reject(error))
      }
    })
  }

  return {
    async decide(input) {
      clearTimeout(ending)
      running ??= start()
      try {
        return await ask(running, input)
      } finally {
        ending = setTimeout(() => void end(), idleMs)
        ending.unref()
      }
    },
    close: end,
  }
}
