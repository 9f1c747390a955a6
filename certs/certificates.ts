// What a server needs of a certificate's source, whichever it is: the keeper's own CA (keeper.ts) or a directory
// (directory.ts). A server passes `current()` to https.createServer, and calls `server.setSecureContext(certificate)`
// in `onChange`: connections that are open go on, new ones get the new certificate, and the listening socket is never
// closed.

/** All PEM. */
export type Certificate = {
  readonly key: string
  /** The leaf first, then intermediates where there are any. */
  readonly cert: string
  /** What the leaf verifies against. Node asks clients for no certificate because of it: that takes `requestCert`. */
  readonly ca: string
}

export type Certificates = {
  /** The certificate to serve; never an empty or broken one. */
  current(): Certificate
  /** Calls the listener at each later change, until closed. */
  onChange(listener: (certificate: Certificate) => void): void
  /**
   * Whether the served certificate verified, at the last look, against the caBundle of every webhook that it is for.
   */
  published(): boolean
  /** How many looks have failed since the start; for a metric. The last good certificate is served meanwhile. */
  failures(): number
  /** How often the served CA was found to be gone from a caBundle that had held it; for a metric. */
  losses(): number
  /** Stops looking; resolves when nothing is under way any more. */
  close(): Promise<void>
}

/** The part of a pino logger that is used here. */
export type Log = Readonly<
  Record<'info' | 'warn' | 'error', (fields: Record<string, unknown>, message: string) => void>
>
