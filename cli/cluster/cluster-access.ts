// The cluster that `repeer check` and `repeer upgrade` look at, with the caller's own credentials: a kubeconfig as
// kubectl finds it, and the few requests that they make.
import { ApiError } from '../../kubernetes/api-error.ts'
import { type ApiCall, apiRequest } from '../../kubernetes/api-request.ts'
import { type Flags, type Io, textOf, type Values } from '../command.ts'
import { ClusterError, messageOf } from './cluster-error.ts'

export const clusterFlags: Flags = {
  kubeconfig: {
    type: 'string',
    value: 'FILE',
    help: 'kubeconfig file (or KUBECONFIG, ~/.kube/config, the service account of a pod)',
  },
  context: { type: 'string', value: 'NAME', help: "the kubeconfig's context to use instead of its current one" },
}

/** The exit code for a ClusterError. */
export const unreachableCode = 3

export type Cluster = {
  /** The API server's URL. */
  readonly server: string
  /** Of the kubeconfig's context; `default` where it says none. */
  readonly namespace: string
  /**
   * The parsed JSON. Throws ApiError for a status other than 200, ClusterError where no API server answers or it does
   * not know the caller.
   */
  get(path: string, options?: Pick<ApiCall, 'timeoutMs' | 'maxBytes'>): Promise<unknown>
  /** Every item of a collection, page by page. Throws as get does. */
  list<T>(path: string): Promise<T[]>
  /** A JSON Patch (RFC 6902). Throws as get does; a `test` that fails is an ApiError with status 422. */
  patch(path: string, operations: readonly unknown[]): Promise<unknown>
  /** Creates, or asks what creates nothing (a dry run, a review of rights). Throws as get does. */
  post(path: string, body: unknown): Promise<unknown>
}

/** Items a request: few enough that an answer of large pods stays a few MB. */
const pageSize = 250

/**
 * Reads the kubeconfig; makes no request yet. Throws ClusterError where there is none, UsageError for a context that it
 * does not have.
 */
export async function openCluster(values: Values, env: Io['env']): Promise<Cluster> {
  // Loaded here, since client-node costs half a second and 80 MB, which `--help` should not pay.
  const { kubeConfigOf } = await import('./kubeconfig.ts')
  const config = kubeConfigOf(textOf(values, 'kubeconfig'), textOf(values, 'context'), env)
  const server = config.getCurrentCluster()?.server ?? ''
  const get: Cluster['get'] = (path, options = {}) =>
    asked(server, apiRequest(config, { method: 'GET', path, expected: [], ...options }))
  return {
    server,
    namespace: config.getContextObject(config.getCurrentContext())?.namespace || 'default',
    get,
    list: async <T>(path: string) => {
      const items: T[] = []
      for (let token = ''; ; ) {
        const more = token === '' ? '' : `&continue=${encodeURIComponent(token)}`
        const page = (await get(`${path}?limit=${pageSize}${more}`)) as {
          items?: T[]
          metadata?: { continue?: string }
        }
        items.push(...(page.items ?? []))
        token = page.metadata?.continue ?? ''
        if (token === '') return items
      }
    },
    patch: (path, operations) =>
      asked(
        server,
        apiRequest(config, {
          method: 'PATCH',
          path,
          body: operations,
          contentType: 'application/json-patch+json',
          expected: [],
        }),
      ),
    post: (path, body) => asked(server, apiRequest(config, { method: 'POST', path, body, expected: [] })),
  }
}

/** Whether the API server answered with this status. */
export function isStatus(error: unknown, status: number): boolean {
  return error instanceof ApiError && error.status === status
}

async function asked(server: string, answer: Promise<unknown>): Promise<unknown> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof ApiError && error.status !== 401) throw error
    const reason = messageOf(error)
    if (error instanceof ApiError)
      throw new ClusterError(
        `${server} does not know the caller; expected credentials that it takes (log in again): ${reason}`,
        {
          cause: error,
        },
      )
    throw new ClusterError(`no answer from ${server}: ${reason}`, { cause: error })
  }
}
