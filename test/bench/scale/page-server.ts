// A stand-in for 1,000 sidecars: one process that answers for the address of every pod with the page of a node that
// needs nothing. The range of the addresses is routed to this machine. Arguments: the namespaces.
import { createServer } from 'node:http'
import type { Page } from '../../../peers/page.ts'
import { statusPort } from '../../../peers/pod.ts'
import { blindTurn } from '../../../peers/turn.ts'
import { followPods, type PodState } from './api.ts'

const startedAt = new Date().toISOString()
const byAddress = new Map<string, PodState>()
followPods(process.argv.slice(2), (_, pod) => {
  if (pod.ip) byAddress.set(pod.ip, pod)
})

/** As long as the page of a node with 20 peers. */
const peers: Page['peers'] = Array.from({ length: 20 }, (_, index) => ({
  id: index.toString(16).padStart(40, '0'),
  peer: `node${index}:26656`,
  addresses: [`10.77.0.${index + 1}`],
  standing: 'connected',
  reachable: true,
}))

/** The files hold what the annotations say, and the node has it. */
function pageOf({ peerHash, endpoints }: PodState): Page {
  const notes = blindTurn(peerHash, endpoints)
  const snapshot = `s1:${notes.slice(3)}`
  return {
    container: 'node',
    profile: 'cometbft',
    strategy: 'wrap',
    phase: 'settled',
    since: startedAt,
    applied: snapshot,
    wanted: snapshot,
    list: peerHash ?? null,
    notes,
    connected: peers.length,
    peers,
    node: {
      seenBy: 'rpc',
      startedAt,
      height: 1000,
      catchingUp: false,
      listening: true,
      votingPower: 10,
      totalPower: 200,
    },
    restarts: [],
    told: [],
    lookups: [],
    lookedAt: new Date().toISOString(),
  }
}

createServer((request, response) => {
  const pod = byAddress.get(request.socket.localAddress?.replace(/^::ffff:/, '') ?? '')
  if (!pod) return void response.writeHead(404).end()
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(pageOf(pod)))
}).listen(statusPort.number, '0.0.0.0')
