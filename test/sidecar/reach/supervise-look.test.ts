// The supervisor's `look`, under busybox's and dash's sh, with real processes: which program a script has started.
import t from 'tap'
import { freePort } from '../../fixtures/free-port.ts'
import { eventually, inEachShell } from '../fixtures/supervised.ts'

t.jobs = 4
t.setTimeout(60_000)

inEachShell(t, test => {
  test('look: names the programs below a script, and stops nothing', async (t, run) => {
    const port = await freePort()
    const wrapped = run(
      `cp "$(command -v dash)" $DIR/interchain-security-cd; ln $NODE $DIR/gaiad || cp $NODE $DIR/gaiad
      echo 'echo 1 >>$DIR/starts; sleep 1000 & sleep 1000 & wait' >$DIR/program
      $DIR/gaiad -e "require('net').createServer().listen(${port}, '127.0.0.1')" &
      exec $DIR/interchain-security-cd $DIR/program start --home "$DIR/with 'odd' * words"`,
      { env: { NODE: process.execPath } },
    )
    await eventually('it runs', () => wrapped.read('starts') !== '')
    t.equal((await wrapped.until('running', state => state.phase === 'running')).programs, undefined, 'nobody asked')
    wrapped.request('restart r1\n')
    await wrapped.until('its second start', state => state.starts === 2)
    await eventually('it runs again', () => wrapped.read('starts') === '1\n1\n')
    const named = async () => {
      wrapped.request(`look l1 ${port}\n`)
      await eventually('it was taken', async () => (await wrapped.state())?.programs !== undefined)
      return (await wrapped.state())?.programs ?? []
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
    t.match(await wrapped.state(), { request: 'r1', starts: 2, phase: 'running' })
    wrapped.request('look l2 0\nlook l3 123456\nlook l4\n')
    await eventually('all malformed', () => wrapped.stderr().split('ignored a malformed request').length === 4)
    wrapped.request('restart r2\n')
    t.equal(
      (await wrapped.until('its third start', state => state.starts === 3)).programs,
      undefined,
      'they were of the last one',
    )
    wrapped.request('exit end\n')
    await wrapped.ended
    t.strictSame(wrapped.alive(), [])
  })

  test('look: many programs, and names that are none', async (t, run) => {
    const wrapped = run(
      `cp "$(command -v dash)" "$DIR/odd name"; cp "$(command -v dash)" "$DIR/$(printf '%065d' 0)"
      for file in "$DIR/odd name" "$DIR/$(printf '%065d' 0)"; do "$file" -c 'sleep 1000; :' & done
      for n in 1 2 3 4 5 6 7 8 9 10; do sleep 1000 & done; echo 1 >$DIR/starts; wait`,
    )
    await eventually('it runs', () => wrapped.read('starts') !== '')
    wrapped.request('look l1 26656\n')
    const { programs } = await wrapped.until('they are named', state => state.programs !== undefined)
    t.equal(programs?.length, 8)
    t.ok(programs?.every(program => /^[a-z]+$/.test(program.name)))
    wrapped.request('exit end\n')
    await wrapped.ended
  })
})
