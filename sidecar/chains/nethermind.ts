import type { Chain } from './chain.ts'
import { enodeOf, ethereumApi } from './ethereum.ts'

/** nethermind keeps static nodes by ID, and writes none of this to its file unless it is asked to. */
export const nethermind: Chain = {
  api: ethereumApi({
    allows: 'nethermind can be told its peers with Admin among JsonRpc.EnabledModules and JsonRpc.Host 127.0.0.1',
    removeFirst: true,
    gone: enodeOf,
  }),
}
