// Wires the sidecar: eyes (input, resolver, node), decision (loop, reconcile), hands (reach) and the status page.
import { networkInterfaces } from 'node:os'
import type { Logger } from 'pino'
import type { Plan } from '../peers/plan.ts'
import { controllerAgent } from '../peers/pod.ts'
import { openClock, thisMachine } from './clock.ts'
import { timing } from './decide/timing.ts'
import { startLoop } from './loop.ts'
import { createMetrics } from './metrics.ts'
import { readInput } from './observe/input.ts'
import { nodeApi } from './observe/node-api.ts'
import { lookAtNode } from './observe/observe.ts'
import { createLimitedProbe } from './observe/probe.ts'
import { createResolver } from './observe/resolve.ts'
import { watch } from './observe/watch.ts'
import type { SidecarOptions } from './options.ts'
import { createReach } from './reach/reach.ts'
import { buildServer } from './server.ts'
import { createSaver, loadMemory } from './state.ts'

/** Runs until `signal` aborts. `exit` ends the process with a code (88: restart all containers). */
export async function runSidecar(
  options: SidecarOptions,
  parts: { log: Logger; signal: AbortSignal; exit: (code: number) => void },
): Promise<void> {
  const { log, signal, exit } = parts
  const { plan } = await readInput(options.input)
  const remembered = await loadMemory(options.state, log)
  const clock = openClock(remembered, thisMachine(options.procDir))
  const { now } = clock
  const memory = { ...remembered, clock: clock.origin }
  if (clock.ahead() !== 0)
    log.warn(
      { seconds: clock.ahead() / 1000 },
      'the clock of this machine was set; what is remembered counts on as before',
    )
  const resolver = createResolver({ ...options, questions: options.dnsQuestions, now, random: Math.random })
  resolver.restore(memory.hosts)
  const metrics = createMetrics()
  metrics.describe(plan)
  let controllerLookedAt: number | undefined
  const api = nodeApi(plan, { rpcHost: options.nodeHost, now })
  const loop = startLoop(
    {
      readInput: learned => readInput(options.input, learned),
      lookUp: (hosts, doubted, how) => resolver.look(hosts, doubted, how),
      nextLookUp: () => resolver.dueAt(),
      lookAtNode: (current: Plan) => lookAtNode(current, { procDir: options.procDir, ...(api ? { api } : {}) }),
      controllerLookedAt: () => controllerLookedAt,
      reachable: createLimitedProbe({ now }),
      tell: api?.tell,
      reach: createReach(plan, {
        controlDir: options.control,
        procDir: options.procDir,
        log,
        exit,
        now,
        besideSeconds: options.besideSeconds,
      }),
      ownAddresses: () =>
        Object.values(networkInterfaces()).flatMap(addresses =>
          (addresses ?? []).filter(({ internal }) => !internal).map(({ address }) => address),
        ),
      save: createSaver(options.state),
      metrics,
      log,
      now,
      wallAhead: clock.ahead,
      random: Math.random,
      timing: {
        ...timing,
        dnsCacheSeconds: options.dnsCacheSeconds,
        selfTurnSeconds: options.selfTurnSeconds,
        verifySeconds: options.verifySeconds,
      },
      lookSeconds: options.lookSeconds,
      unsavedSeconds: options.unsavedSeconds,
    },
    memory,
  )
  const watcher = await watch([options.input, options.control], () => loop.hint(), { log })
  const readBy = (agent: string | undefined) => {
    if (agent === controllerAgent) controllerLookedAt = now()
  }
  const server = buildServer({ page: loop.page, unwell: loop.unwell, registry: metrics.registry, readBy })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.listen.port, options.listen.host || undefined, resolve)
  })
  log.info(
    { address: server.address(), container: plan.container, profile: plan.profile, reach: plan.reach },
    'repeer sidecar is watching',
  )

  await new Promise<void>(resolve =>
    signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true }),
  )
  await watcher.close()
  await loop.close()
  resolver.close()
  server.close()
  server.closeAllConnections()
}
