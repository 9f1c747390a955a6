// Which nodes will be told their peers while they run, as admission can know; and which lists that is all that reaches
// them.
import t from 'tap'
import { decide } from '../../../webhook/decide/decide.ts'
import { sourceTexts } from '../../../webhook/decide/node/node-facts.ts'
import { tellingOf } from '../../../webhook/decide/node/telling.ts'
import { type Change, injected, input, list, toml } from '../fixtures/pods/build.ts'

const unsafe = (value: boolean) => ({
  maps: { node: { 'config.toml': `${toml()}[rpc]\nladdr = "tcp://127.0.0.1:26657"\nunsafe = ${value}\n` } },
})
const stellar = (env: object[], over = {}): Change => ({
  container: {
    name: 'stellar-node',
    image: 'stellar/stellar-core:v21.0.0',
    command: undefined,
    ports: [{ containerPort: 11625 }],
    volumeMounts: [],
    env,
    ...over,
  },
  pod: { securityContext: { runAsUser: 10000 } },
  maps: { 'stellar-peers': { KNOWN_PEERS: '10.244.0.3:11625\n10.244.0.4:11625\n' } },
})
const fromMap = { name: 'KNOWN_PEERS', valueFrom: { configMapKeyRef: { name: 'stellar-peers', key: 'KNOWN_PEERS' } } }

t.test('whether it is told', async t => {
  const rows: [string, Change, RegExp][] = [
    [
      'cometbft, unsafe',
      unsafe(true),
      /^told moved peers and new entries, before it would be restarted: \[rpc\] unsafe is true$/,
    ],
    [
      'cometbft, not unsafe',
      unsafe(false),
      /^not told: \[rpc\] unsafe is not true in its config.toml; with it, it would be told/,
    ],
    [
      'cometbft, unsafe in another section',
      { maps: { node: { 'config.toml': `[rpc]\n${toml()}unsafe = true\n` } } },
      /^not told: \[rpc\] unsafe is not true/,
    ],
    [
      'cometbft, no such file',
      { maps: { node: { 'config.toml': toml() } } },
      /, if \[rpc\] unsafe is true in its config.toml, which is not read here$/,
    ],
    [
      'observed because its operator remembers its PID',
      {
        ...unsafe(true),
        pod: { volumes: [{ name: 'config', configMap: { name: 'node' } }], restartPolicy: 'Never' },
        container: { command: undefined, args: ['start'], image: 'gaia' },
      },
      /^told moved peers and new entries, though it is never restarted: \[rpc\] unsafe is true$/,
    ],
    [
      'asked to observe',
      { ...unsafe(true), annotations: { 'repeer.dev/strategy': 'observe' } },
      /^not told: repeer.dev\/strategy says observe$/,
    ],
    [
      'host network',
      { ...unsafe(true), pod: { volumes: [{ name: 'config', configMap: { name: 'node' } }], hostNetwork: true } },
      /^not told: under hostNetwork/,
    ],
    [
      'stellar-core',
      stellar([fromMap]),
      /^told moved peers and new entries, before it would be restarted, through its HTTP port 11626$/,
    ],
  ]
  for (const [what, change, expected] of rows) {
    const asked = input(change)
    const { plan } = injected(decide(asked))
    t.match(tellingOf(plan, sourceTexts(asked, plan.sources)), expected, what)
  }
})

t.test('stellar-core reads no variable: its list is not given at a start, and no restart brings it', async t => {
  const annotated = { ...stellar([]), annotations: { 'repeer.dev/config': 'configmap/stellar-peers/KNOWN_PEERS' } }
  for (const [what, change, source, why] of [
    ['env', stellar([fromMap]), { via: 'env' }, /by telling alone: the program does not read variable KNOWN_PEERS/],
    [
      'env, its command given',
      stellar([fromMap], { command: ['stellar-core', 'run'] }),
      { via: 'env' },
      /by telling alone/,
    ],
    [
      'an annotation beside it',
      { ...stellar([fromMap]), annotations: annotated.annotations },
      { via: 'env' },
      /by telling alone/,
    ],
    [
      'an annotation',
      annotated,
      { via: 'init' },
      /stellar-peers\/KNOWN_PEERS, which no container sees, by telling alone/,
    ],
    [
      'a literal',
      stellar([{ name: 'KNOWN_PEERS', value: 'a:11625,b:11625' }]),
      { kind: 'Literal' },
      /the program does not read it, so the node can only be told it/,
    ],
  ] as [string, Change, object, RegExp][]) {
    const decision = injected(decide(input(change)))
    t.match(decision.plan.sources, [{ ...source, unseen: true, level: 'none' }], what)
    t.match(decision.why.sources, why, what)
    t.equal(decision.peers, 2)
  }
  const script = injected(
    decide(input(stellar([fromMap], { command: ['/entrypoint.sh'], image: 'stellar/stellar-core' }))),
  )
  t.notOk(script.plan.sources[0]?.unseen, 'a script may render a file of it')
})

t.test('a variable beside what it reads', async t => {
  const env = [{ name: 'PERSISTENT_PEERS', valueFrom: { configMapKeyRef: { name: 'm', key: 'k' } } }]
  const { why } = injected(decide(input({ container: { env, volumeMounts: [] }, maps: { m: { k: list } } })))
  t.match(
    why.sources,
    'ConfigMap m/k by variable GAIAD_P2P_PERSISTENT_PEERS, exported at each restart: the program does not read variable PERSISTENT_PEERS',
  )
})
