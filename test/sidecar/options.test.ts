import t from 'tap'
import { timing } from '../../sidecar/decide/timing.ts'
import { resolverDefaults } from '../../sidecar/observe/resolve.ts'
import { parseSidecarOptions } from '../../sidecar/options.ts'

t.test('defaults are those of an injected pod', async t => {
  const options = parseSidecarOptions([])
  t.match(options, {
    input: '/repeer/input',
    state: '/repeer/state',
    control: '/repeer/control',
    listen: { host: '', port: 9469 },
    lookSeconds: 30,
    besideSeconds: 20,
  })
  t.ok(Object.isFrozen(options))
})

t.test('the defaults of flags are those of what the flags are about', async t => {
  const options = parseSidecarOptions([])
  const { minTtlSeconds, maxTtlSeconds, questions, hostsFile, resolvConf } = resolverDefaults
  t.match(options, { minTtlSeconds, maxTtlSeconds, dnsQuestions: questions, hostsFile, resolvConf })
  const { dnsCacheSeconds, selfTurnSeconds, verifySeconds } = timing
  t.match(options, { dnsCacheSeconds, selfTurnSeconds, verifySeconds })
})

t.test('addresses to listen on', async t => {
  t.strictSame(parseSidecarOptions(['--listen', '127.0.0.2:0']).listen, { host: '127.0.0.2', port: 0 })
  t.strictSame(parseSidecarOptions(['--listen', '[::1]:80']).listen, { host: '::1', port: 80 })
})

t.test('every problem is reported together', async t => {
  t.plan(9)
  try {
    parseSidecarOptions(['--listen', 'x', '--look-seconds=-1', '--log-level', 'loud', '--verify-seconds', ''])
  } catch (error) {
    const { message } = error as Error
    for (const part of [
      '--listen: found "x"',
      '--look-seconds: found "-1"',
      '--log-level: found "loud"',
      '--verify-seconds: found ""',
    ]) {
      t.ok(message.includes(part), part)
    }
  }
  t.throws(() => parseSidecarOptions(['--unknown']), { code: 'ERR_PARSE_ARGS_UNKNOWN_OPTION' })
  for (const seconds of ['0', '0.5', '100000'])
    t.throws(
      () => parseSidecarOptions(['--beside-seconds', seconds]),
      /expected whole seconds from 1 to 99999/,
      seconds,
    )
  t.throws(() => parseSidecarOptions(['--listen', ':70000']), /expected HOST:PORT/)
})
