// A node for the benchmarks: listens on a P2P port and keeps a connection to each of its peers.
//   node tiny-node.ts PORT [HOST:PORT...]
import { connect, createServer } from 'node:net'

const [port, ...peers] = process.argv.slice(2)
createServer(socket => socket.resume().on('error', () => {})).listen(Number(port), '127.0.0.1')
for (const peer of peers) {
  const [host = '', peerPort = ''] = peer.split(':')
  connect(Number(peerPort), host).on('error', () => {})
}
process.on('SIGTERM', () => process.exit(0))
