// The supervisor's `look`, under busybox's and dash's sh, with real processes: which program a script has started.

import t, { type Test } from 'tap'
import { freePort } from '../../fixtures/free-port.ts'
import { eventually, type Options, type Supervised, shells, supervise } from '../fixtures/supervised.ts'

t.jobs = 4
t.setTimeout(60_000)

for (const { name, path } of shells(t)) {
  if (!path) {
    t.test(`${name}: not on this machine`, { skip: `${name} is not installed` }, async () => {})
    continue
  }
  const test = (
    what: string,
    body: (t: Test, run: (command: string | string[], options?: Options) => Supervised) => Promise<void>,
  ) =>
    t.test(`${name}: ${what}`, { buffered: true }, async t => {
      await body(t, (command, options) => supervise(t, path, command, options))
    })

  test('look: names the programs below a script, and stops nothing', async (t, run) => {
    const port = await freePort()
    const one = run(
      `cp "$(command -v dash)" $DIR/interchain-security-cd; ln $NODE $DIR/gaiad || cp $NODE $DIR/gaiad
      echo 'echo 1 >>$DIR/starts; sleep 1000 & sleep 1000 & wait' >$DIR/program
      $DIR/gaiad -e "require('net').createServer().listen(${port}, '127.0.0.1')" &
      exec $DIR/interchain-security-cd $DIR/program start --home "$DIR/with 'odd' * words"`,
      { env: { NODE: process.execPath } },
    )
    await eventually('it runs', () => one.read('starts') !== '')
    t.equal((await one.until('running', state => state.phase === 'running')).programs, undefined, 'nobody asked')
    one.request('restart r1\n')
    await one.until('its second start', state => state.starts === 2)
    await eventually('it runs again', () => one.read('starts') === '1\n1\n')
    const named = async () => {
      one.request(`look l1 ${port}\n`)
      await eventually('it was taken', async () => (await one.state())?.programs !== undefined)
      return (await one.state())?.programs ?? []
    }
    await eventually('it listens', async () => (await named()).some(program => program.listens))
    const programs = await named()
    t.match(
      programs.find(program => program.name === 'interchain-security-cd'),
      { starts: true, listens: false },
    )
    t.match(
      programs.find(program => program.name === 'gaiad'),
      { starts: false, listens: true },
    )
    t.equal(
      programs.filter(program => program.name === 'sleep' || program.name === 'coreutils').length,
      2,
      'shells alone are left out',
    )
    t.ok(programs.every(program => program.ageSeconds < 120))
    t.match(await one.state(), { request: 'r1', starts: 2, phase: 'running' })
    one.request('look l2 0\nlook l3 123456\nlook l4\n')
    await eventually('all malformed', () => one.stderr().split('ignored a malformed request').length === 4)
    one.request('restart r2\n')
    t.equal(
      (await one.until('its third start', state => state.starts === 3)).programs,
      undefined,
      'they were of the last one',
    )
    one.request('exit end\n')
    await one.ended
    t.strictSame(one.alive(), [])
  })

  test('look: many programs, and names that are none', async (t, run) => {
    const one = run(
      `cp "$(command -v dash)" "$DIR/odd name"; cp "$(command -v dash)" "$DIR/$(printf '%065d' 0)"
      for file in "$DIR/odd name" "$DIR/$(printf '%065d' 0)"; do "$file" -c 'sleep 1000; :' & done
      for n in 1 2 3 4 5 6 7 8 9 10; do sleep 1000 & done; echo 1 >$DIR/starts; wait`,
    )
    await eventually('it runs', () => one.read('starts') !== '')
    one.request('look l1 26656\n')
    const { programs } = await one.until('they are named', state => state.programs !== undefined)
    t.equal(programs?.length, 8)
    t.ok(programs?.every(program => /^[a-z]+$/.test(program.name)))
    one.request('exit end\n')
    await one.ended
  })
}
