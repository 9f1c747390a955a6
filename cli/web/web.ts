// `repeer check --web`: the controller's page on this machine, by a port-forward to the replica that leads.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { ApiError } from '../../kubernetes/api-error.ts'
import { identityOf } from '../../kubernetes/lease.ts'
import { leaseStore } from '../../kubernetes/lease-store.ts'
import { controller, ownNamespace } from '../../peers/installed.ts'
import { ClusterError, messageOf } from '../cluster/cluster-error.ts'
import { kubeConfigOf } from '../cluster/kubeconfig.ts'
import { type Io, numberOf, textOf, type Values } from '../command.ts'
import { openBrowser } from './open-browser.ts'
import { forwardPort, type Target } from './port-forward.ts'

/** Milliseconds. Who leads is asked again after it: a new leader takes some ten seconds to come. */
const leaderMs = 3_000
const leaseTimeoutMs = 5_000

/**
 * Serves until interrupted. Throws ClusterError where the cluster cannot be asked, and Error where nobody leads or the
 * controller has no such page.
 */
export async function showWeb(values: Values, io: Io): Promise<number> {
  const config = kubeConfigOf(textOf(values, 'kubeconfig'), textOf(values, 'context'), io.env)
  const namespace = textOf(values, 'namespace') ?? ownNamespace
  const leases = leaseStore(config, { namespace, name: controller.name, timeoutMs: leaseTimeoutMs })
  let known: { readonly target: Target; readonly until: number } | undefined

  async function target(): Promise<Target> {
    if (known && performance.now() < known.until) return known.target
    const pod = await leaderOf(leases, namespace)
    known = { target: { namespace, pod, port: controller.port }, until: performance.now() + leaderMs }
    return known.target
  }

  const { pod } = await target()
  const end = new AbortController()
  let lastError: Error | undefined
  const server = await forwardPort(config, {
    target,
    signal: end.signal,
    localPort: numberOf(values, 'web-port') ?? 0,
    failed: error => {
      lastError = error
    },
  })
  try {
    const url = `http://localhost:${(server.address() as AddressInfo).port}/`
    await expectPage(url, () => lastError)
    io.out(`${url}  (the page of ${namespace}/${pod}, which leads; interrupt to end)\n`)
    openBrowser(url, io)
    const signal = io.signal()
    if (!signal.aborted) await once(signal, 'abort')
    return 0
  } finally {
    server.close()
    end.abort()
  }
}

async function leaderOf(leases: ReturnType<typeof leaseStore>, namespace: string): Promise<string> {
  const where = `Lease ${namespace}/${controller.name}`
  const lease = await leases.get().catch((error: unknown) => {
    if (error instanceof ApiError && error.status === 403)
      throw new ClusterError(`${where} may not be read; expected the permission get on leases: ${messageOf(error)}`)
    throw new ClusterError(`${where} cannot be read: ${messageOf(error)}`, { cause: error })
  })
  const holder = lease?.spec?.holderIdentity
  if (holder) return identityOf(holder)
  const found = lease ? 'found no holder of it' : 'found none'
  throw new Error(`${where}: ${found}, expected a controller that leads; see kubectl -n ${namespace} get pods`)
}

async function expectPage(url: string, why: () => Error | undefined): Promise<void> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(15_000) }).catch((error: unknown) => {
    throw why() ?? new Error(`the port-forward does not answer: ${messageOf(error)}`)
  })
  await answer.body?.cancel()
  if (answer.ok) return
  throw new Error(
    `the controller answers HTTP ${answer.status}, expected its page: it is an older one, or runs with --web=off`,
  )
}
