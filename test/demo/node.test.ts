// The built-in node behaves towards peers as CometBFT was seen to: names once, dropped where they do not resolve, lost
// peers at the old IP only.

import { mkdirSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { configToml, genesisJson, makeKeys, type NodeKeys } from '../../demo/chain-files.ts'
import { resolveInFile, runNode } from '../../demo/node.ts'
import { parsePersistentPeers } from '../../demo/node-config.ts'
import { freePort } from '../fixtures/free-port.ts'
import { untilAnswered } from '../fixtures/until.ts'

type NetInfo = {
  result: { n_peers: string; peers: { node_info: { id: string }; remote_ip: string; is_outbound: boolean }[] }
}
type Status = {
  result: {
    node_info: { id: string }
    sync_info: { latest_block_height: string; catching_up: boolean }
    validator_info: { voting_power: string }
  }
}

const p2pPort = 20656
const subnet = `127.${100 + (process.pid % 100)}.${(process.pid >> 8) % 250}`

/** Up to four nodes with one genesis; start(index, ip, peers) runs one in this process. */
function chain(t: Test) {
  const directory = t.testdir({ hosts: '' })
  const keys: NodeKeys[] = [0, 1, 2, 3].map(() => makeKeys())
  const genesis = genesisJson(
    'test',
    new Date(0),
    keys.map((own, index) => ({ name: `node${index}`, keys: own })),
  )
  const hostsFile = join(directory, 'hosts')
  const publish = (hosts: Record<string, string>) =>
    writeFileSync(
      hostsFile,
      Object.entries(hosts)
        .map(([name, ip]) => `${ip} ${name}\n`)
        .join(''),
    )
  const log: string[] = []
  const start = async (index: number, last: number, peers: string, env: Record<string, string> = {}) => {
    const home = join(directory, `node${index}`)
    const rpcPort = await freePort()
    mkdirSync(join(home, 'config'), { recursive: true })
    mkdirSync(join(home, 'keys'), { recursive: true })
    const config = configToml({ moniker: `node${index}`, rpcPort, p2pPort, persistentPeers: peers })
    writeFileSync(join(home, 'config/config.toml'), config)
    writeFileSync(join(home, 'config/genesis.json'), genesis)
    writeFileSync(join(home, 'keys/node_key.json'), keys[index]?.nodeKeyJson ?? '')
    writeFileSync(join(home, 'keys/priv_validator_key.json'), keys[index]?.validatorKeyJson ?? '')
    const stop = new AbortController()
    const done = runNode({
      home,
      hostsFile,
      env: { CMT_P2P_LADDR: `tcp://${subnet}.${last}:${p2pPort}`, ...env },
      log: message => log.push(`node${index}: ${message}`),
      signal: stop.signal,
      redialMs: () => 60,
      blockMs: 100,
    })
    done.catch(() => undefined)
    const ask = async <T>(path: string) => (await (await fetch(`http://127.0.0.1:${rpcPort}/${path}`)).json()) as T
    t.teardown(() => {
      stop.abort()
      return done.catch(() => undefined)
    })
    return {
      done,
      peers: async () => (await ask<NetInfo>('net_info')).result.peers,
      status: async () => (await ask<Status>('status')).result,
      stop: async () => {
        stop.abort()
        await done
      },
    }
  }
  const id = (index: number) => keys[index]?.id ?? ''
  return { start, publish, id, log, entry: (index: number, host = `node${index}`) => `${id(index)}@${host}:${p2pPort}` }
}

t.test('a name that does not resolve at the start is dropped for good', async t => {
  const { start, publish, entry, id, log } = chain(t)
  publish({})
  const second = await start(1, 1, '')
  const zero = await start(0, 2, `${entry(1)}`)
  await untilAnswered('dropped', async () => log.some(line => line.includes('dropped node1')))
  publish({ node1: `${subnet}.1` })
  await untilAnswered('answers', async () => (await zero.status()).sync_info.catching_up)
  await delay(300)
  t.strictSame(await zero.peers(), [], 'five redial times later still nobody')
  await zero.stop()
  const again = await start(0, 2, `${entry(1)}`)
  await untilAnswered('after a restart', async () => (await again.peers()).length === 1)
  t.match(await again.peers(), [{ node_info: { id: id(1) }, is_outbound: true, remote_ip: `${subnet}.1` }])
  t.match(await second.peers(), [{ node_info: { id: id(0) }, is_outbound: false, remote_ip: `${subnet}.2` }])
})

t.test('a lost peer is found again at its old address, not at a new one', async t => {
  const { start, publish, entry } = chain(t)
  publish({ node1: `${subnet}.11` })
  const zero = await start(0, 12, entry(1))
  let second = await start(1, 11, '')
  await untilAnswered('connected', async () => (await zero.peers()).length === 1)
  await second.stop()
  await untilAnswered('lost', async () => (await zero.peers()).length === 0)
  publish({ node1: `${subnet}.13` })
  second = await start(1, 13, '')
  await untilAnswered('moved', async () => (await second.status()).node_info.id !== '')
  await delay(300)
  t.strictSame(await zero.peers(), [], 'not at the new address')
  await second.stop()
  await start(1, 11, '')
  await untilAnswered('at the old one', async () => (await zero.peers()).length === 1)
})

t.test('blocks need more than two thirds of the four, connected directly or through others', async t => {
  const { start, publish, entry } = chain(t)
  publish({ node0: `${subnet}.20`, node1: `${subnet}.21`, node2: `${subnet}.22` })
  const zero = await start(0, 20, '')
  await start(1, 21, entry(0))
  await untilAnswered('two connected', async () => (await zero.peers()).length === 1)
  await delay(300)
  t.match(await zero.status(), {
    sync_info: { latest_block_height: '0', catching_up: true },
    validator_info: { voting_power: '1' },
  })
  const three = await start(2, 22, entry(1))
  await untilAnswered(
    'blocks with three in a row',
    async () => Number((await zero.status()).sync_info.latest_block_height) > 1,
  )
  t.equal((await zero.peers()).length, 1)
  await untilAnswered(
    'the third has them too',
    async () => Number((await three.status()).sync_info.latest_block_height) > 1,
  )
})

t.test('a second connection of the same ID is refused', async t => {
  const { start, publish, entry, log } = chain(t)
  publish({ node0: `${subnet}.30` })
  const zero = await start(0, 30, '')
  await start(1, 31, entry(0))
  await untilAnswered('first', async () => (await zero.peers()).length === 1)
  await start(1, 32, entry(0))
  await untilAnswered('refused', async () =>
    log.some(line => line.startsWith('node0: refused') && line.includes('duplicate ID')),
  )
  t.match(await zero.peers(), [{ remote_ip: `${subnet}.31` }])
})

t.test('a peer that resets its connection is lost, and the node runs on', async t => {
  const { start, publish, entry, id } = chain(t)
  publish({ node0: `${subnet}.50` })
  const zero = await start(0, 50, '')
  await untilAnswered('listens', async () => (await zero.status()).node_info.id === id(0))
  const socket = connect({ host: `${subnet}.50`, port: p2pPort })
  socket.on('error', () => undefined)
  socket.write(
    `${JSON.stringify({ id: 'cd'.repeat(20), moniker: 'brief', chainId: 'test', listen: 'tcp://127.0.0.1:1' })}\n`,
  )
  await untilAnswered('connected', async () => (await zero.peers()).length === 1)
  socket.resetAndDestroy()
  await untilAnswered('lost', async () => (await zero.peers()).length === 0)
  await start(1, 51, entry(0))
  await untilAnswered('another peer', async () => (await zero.peers()).length === 1)
  t.match(await zero.peers(), [{ node_info: { id: id(1) } }])
})

t.test('the environment outranks the file, and a malformed list ends the node', async t => {
  const { start, publish, entry } = chain(t)
  publish({ node0: `${subnet}.40` })
  const zero = await start(0, 40, '')
  await start(1, 41, 'nonsense', { CMT_P2P_PERSISTENT_PEERS: entry(0) })
  await untilAnswered('by the environment', async () => (await zero.peers()).length === 1)
  const broken = await start(2, 42, 'node0:26656')
  await t.rejects(broken.done, /found "node0:26656", expected id@host:port/)
})

t.test('parsePersistentPeers', async t => {
  const id = 'ab'.repeat(20)
  t.strictSame(parsePersistentPeers(` ${id}@a:1 ,, ${id}@[::1]:2,`), [
    { id, host: 'a', port: 1 },
    { id, host: '::1', port: 2 },
  ])
  for (const bad of ['a:1', `${id}@a`, `${id}@a:0`, `${id}@a:65536`, `${id.slice(2)}@a:1`, `${id}@:1`])
    t.throws(() => parsePersistentPeers(bad), /expected id@host:port/, bad)
})

t.test('resolveInFile', async t => {
  const file = join(t.testdir({ hosts: '# c\n127.0.0.9 a.b A2 # x\n' }), 'hosts')
  t.equal(resolveInFile(file, 'A.B.'), '127.0.0.9')
  t.equal(resolveInFile(file, 'a2'), '127.0.0.9')
  t.equal(resolveInFile(file, '10.0.0.1'), '10.0.0.1')
  t.equal(resolveInFile(file, 'x'), undefined)
})
