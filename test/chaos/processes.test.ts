// Against processes of our own: who is found, who is frozen, who is ended.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { until } from '../fixtures/until.ts'
import { component, freeze, kill, nodeProcesses, processes, takeAway } from './processes.ts'

const stateOf = (pid: number) => readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '')[0]

t.test('a process is found, frozen, thawed and ended', async t => {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' })
  t.teardown(() => child.kill('SIGKILL'))
  await once(child, 'spawn')
  const { pid = 0 } = child
  const mine = () => processes(found => found.pid === pid)
  await until('it has its own name', () => mine()[0]?.args[0] === 'sleep')
  t.match(mine(), [{ pid, parent: process.pid, args: ['sleep', '60'], start: /^\d+$/ }])
  t.notOk(
    nodeProcesses().some(found => found.pid === pid),
    'no node of a pod',
  )
  const thaw = freeze(mine())
  await until('it is frozen', () => stateOf(pid) === 'T')
  await thaw()
  await until('it goes on', () => stateOf(pid) === 'S')
  const thawLater = freeze(mine())
  kill(mine())
  await once(child, 'exit')
  t.same(mine(), [])
  await t.resolves(thawLater(), 'nobody else is thawed in its place')
})

t.test('a component that is taken away is started again as it was', async t => {
  const cwd = t.testdir({ log: {} })
  const name = `part-${process.pid}`
  copyFileSync('/bin/sleep', join(cwd, name))
  const env = { PATH: cwd, SAID: 'a=b' }
  const child = spawn(name, ['61'], { cwd, env, stdio: 'ignore' })
  await once(child, 'spawn')
  await until('it has its own name', () => processes(({ args }) => args[0] === name).length === 1)
  const start = takeAway(name)
  await once(child, 'exit')
  t.throws(() => component(name), /expected the cluster's/)
  await start()
  await until('it has its own name', () => processes(({ args }) => args[0] === name).length === 1)
  const again = component(name)
  t.teardown(() => kill([again]))
  t.same(again.args, [name, '61'])
  t.not(again.pid, child.pid)
  t.match(readFileSync(`/proc/${again.pid}/environ`, 'utf8'), 'SAID=a=b')
  t.equal(readlinkSync(`/proc/${again.pid}/cwd`), cwd)
})
