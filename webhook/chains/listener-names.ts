// How charts call the container port of a P2P listener, whatever the chain.
export const p2pNames: readonly RegExp[] = [/^(tcp-)?p2p(-(tcp|port))?$/]
export const weakP2pNames: readonly RegExp[] = [/^[a-z0-9-]+-p2p(-tcp)?$/, /^peers?(-(tcp|port))?$/]
