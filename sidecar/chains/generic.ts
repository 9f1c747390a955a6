import type { Chain } from './chain.ts'

/** Any node: nothing is known of it. */
export const generic: Chain = { api: null }
