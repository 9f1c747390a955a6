// Words in which chains say what a name stands for.
import type { Format } from '../../peers/formats/index.ts'
import type { Role } from '../../peers/peer.ts'
import type { NamedList } from './chain.ts'

/** Peers are in there, whether or not the content can be read. */
export const known = (format: Format, role: Role = 'peer'): NamedList => ({ format, role, wellKnown: true })
/** Peers are in there if the content says so. */
export const perhaps = (format: Format, role: Role = 'peer'): NamedList => ({ format, role, wellKnown: false })

export const bootNodes = /boot[-_.]?nodes/i
export const staticNodes = /static[-_.]?(nodes|peers)/i
