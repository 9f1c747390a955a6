import { readFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { connectionsOf, isListening, parseTcp, readSockets } from '../../../sidecar/observe/sockets.ts'
import { until } from '../../fixtures/until.ts'

const fixture = (name: string) => readFileSync(join(import.meta.dirname, '../fixtures', name), 'latin1')

t.test('reads a real /proc/net/tcp of two CometBFT nodes', async t => {
  const sockets = parseTcp(fixture('proc-net-tcp.txt'))
  t.equal(sockets.length, 10)
  t.same(sockets[2], {
    local: { address: '127.0.0.22', port: 26656 },
    remote: { address: '0.0.0.0', port: 0 },
    state: 'listen',
  })
  t.same(sockets[6], {
    local: { address: '127.0.0.21', port: 26656 },
    remote: { address: '127.0.0.1', port: 48320 },
    state: 'established',
  })
  t.ok(isListening(sockets, 26657))
  t.notOk(isListening(sockets, 48320), 'an established socket does not listen')
  t.same(connectionsOf(sockets, 26656), [
    { address: '127.0.0.1' },
    { address: '127.0.0.1', port: 0x403b },
    { address: '127.0.0.21', port: 26656 },
  ])
})

t.test('reads a real /proc/net/tcp6, with IPv4-mapped addresses as IPv4', async t => {
  const sockets = parseTcp(fixture('proc-net-tcp6.txt'))
  t.same(
    sockets.map(
      ({ local, remote, state }) => `${local.address} ${local.port} - ${remote.address} ${remote.port} ${state}`,
    ),
    [
      ':: 26656 - :: 0 listen',
      '127.0.0.1 26656 - 127.0.0.1 46276 established',
      '::1 50516 - ::1 26656 established',
      '::1 26656 - ::1 50516 established',
    ],
  )
})

t.test('addresses are in normal form, in network order', async t => {
  const line = (local: string, state: string) =>
    `   0: ${local}:6820 ${local}:0001 ${state} 00000000:00000000 00:00000000 00000000 0 0 1 1\n`
  const of = (local: string) => parseTcp(line(local, '01'))[0]?.local.address
  t.equal(of('0403020A'), '10.2.3.4')
  t.equal(of('B80D01200100000000000000EFBEADDE'), '2001:db8:0:1::dead:beef')
  t.equal(of('0000000000000000FFFF00000403020A'), '10.2.3.4')
})

t.test('states on the way up or down are no connections', async t => {
  for (const state of ['02', '03', '04', '05', '06', '07', '08', '09', '0B', '0C', 'FF']) {
    const text = `   0: 0100007F:1000 0200007F:6820 ${state} 00000000:00000000 00:00000000 00000000 0 0 1 1\n`
    t.same(parseTcp(text), [], state)
  }
})

t.test('what is not a socket is passed over', async t => {
  for (const text of [
    '',
    '\n',
    'sl local_address',
    '0: zz:1 00:2 01 ',
    '   0: 0100007F 0200007F 01 ',
    '   0: 01007F:1000 0200007F:6820 01 x',
  ]) {
    t.same(parseTcp(text), [], JSON.stringify(text))
  }
})

t.test('a connection accepted on another listening port is nobody that the node is connected to', async t => {
  const line = (local: string, remote: string, state: string) =>
    `   0: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000 0 0 1 1\n`
  const text =
    line('00000000:6820', '00000000:0000', '0A') +
    line('00000000:6821', '00000000:0000', '0A') +
    line('0100000A:6821', '0900000A:8000', '01') +
    line('0100000A:6820', '0200000A:8000', '01') +
    line('0100000A:9000', '0300000A:6820', '01')
  t.same(connectionsOf(parseTcp(text), 0x6820), [{ address: '10.0.0.2' }, { address: '10.0.0.3', port: 26656 }])
})

for (const [family, address] of [
  ['IPv4', '127.0.0.1'],
  ['IPv6', '::1'],
] as const) {
  const absent = !Object.values(networkInterfaces()).some(addresses => addresses?.some(own => own.address === address))
  t.test(
    `sees real sockets on ${family}, from both ends`,
    { skip: absent && `no ${family} on this machine` },
    async t => {
      const accepted: Socket[] = []
      const server = createServer(socket => accepted.push(socket))
      await new Promise<void>(resolve => server.listen(0, address, resolve))
      const { port } = server.address() as AddressInfo
      const client = connect(port, address)
      t.teardown(() => {
        client.destroy()
        for (const socket of accepted) socket.destroy()
        server.close()
      })
      await until('the connection', () => accepted.length === 1 && !client.connecting)
      const sockets = await readSockets()
      t.ok(isListening(sockets, port))
      const mine = sockets.filter(
        socket => socket.local.port === client.localPort || socket.remote.port === client.localPort,
      )
      t.same(
        connectionsOf(
          [...mine, ...sockets.filter(socket => socket.local.port === port && socket.state === 'listen')],
          port,
        ).sort((a, b) => (a.port ?? 0) - (b.port ?? 0)),
        [{ address }, { address, port }],
      )
      server.close()
      await until('the port closed', async () => !isListening(await readSockets(), port))
    },
  )
}

t.test('a machine without IPv6 has no tcp6; one without tcp cannot be read', async t => {
  const dir = t.testdir({
    four: { net: { tcp: fixture('proc-net-tcp.txt') } },
    none: {},
    odd: { net: { tcp: '', tcp6: {} } },
  })
  t.equal((await readSockets(join(dir, 'four'))).length, 10)
  await t.rejects(readSockets(join(dir, 'none')), { code: 'ENOENT' })
  await t.rejects(readSockets(join(dir, 'odd')), { code: 'EISDIR' })
})
