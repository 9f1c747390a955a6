import type { Chain } from './chain.ts'
import { enodeOf, ethereumApi } from './ethereum.ts'

/**
 * besu keeps peers by ID and address (p2p's MaintainedPeers): a new address is added beside the old one, which it goes
 * on trying until it starts again. It takes names only with --Xdns-enabled, without which it would not read them from
 * its list either.
 */
export const besu: Chain = {
  api: ethereumApi({
    allows:
      'besu can be told its peers with --rpc-http-enabled --rpc-http-host=127.0.0.1 --rpc-http-api=ADMIN,ETH,NET,WEB3',
    removeFirst: false,
    gone: enodeOf,
  }),
}
