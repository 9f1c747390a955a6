// GETs at a node's own interface. What answers is checked like a stranger: a program of another kind, or a node in
// trouble, may listen there.
import type { Interface } from './chain.ts'

export function baseUrl({ host, port }: Pick<Interface, 'host' | 'port'>): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** The answer to a GET of `path`, whatever its status code. Rejects with an Error that says what went wrong. */
export async function getText(at: Interface, path: string): Promise<{ url: string; code: number; text: string }> {
  const url = `${baseUrl(at)}${path}`
  return { url, ...(await at.exchange(url, { timeoutMs: at.timeoutMs })) }
}

/** As getText, parsed; what is no JSON is an Error, too. */
export async function getJson(at: Interface, path: string): Promise<{ url: string; code: number; body: unknown }> {
  const { url, code, text } = await getText(at, path)
  try {
    return { url, code, body: JSON.parse(text) }
  } catch {
    throw new Error(`${url} answered with HTTP status ${code} and something that is not JSON`)
  }
}

/** A value that a node sent, short enough for a sentence. */
export function short(value: unknown, longest = 120): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > longest ? `${text.slice(0, longest - 1)}…` : text
}

export function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
