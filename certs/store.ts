// Where the keeper keeps what it knows, as two small interfaces: a Secret, and the caBundles of a
// MutatingWebhookConfiguration. kubernetes.ts implements them with the API. Each write says which version it is based
// on, and does nothing where that has changed.
import type { SecretData } from './secret.ts'

export type StoredSecret = {
  /** Opaque; changes at each write. */
  readonly version: string
  readonly data: SecretData
}

export type SecretStore = {
  /** Undefined where there is no Secret. */
  get(): Promise<StoredSecret | undefined>
  /** False where there is a Secret already; it is left as it is. */
  createIfAbsent(data: SecretData): Promise<boolean>
  /** Replaces all entries. False where the Secret has changed since `version`, or is gone. */
  update(version: string, data: SecretData): Promise<boolean>
}

export type StoredBundles = {
  /** Opaque; changes at each write of the configuration, whoever writes it. */
  readonly version: string
  /** In the configuration's order. */
  readonly webhooks: readonly {
    readonly name: string
    /** PEM, decoded from base64; empty where there is none. */
    readonly caBundle: string
  }[]
}

export type BundleStore = {
  /** Undefined where there is no configuration. */
  read(): Promise<StoredBundles | undefined>
  /**
   * Calls `changed` at each change, whoever makes it, until the signal aborts. Without it the keeper finds out at its
   * next look.
   */
  follow?(signal: AbortSignal, changed: () => void): Promise<void>
  /**
   * Sets the caBundle of every webhook and touches nothing else. False where the configuration has changed since it was
   * read.
   */
  patch(read: StoredBundles, bundle: string): Promise<boolean>
}
