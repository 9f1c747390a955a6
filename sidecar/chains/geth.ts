import type { Chain } from './chain.ts'
import { enodeOf, ethereumApi } from './ethereum.ts'

/**
 * geth (node/api.go, p2p/dial.go of v1.15): what is removed is found by its ID, which may stand alone; a name that does
 * not resolve would be an error before 1.15. A peer that was dialled within the last 35 s is dialled again only when
 * they are over, so allow 45 s to see it connected.
 */
export const geth: Chain = {
  api: ethereumApi({
    allows: 'geth can be told its peers with --http --http.addr 127.0.0.1 --http.api admin,net,web3',
    removeFirst: true,
    gone: peer => enodeOf(peer).replace(/@[\s\S]*$/, ''),
  }),
  /**
   * From 1.15 it looks a name up at each dial: a dead connection is noticed after 30 s (p2p: frameReadTimeout), the
   * next dial comes after 35 s (dialHistoryExpiration) and may take 20 s. Its version is not known here; an older one
   * only waits those 90 s longer.
   */
  healSeconds: 90,
}
