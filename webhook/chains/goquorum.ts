// GoQuorum is a fork of an old geth that still reads static-nodes.json, which geth itself ignores.
import type { Fork } from './chain.ts'
import { known } from './names.ts'

export const goQuorum: Fork = {
  images: /(^|\/)(go-?)?quorum([:@]|$)/,
  variables: /^PRIVATE_CONFIG$|^QUORUM_/,
  // Flags that only GoQuorum has (its command line reference).
  flags: [
    'raft',
    'raftport',
    'raftblocktime',
    'istanbul.blockperiod',
    'istanbul.requesttimeout',
    'permissioned',
    'emitcheckpoints',
    'ptm.url',
  ],
  names: [[/^static-nodes.*\.json$/, known('static-nodes')]],
}
