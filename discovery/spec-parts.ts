// What a PeerSet's spec asks for: a source, and what has to be exposed and delivered. Made once, and anew where what it
// was made of has changed.
import type { Outcome } from './conditions.ts'
import type { Exposed } from './expose/outcome.ts'
import type { PeerSet, PeerSetSpec, PeerSetStatus } from './peer-set.ts'
import type { Source, SourceParts } from './source.ts'
import type { CreateSource } from './sources/index.ts'

/**
 * What `spec.expose` asks for, kept up to date: asked after each look. `reconcile` rejects where the API server cannot
 * be asked.
 */
export type Exposure = {
  reconcile(signal: AbortSignal): Promise<Exposed>
  close(): Promise<void>
}

/** Whether the pods of `spec.deliver` have the list: asked after each look. */
export type Delivering = {
  look(status: Pick<PeerSetStatus, 'consumers'>, signal: AbortSignal): Promise<NonNullable<Outcome['delivered']>>
  close(): void
}

export type SpecPartsOptions = {
  readonly createSource: CreateSource
  readonly createExposure?: ((set: PeerSet, spec: PeerSetSpec, hint: () => void) => Exposure) | undefined
  readonly createDelivering?: ((set: PeerSet, spec: PeerSetSpec, hint: () => void) => Delivering) | undefined
  readonly sourceParts: Omit<
    SourceParts,
    'hint' | 'now' | 'wallNow' | 'namespace' | 'home' | 'exclude' | 'allowPrivate'
  >
}

/** `source`: or why there is none, as a sentence. */
export type Made = {
  readonly source: Source | { readonly error: string }
  readonly exposure: Exposure | undefined
  readonly delivering: Delivering | undefined
}

export type SpecParts = {
  of(set: PeerSet, spec: PeerSetSpec): Promise<Made>
  /** Ends what was made; it may be made again. */
  close(): Promise<void>
}

/** @param own of the PeerSet: called when something has changed; the clock of intervals, and milliseconds since the epoch */
export function createSpecParts(
  options: SpecPartsOptions,
  { hint, now, wallNow }: Required<Pick<SourceParts, 'hint' | 'now' | 'wallNow'>>,
): SpecParts {
  let present: { readonly key: string; readonly made: Made } | undefined

  async function close(): Promise<void> {
    const made = present?.made
    present = undefined
    if (made && 'close' in made.source) await made.source.close()
    await made?.exposure?.close()
    made?.delivering?.close()
  }

  return {
    of: async (set, spec) => {
      const { source, exclude, allowPrivate, output, expose, deliver } = spec
      const key = JSON.stringify([source, exclude.names, allowPrivate, output, expose, deliver])
      if (present?.key === key) return present.made
      await close()
      const own = { hint, now, wallNow, namespace: set.namespace, home: output.namespace, exclude, allowPrivate }
      const made = {
        source: sourceOrError(() => options.createSource(source, { ...options.sourceParts, ...own })),
        exposure: expose === undefined ? undefined : options.createExposure?.(set, spec, hint),
        delivering: deliver === undefined ? undefined : options.createDelivering?.(set, spec, hint),
      }
      present = { key, made }
      return made
    },
    close,
  }
}

/** A source that cannot be made says why, in the PeerSet's status. */
function sourceOrError(make: () => Source): Source | { readonly error: string } {
  try {
    return make()
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) }
  }
}
