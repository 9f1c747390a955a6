import type { Chain } from './chain.ts'

/** Its RPC is CometBFT's by descent, and is not asked: connections are seen by sockets. Nothing tells it peers. */
export const gnoland: Chain = { api: null }
