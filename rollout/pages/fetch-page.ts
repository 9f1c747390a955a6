// One GET of a pod's status page.
import { type ExchangeOptions, exchange } from '../../http/exchange.ts'
import { controllerAgent } from '../../peers/pod.ts'

/** The text of an answer with status 200. Rejects with an Error that says what went wrong. */
export type FetchPage = (
  url: string,
  options: Required<Pick<ExchangeOptions, 'timeoutMs' | 'maxBytes' | 'signal'>>,
) => Promise<string>

export const fetchPage: FetchPage = async (url, options) => {
  const { text } = await exchange(url, { ...options, expectedCode: 200, userAgent: controllerAgent })
  return text
}
