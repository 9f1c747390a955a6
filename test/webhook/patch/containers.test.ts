// The scripts that injection puts into a pod, run by busybox alone, as in repeer's image, without any PATH.
import { spawn, spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { installScript, probeScript } from '../../../webhook/patch/containers.ts'

const skip = (busybox?: string) => (busybox ? false : 'no busybox on this machine')
const busybox = ['/usr/bin/busybox', '/bin/busybox'].find(file => existsSync(file))

t.test('installs programs and the control directory, again and again', { skip: skip(busybox) }, t => {
  const dir = t.testdir({ image: { supervise: '#!/bin/sh\n' }, wrap: {}, control: {} })
  const [image, wrap, control] = ['image', 'wrap', 'control'].map(name => join(dir, name)) as [string, string, string]
  const shell = join(image, 'sh')
  copyFileSync(busybox ?? '', shell)
  const mode = (...names: string[]) => statSync(join(...names)).mode & 0o777
  for (const round of ['first', 'second']) {
    const { status, stderr } = spawnSync(shell, ['-c', installScript(image, wrap, control)], {
      env: { PATH: '/nowhere' },
      encoding: 'utf8',
    })
    t.equal(status, 0, `${round}: ${stderr}`)
    t.equal(mode(wrap, 'sh'), 0o555)
    t.equal(mode(wrap, 'supervise'), 0o555)
    t.ok(statSync(join(control, 'requests')).isFIFO())
    t.equal(mode(control, 'requests'), 0o666, 'any user may ask, whatever the umask')
    t.ok(statSync(join(control, 'env')).isDirectory())
  }
  const missing = spawnSync(shell, ['-c', installScript(join(dir, 'none'), wrap, control)], { encoding: 'utf8' })
  t.not(missing.status, 0, 'a broken image is an error, not a node without a supervisor')
  t.end()
})

t.test('the probe inside of the container follows /healthz', { skip: skip(busybox) }, async t => {
  const shell = join(t.testdir(), 'sh')
  copyFileSync(busybox ?? '', shell)
  let status = 200
  const server = createServer((_request, response) => response.writeHead(status).end('{}'))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const probe = () =>
    new Promise<number | null>(resolve =>
      spawn(shell, ['-c', probeScript(port)], { env: {} }).once('exit', code => resolve(code)),
    )
  t.equal(await probe(), 0)
  status = 503
  t.equal(await probe(), 1)
  server.close()
  server.closeAllConnections()
  t.equal(await probe(), 1, 'nothing listens')
})
