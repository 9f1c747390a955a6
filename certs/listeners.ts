// Those who want to know of a new certificate. One that throws is logged and keeps nothing from the others.
import type { Certificate, Log } from './certificates.ts'

export type Listener = (certificate: Certificate) => void

/** Those who hear of each new certificate. One that throws is logged, and the others are called all the same. */
export function listeners(log: Log): { add(listener: Listener): void; call(certificate: Certificate): void } {
  const all: Listener[] = []
  return {
    add: listener => void all.push(listener),
    call(certificate) {
      for (const listener of all) {
        try {
          listener(certificate)
        } catch (err) {
          log.error({ err }, 'certificates: a server did not take the new certificate, and goes on with the one before')
        }
      }
    },
  }
}
