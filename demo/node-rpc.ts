// The built-in node's RPC: /status and /net_info in the shapes of CometBFT 0.38.
import { createServer, type Server } from 'node:http'
import type { Chain } from './node-chain.ts'
import type { NodeConfig } from './node-config.ts'
import type { P2p } from './node-p2p.ts'

export type Rpc = { readonly close: () => Promise<void> }

/** Serves until closed. `peers` and `chain` are asked at each request. */
export async function startRpc(
  config: NodeConfig,
  p2p: Pick<P2p, 'peers'>,
  chain: Pick<Chain, 'height' | 'catchingUp'>,
): Promise<Rpc> {
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://node').pathname
    const result =
      path === '/status'
        ? status(config, chain)
        : path === '/net_info'
          ? netInfo(config, p2p)
          : path === '/health'
            ? {}
            : undefined
    response.setHeader('content-type', 'application/json')
    response.statusCode = result ? 200 : 404
    const body = result
      ? { jsonrpc: '2.0', id: -1, result }
      : { jsonrpc: '2.0', id: -1, error: { code: -32601, message: 'Method not found' } }
    response.end(JSON.stringify(body))
  })
  await listen(server, config.rpc.port, config.rpc.host)
  return {
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => resolve())
  })
}

function status(config: NodeConfig, chain: Pick<Chain, 'height' | 'catchingUp'>) {
  return {
    node_info: nodeInfo(config.id, config.moniker, `tcp://${config.p2p.host}:${config.p2p.port}`, config.chainId),
    sync_info: {
      latest_block_hash: '',
      latest_app_hash: '',
      latest_block_height: String(chain.height()),
      latest_block_time: new Date().toISOString(),
      earliest_block_hash: '',
      earliest_app_hash: '',
      earliest_block_height: chain.height() > 0 ? '1' : '0',
      earliest_block_time: '1970-01-01T00:00:00Z',
      catching_up: chain.catchingUp(),
    },
    validator_info: {
      address: config.validator?.address ?? '',
      pub_key: { type: 'tendermint/PubKeyEd25519', value: config.validator?.publicKey ?? '' },
      voting_power: String(config.validator?.power ?? 0),
    },
  }
}

function netInfo(config: NodeConfig, p2p: Pick<P2p, 'peers'>) {
  const peers = p2p.peers().map(peer => ({
    node_info: nodeInfo(peer.id, peer.moniker, peer.listen, config.chainId),
    is_outbound: peer.outbound,
    connection_status: { Duration: '0', SendMonitor: {}, RecvMonitor: {}, Channels: [] },
    remote_ip: peer.remoteIp,
  }))
  return { listening: true, listeners: ['Listener(@)'], n_peers: String(peers.length), peers }
}

function nodeInfo(id: string, moniker: string, listen: string, network: string) {
  return {
    protocol_version: { p2p: '8', block: '11', app: '1' },
    id,
    listen_addr: listen,
    network,
    version: '0.38.0-builtin',
    channels: '40202122233038606100',
    moniker,
    other: { tx_index: 'on', rpc_address: '' },
  }
}
