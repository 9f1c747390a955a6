// Against processes of our own: who is found, who is frozen, who is ended.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import t from 'tap'
import { until } from '../fixtures/until.ts'
import { freeze, kill, nodeProcesses, processes } from './processes.ts'

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
