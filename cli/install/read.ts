// How `repeer check --pre` and `--install` ask the API server: what it does not tell is unknown, with its reason, and
// what would be created is only tried.
import { ApiError } from '../../kubernetes/api-error.ts'
import { type Cluster, isStatus } from '../cluster/cluster-access.ts'
import { messageOf } from '../cluster/cluster-error.ts'
import type { Known } from './lines.ts'
import type { KubeObject } from './wanted.ts'

/** A creation that the API server was asked to try without making anything (dryRun=All). */
export type Trial =
  /** `made`: the object as admission would leave it; undefined where it is there already. */
  | { readonly as: 'taken'; readonly made?: unknown }
  /** `why`: the API server's words. */
  | { readonly as: 'refused'; readonly why: string }
  | { readonly as: 'untried'; readonly why: string }

/** A creation with dryRun=All: through rights, admission and validation, and not stored. */
export async function tried(cluster: Cluster, collection: string, object: unknown): Promise<Trial> {
  try {
    return { as: 'taken', made: await cluster.post(`${collection}?dryRun=All`, object) }
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    // It is there already: found out after admission.
    if (error.status === 409) return { as: 'taken' }
    const why = messageOf(error)
    // A webhook of others that does something besides is not asked, and nobody knows what it would say.
    if (error.status === 400 && /dry.?run/i.test(why)) return { as: 'untried', why }
    return error.status < 500 && error.status !== 429 ? { as: 'refused', why } : { as: 'untried', why }
  }
}

/** Of what may be absent: the value is undefined where the API server says so. */
export async function readIfThere<T = KubeObject>(cluster: Cluster, path: string): Promise<Known<T | undefined>> {
  return known(async () => {
    try {
      return (await cluster.get(path)) as T
    } catch (error) {
      if (isStatus(error, 404)) return undefined
      throw error
    }
  })
}

/** What the API server does not tell is unknown, with its reason; that there is none to ask is thrown. */
export async function known<T>(read: () => Promise<T>): Promise<Known<T>> {
  try {
    return { value: await read() }
  } catch (error) {
    if (error instanceof ApiError) return { unknown: messageOf(error) }
    throw error
  }
}
