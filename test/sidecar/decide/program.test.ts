// Which program is the node below a script, and what that makes of a plan.
import t from 'tap'
import type { KeySource, LiteralSource, Plan } from '../../../peers/plan.ts'
import { checkPlan } from '../../../peers/plan-check.ts'
import type { Outcome } from '../../../sidecar/decide/decision.ts'
import { type Lists, sourceKey } from '../../../sidecar/decide/lists.ts'
import type { Program } from '../../../sidecar/decide/observation.ts'
import { mayLearn, nodeAmong, questionsDue, withProgram, wrappers } from '../../../sidecar/decide/program.ts'
import { tokenOf } from '../../../sidecar/decide/token.ts'
import { wrappers as webhookWrappers } from '../../../webhook/shell/wrappers.ts'
import { connection, host, nodeId, peer, plan, source, start, world } from '../fixtures/look.ts'

const reason = ({ decision }: Outcome): string => (decision.do === 'wait' ? decision.reason : decision.do)
const variable = 'INTERCHAIN_SECURITY_CD_P2P_PERSISTENT_PEERS'

/** NAME:FLAGS:AGE, as the supervisor writes them. */
function programs(...texts: string[]): Program[] {
  return texts.map(text => {
    const [name = '', flags = '', age] = text.split(':')
    return { name, listens: flags.includes('l'), starts: flags.includes('s'), ageSeconds: Number(age) }
  })
}

t.test('the node among the programs below a script', async t => {
  const rows: [string, string[], string | undefined][] = [
    ['it alone', ['interchain-security-cd:s:5'], 'interchain-security-cd'],
    ['who listens for peers, whatever its arguments', ['other:s:1', 'gaiad:l:50'], 'gaiad'],
    ['cosmovisor is not the node', ['cosmovisor:s:50', 'gaiad:s:49'], 'gaiad'],
    ['nor is what handed it its socket', ['tini:ls:50', 'gaiad:l:49'], 'gaiad'],
    ['cosmovisor alone, which has not started it yet', ['cosmovisor:s:500'], undefined],
    ['the youngest with `start`', ['gaiad:s:500', 'junod:s:5'], 'junod'],
    ['without `start`, who lives long', ['jq::1', 'curl::59', 'gaiad::60'], 'gaiad'],
    ['nobody yet', ['curl::59', 'tar::59'], undefined],
    ['none', [], undefined],
  ]
  for (const [what, texts, expected] of rows) t.equal(nodeAmong(programs(...texts))?.name, expected, what)
})

const env = source({ via: 'env', variable: 'PERSISTENT_PEERS', format: 'cometbft-list' })

t.test('what becomes of the plan', async t => {
  const literal = (name: string): LiteralSource => ({
    kind: 'Literal',
    name,
    format: 'cometbft-list',
    role: 'peer',
    text: '',
    level: 'none',
  })
  const frozen = { ...env, level: 'container' } as const
  const rows: [string, Plan, KeySource['level'] | undefined][] = [
    ['env', plan({ sources: [env] }), 'process'],
    ['envFrom', plan({ sources: [source({ via: 'envFrom', variable: 'X' })] }), 'process'],
    ['subPath', plan({ sources: [source({ via: 'subPath' })] }), 'process'],
    ['init', plan({ sources: [source({ via: 'init' })] }), 'process'],
    ['unseen', plan({ sources: [source({ via: 'init', unseen: true, level: 'none' })] }), 'process'],
    [
      'env beside a literal that the script reads',
      plan({ sources: [env, literal('env PERSISTENT_PEERS')] }),
      'process',
    ],
    ['a directory', plan({ sources: [source()] }), undefined],
    ['seeds', plan({ sources: [{ ...env, role: 'seed' }] }), undefined],
    ['written into a flag by the kubelet', plan({ sources: [frozen] }), undefined],
    ['beside a flag', plan({ sources: [env, literal('args[3] --p2p.persistent_peers')] }), undefined],
    [
      'the webhook knew',
      plan({ sources: [env, source({ via: 'subPath', override: 'GAIAD_P2P_PERSISTENT_PEERS' })] }),
      undefined,
    ],
    [
      'signal',
      plan({
        reach: { by: 'signal', uid: 1, names: [] },
        sources: [source({ via: 'subPath' }, { by: 'signal', uid: 1, names: [] })],
      }),
      undefined,
    ],
    ['another profile', plan({ profile: 'geth', sources: [source({ via: 'subPath' })] }), undefined],
  ]
  for (const [what, before, level] of rows) {
    t.equal(mayLearn(before), level !== undefined, what)
    const after = withProgram(before, { variable })
    if (level === undefined) t.equal(after, before, what)
    else {
      t.match(after.sources[0], { override: variable, level }, what)
      checkPlan(after)
    }
  }
  const own = plan({ sources: [{ ...env, variable }] })
  t.equal(withProgram(own, { variable }), own, 'the pod sets that variable itself: it is exported anew')
  t.equal(withProgram(own, undefined), own)
})

t.test('when the supervisor is asked', async t => {
  for (const [seconds, expected] of [
    [9.9, 0],
    [10, 1],
    [19.9, 1],
    [20, 2],
    [39, 2],
    [40, 3],
    [3600, 9],
    [1e6, 9],
  ] as const) {
    t.equal(questionsDue(start, start + seconds * 1000, 10), expected, `${seconds} s`)
  }
})

/** A node behind a script that copies PERSISTENT_PEERS into a file once; its process is the supervisor's first. */
function scripted() {
  const thePlan = plan({ sources: [env] })
  const w = world({ plan: thePlan, peers: [peer(1), peer(2)] })
  w.hosts = { node1: host('10.0.0.1'), node2: host('10.0.0.2'), node3: host('10.0.0.3') }
  w.connections = [1, 2].map(n => connection(n, `10.0.0.${n}`, { port: 26656 }))
  w.process = { identity: 's/1', startedAt: start }
  /** As readInput does: the plan that the memory makes of it. */
  const look = w.after
  w.after = seconds => {
    w.plan = withProgram(thePlan, w.memory.learned)
    return look(seconds)
  }
  return w
}

t.test('learned, remembered, and the next edit arrives', async t => {
  const w = scripted()
  w.after(0)
  w.process = { identity: 's/1', startedAt: start, programs: programs('jq::3', 'interchain-security-cd:s:9') }
  w.after(10)
  t.match(w.memory.learned, { program: 'interchain-security-cd', variable, listens: false, at: w.now })
  w.process = { identity: 's/1', startedAt: start, programs: programs('interchain-security-cd:ls:29') }
  w.after(20)
  t.match(w.memory.learned, { variable, listens: true, at: start + 10_000 }, 'now for sure')
  w.process = { identity: 's/1', startedAt: start, programs: programs('hermes:s:29') }
  w.after(20)
  t.match(w.memory.learned, { variable }, 'what is surer stays')
  w.memory = JSON.parse(JSON.stringify(w.memory))
  t.equal(reason(w.after(600)), 'nothing', 'connected to all: the doubt is of no consequence')
  w.peers = [...w.peers, peer(3)]
  const seen: string[] = []
  for (let at = 0; at < 30 && w.memory.intent === null; at++) seen.push(reason(w.after(1)))
  t.same([...new Set(seen)], ['settling', 'restart'])
  t.match(w.memory.intent, { level: 'process' })
  w.restarted('s/2')
  t.equal(reason(w.after(1)), 'nothing')
  t.match(w.memory.restarts, [{ outcome: 'verified' }])
})

t.test(
  'a file that an earlier pod left on the volume: once it is in doubt, a restart brings the list, and no second',
  async t => {
    const w = scripted()
    w.connections = [connection(1, '10.0.0.1', { port: 26656 })]
    for (let at = 0; at < 600; at += 30) t.equal(reason(w.after(30)), 'nothing', 'it was given, as far as is known')
    w.process = { identity: 's/1', startedAt: start, programs: programs('interchain-security-cd:ls:600') }
    w.after(1)
    t.same(w.memory.startedWith?.uncertain, ['node2'], 'node1 it has dialled')
    const seen: string[] = []
    for (let at = 0; at < 60 && w.memory.intent === null; at++) seen.push(reason(w.after(1)))
    t.equal(seen.at(-1), 'restart')
    w.restarted('s/2')
    w.process = { ...w.process, snapshotToken: tokenOf({ [sourceKey(env)]: w.peers }) } as typeof w.process
    w.after(1)
    w.connections = w.connections.filter(one => one.id !== nodeId(2))
    for (let at = 0; at < 3600; at += 30)
      t.equal(reason(w.after(30)), 'nothing', 'it has it, and the peer is down or refuses it')
    t.equal(w.memory.restarts.length, 1)
  },
)

t.test('a start of which the variable is not known to have been exported is in doubt, with addresses, too', async t => {
  const w = scripted()
  w.peers = [peer(1), peer(2, { host: '10.0.0.2' })]
  w.memory = { ...w.memory, learned: { program: 'interchain-security-cd', variable, listens: true, at: start + 5000 } }
  w.process = { identity: 's/1', startedAt: start, snapshotToken: tokenOf({ [sourceKey(env)]: w.peers }) }
  w.connections = [connection(1, '10.0.0.1', { port: 26656 })]
  w.after(0)
  t.same(w.memory.startedWith?.uncertain, ['10.0.0.2'], 'the token was of exports without it')
  w.after(0)
  for (let at = 0; at < 29; at += 1) t.equal(reason(w.after(1)), 'settling', 'it may be dialling')
  t.equal(reason(w.after(1)), 'restart')
  const tokens: readonly [token: (lists: Lists) => string, uncertain: string[]][] = [
    [lists => tokenOf(lists, {}, variable), []],
    [lists => tokenOf(lists, { '@node1:26656': '10.0.0.1' }, variable), []],
    // It started after it was learned, and before it was exported.
    [lists => tokenOf(lists), ['node1', 'node2']],
    [lists => tokenOf(lists, {}, 'GAIAD_P2P_PERSISTENT_PEERS'), ['node1', 'node2']],
  ]
  for (const [token, uncertain] of tokens) {
    const other = scripted()
    other.memory = {
      ...other.memory,
      learned: { program: 'interchain-security-cd', variable, listens: true, at: start - 1 },
    }
    other.connections = []
    other.process = { identity: 's/2', startedAt: start, snapshotToken: token({ [sourceKey(env)]: other.peers }) }
    other.after(0)
    t.same(other.memory.startedWith?.uncertain, uncertain, token({}))
    t.equal(other.memory.startedWith?.lists[sourceKey(env)]?.length, 2)
  }
})

t.test('what the webhook looks behind is no node here either', t => {
  const builtins = new Set(['exec', 'command', 'builtin'])
  t.same(
    [...webhookWrappers.keys()].filter(name => !builtins.has(name) && !wrappers.has(name)),
    [],
  )
  t.end()
})
