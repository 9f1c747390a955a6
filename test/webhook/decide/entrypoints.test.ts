// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the shell's own. Shapes of entrypoints that public charts
// and images have (searched out; their shapes, not their text), each with what is right.
import t from 'tap'
import { decide } from '../../../webhook/decide/decide.ts'
import { type Change, ids, injected, input, list, skipped } from '../fixtures/pods/build.ts'

const enode = `enode://${'ab'.repeat(64)}@boot-0.boot:30303`
const multiaddr = '/dns4/p-0/tcp/30333/p2p/12D3KooWMeR4iQLRBNq87ViDf9W7f6cc9ydAPJgmq48rAH116WoC'

/** A container whose mounted /scripts/run.sh is the script, and whose variables come from ConfigMap `env`. */
function scripted(script: string, env: Record<string, string> = {}, container: Record<string, unknown> = {}): Change {
  return {
    pod: {
      volumes: [
        { name: 'scripts', configMap: { name: 'scripts' } },
        { name: 'data', emptyDir: {} },
      ],
    },
    container: {
      image: 'registry.example.com/chain:1',
      command: ['/bin/bash', '/scripts/run.sh'],
      envFrom: [{ configMapRef: { name: 'env' } }],
      volumeMounts: [
        { name: 'scripts', mountPath: '/scripts' },
        { name: 'data', mountPath: '/data' },
      ],
      ...container,
    },
    maps: { scripts: { 'run.sh': `#!/bin/bash\n${script}` }, env },
  }
}

/** The sources that count for peers, as told: source, how it is seen, level, override. */
function told(change: Change): string[] {
  const { plan } = injected(decide(input(change)))
  return plan.sources.map(source =>
    source.kind === 'Literal'
      ? `${source.name} ${source.role}: ${source.text}`
      : [`${source.name}/${source.key}`, source.via, source.level, source.override].filter(Boolean).join(' '),
  )
}

const peers = { PERSISTENT_PEERS: list }
const rows: readonly [what: string, change: Change, expected: readonly string[]][] = [
  [
    'functions that set up and run',
    scripted(
      'setup() {\n  chaind init "$MONIKER" --chain-id "$CHAIN_ID" --overwrite\n  curl "$GENESIS_URL" > "$HOME/config/genesis.json"\n}\nrun() {\n  chaind start --p2p.persistent_peers "$PERSISTENT_PEERS" --rpc.laddr tcp://0.0.0.0:26657\n}\nsetup\nsleep 2\nrun\n',
      peers,
    ),
    ['env/PERSISTENT_PEERS envFrom process'],
  ],
  [
    'a template, filled in at each start',
    scripted(
      "cat > /tpl <<'E'\n[p2p]\npersistent_peers = \"${P}\"\nE\nenvsubst '$P' < /tpl | tee /data/config/config.toml >/dev/null\nexec su-exec x chaind start --home /data\n",
      { P: list },
    ),
    ['env/P envFrom process'],
  ],
  [
    "variables before an image's own script, in the background",
    scripted(
      `start() {\n  MONIKER=x \\\n  P2P_PERSISTENT_PEERS="${list}" \\\n  run.sh chaind start \\\n    --rpc.laddr tcp://0.0.0.0:26657 &\n  PID="$!"\n}\nstop() { kill $PID; while $(kill -0 $PID 2>/dev/null); do sleep 1; done; }\ntrap 'stop' TERM INT\nstart\nwait $PID\n`,
    ),
    [`ConfigMap scripts/run.sh P2P_PERSISTENT_PEERS peer: ${list}`],
  ],
  [
    'the outranking variable, added to',
    scripted(
      'if [ "$STATESYNC" = 1 ]; then\n  T="$(curl -s $RPC/status | jq -r .id)@${RPC%:*}:26656"\n  CHAIND_P2P_PERSISTENT_PEERS="$CHAIND_P2P_PERSISTENT_PEERS,$T"\n  export CHAIND_P2P_PERSISTENT_PEERS\nfi\nexec chaind start --home /data\n',
      { CHAIND_P2P_PERSISTENT_PEERS: list },
    ),
    ['env/CHAIND_P2P_PERSISTENT_PEERS envFrom process CHAIND_P2P_PERSISTENT_PEERS'],
  ],
  [
    'the outranking variable with a default from the network',
    scripted(
      'META=./meta.json\ncurl -sSfl "$URL" > "$META"\nexport CHAIND_P2P_PERSISTENT_PEERS="${CHAIND_P2P_PERSISTENT_PEERS:-"$(jq -Mr \'.peers[] | .id + "@" + .address\' "$META" | paste -sd, -)"}"\n[ -d "$HOME/config" ] || chaind init x\nexec /bin/chaind start --p2p.laddr "tcp://0.0.0.0:26656"\n',
      { CHAIND_P2P_PERSISTENT_PEERS: list },
    ),
    ['env/CHAIND_P2P_PERSISTENT_PEERS envFrom process CHAIND_P2P_PERSISTENT_PEERS'],
  ],
  [
    'a TOML editor where the variable is set',
    scripted(
      'if [ "${PERSISTENT_PEERS+set}" = "set" ]; then\n  if [ -n "$PERSISTENT_PEERS" ]; then\n    dasel put -t string -f "/data/config/config.toml" -v "$PERSISTENT_PEERS" \'p2p.persistent_peers\'\n  fi\nfi\nexport DAEMON_NAME=chaind DAEMON_HOME=/data\nexec cosmovisor run start --home /data ${EXTRA_START_FLAGS:-}\n',
      peers,
    ),
    ['env/PERSISTENT_PEERS envFrom process CHAIND_P2P_PERSISTENT_PEERS'],
  ],
  [
    'cosmovisor behind env in a subshell',
    scripted(
      '(\n  exec env \\\n    DAEMON_NAME=panacead \\\n    DAEMON_HOME="$DAEMON_HOME" \\\n    UNSAFE_SKIP_BACKUP=true \\\n    cosmovisor run start --home "$DAEMON_HOME"\n) >>"$LOG_FILE" 2>&1 &\nwait\n',
      peers,
    ),
    ['env/PERSISTENT_PEERS envFrom process PANACEAD_P2P_PERSISTENT_PEERS'],
  ],
  [
    'flags by the kind of node',
    scripted(
      "case $NODE_TYPE in\n  API)\n    OPTIONS='--rpc.laddr tcp://0.0.0.0:26657 --api.enable'\n    ;;\n  SENTRY)\n    OPTIONS='--p2p.laddr tcp://0.0.0.0:27656'\n    ;;\nesac\n/app/shardd start --home /app --chain-id x-${NETWORK} --p2p.persistent_peers \"$PEERS\" $OPTIONS\n",
      { PEERS: list, NODE_TYPE: 'SENTRY' },
    ),
    ['env/PEERS envFrom process'],
  ],
  [
    'a local array of flags',
    scripted(
      'start_node() {\n  local args=(\n    --home /data\n    --p2p.persistent_peers "$PERSISTENT_PEERS"\n    --grpc.enable=false\n  )\n  if [ "$DEBUG" = "1" ]; then\n    args+=(--log_level debug)\n  fi\n  exec "$BIN" start "${args[@]}" "$@"\n}\nBIN=${BIN:-chaind}\nstart_node "$@"\n',
      peers,
    ),
    ['env/PERSISTENT_PEERS envFrom process'],
  ],
  [
    'a file of the list, copied first',
    scripted(
      'if [ -f "/scripts/peers" ]; then\n  cp /scripts/peers "/data/config/peers.txt"\n  CHAIND_P2P_PERSISTENT_PEERS="$(cat "/data/config/peers.txt")"\n  export CHAIND_P2P_PERSISTENT_PEERS\nfi\nexec chaind start --home /data\n',
    ),
    ['scripts/peers directory process'],
  ],
  [
    'a list that the script edits in, by other separators',
    scripted(
      `PEERS="${ids[0]}@node1:26656,${ids[1]}@node2:26656"\nSEEDS="${ids[2]}@seed:26656"\nsed -i.bak -e "s|^seeds *=.*|seeds = \\"$SEEDS\\"|; s|^persistent_peers *=.*|persistent_peers = \\"$PEERS\\"|" /data/config/config.toml\nexec chaind start --home /data\n`,
    ),
    [`ConfigMap scripts/run.sh PEERS peer: ${list}`, `ConfigMap scripts/run.sh SEEDS seed: ${ids[2]}@seed:26656`],
  ],
  [
    'waits for another service first',
    scripted(
      'until nc -z signer 1234; do\n  echo waiting\n  sleep 1\ndone\ncommand -v jq > /dev/null || apk add --no-cache jq\nexec gosu chain dumb-init -- chaind start --home /data --p2p.persistent_peers=$PERSISTENT_PEERS "$@"\n',
      peers,
      { args: ['--log_format', 'json'] },
    ),
    ['env/PERSISTENT_PEERS envFrom process'],
  ],
  [
    'a Tendermint 0.35 node with dashes',
    scripted(
      `seid init x\nsed -i'' -e 's/persistent-peers = ""/persistent-peers = "'$PEERS'"/g' /data/config/config.toml\nseid start --home /data\n`,
      {
        PEERS: list,
      },
    ),
    ['env/PEERS envFrom process SEID_P2P_PERSISTENT_PEERS'],
  ],
  [
    'a Substrate node with a flag for each peer',
    scripted(
      'RESERVED="--reserved-only"\nif [ ! -z "$PEERS" ]\nthen\n  for ITEM in $(echo $PEERS | tr "," " ")\n  do\n    RESERVED="$RESERVED --reserved-nodes $ITEM"\n  done\nfi\nexec polkadot --base-path /data $RESERVED\n',
      { PEERS: `${multiaddr},${multiaddr.replace('p-0', 'p-1')}` },
    ),
    ['env/PEERS envFrom process'],
  ],
  [
    'geth after its init, with options of both',
    scripted(
      `[ -d /data/geth/chaindata ] || geth --datadir /data init /scripts/genesis.json\nOPTS=""\nif [[ -e /scripts/config.toml ]]; then\n  OPTS="$OPTS --config /scripts/config.toml"\nfi\nexec geth $OPTS --datadir /data "$@"\n`,
      {},
      { image: 'ethereum/client-go:v1.14' },
    ),
    ['scripts/config.toml directory process'],
  ],
]

for (const [what, change, expected] of rows) {
  const { scripts = {}, ...maps } = change.maps ?? {}
  const files = { peers: list, 'config.toml': `[Node.P2P]\nStaticNodes = ["${enode}"]\n` }
  const mounted =
    typeof scripts === 'string'
      ? scripts
      : { ...(/cp \/scripts\/peers|config\.toml \]\]/.test(scripts['run.sh'] ?? '') ? files : {}), ...scripts }
  const own = typeof mounted === 'string' || !what.startsWith('geth') ? mounted : { ...mounted, peers: '' }
  t.same(told({ ...change, maps: { ...maps, scripts: own } }), expected, what)
}

t.test('what cannot be known is said, with its place', t => {
  const said: readonly [what: string, change: Change, says: RegExp][] = [
    [
      'an ID that another node tells',
      scripted(
        'if test -f "/data/config/genesis.json"; then\n  echo present\nelse\n  kavad init test\nfi\nID="$(kavad --node http://other:26657 status | jq -r .node_info.id)"\nkavad start --p2p.persistent_peers "$ID@other:26656"\ntail -f /dev/null\n',
      ),
      /--p2p.persistent_peers in ConfigMap scripts\/run.sh is composed of what kavad prints.*repeer.dev\/peers/,
    ],
    [
      'a list that the network gives',
      scripted('PEERS="$(get_peers)"\nexec $BINARY start --home /data --p2p.persistent_peers "$PEERS"\n'),
      /composed of what get_peers prints/,
    ],
    [
      'files of a shared volume',
      scripted(
        'for file in /shared/peers/*; do\n  sed -i "s/persistent_peers = \\"\\"/persistent_peers = \\"$(cat $file),\\"/g" /data/config/config.toml\ndone\ndymd start --home /data\n',
      ),
      /container gaiad runs cometbft/,
    ],
    [
      "a Secret's ID",
      scripted(
        'exec chaind start --home /data --p2p.persistent_peers "$ID@other:26656"\n',
        {},
        {
          env: [{ name: 'ID', valueFrom: { secretKeyRef: { name: 's', key: 'id' } } }],
        },
      ),
      /composed of variable ID, which cannot be read here; name its list with repeer.dev\/peers/,
    ],
    [
      'a variable that nobody defines',
      scripted('exec chaind start --home /data --p2p.persistent_peers "$PEERS"\n'),
      /variable PEERS, which the pod's spec does not define/,
    ],
  ]
  for (const [what, change, says] of said) {
    const decision = skipped(decide(input(change)))
    t.equal(decision.reason, 'no-peers', what)
    t.match(decision.message, says, what)
  }
  t.end()
})

t.test('a list that a script edits into a file once, by reach, program and place of the file', t => {
  const sed = (file: string, start: string) =>
    scripted(
      `sed -i "s/persistent_peers = \\"\\"/persistent_peers = \\"$PERSISTENT_PEERS\\"/" ${file}\n${start}\n`,
      peers,
    )
  const signal = (change: Change): Change => ({
    ...change,
    annotations: { 'repeer.dev/strategy': 'signal' },
    pod: { ...change.pod, securityContext: { runAsUser: 1000 } },
  })
  const known = 'exec chaind start --home /data'
  const unknown = 'exec $CHAIN start --home /data'
  const rows: readonly [what: string, change: Change, expected: string][] = [
    ['wrap, known', sed('/data/config/config.toml', known), 'process CHAIND_P2P_PERSISTENT_PEERS'],
    // The sidecar learns the program, and with it the variable.
    ['wrap, unknown, on a volume', sed('/data/config/config.toml', unknown), 'process'],
    ['signal, on a volume', signal(sed('/data/config/config.toml', known)), 'none'],
    ['signal, in the container', signal(sed('/root/config/config.toml', known)), 'container'],
    [
      'written anew at each start',
      scripted(
        `cat > /data/config/config.toml <<EOF\n[p2p]\npersistent_peers = "$PERSISTENT_PEERS"\nEOF\n${known}\n`,
        peers,
      ),
      'process',
    ],
    [
      'written where there is none',
      scripted(
        `[ -f /data/x ] || cat > /data/config/config.toml <<EOF\n[p2p]\npersistent_peers = "$PERSISTENT_PEERS"\nEOF\n${known}\n`,
        peers,
      ),
      'process CHAIND_P2P_PERSISTENT_PEERS',
    ],
  ]
  for (const [what, change, expected] of rows) t.same(told(change), [`env/PERSISTENT_PEERS envFrom ${expected}`], what)
  t.end()
})

t.test('a Job, and a container that does something else with the image', t => {
  const of = (container: object, metadata = {}) =>
    decide(input({ container: { ...container, volumeMounts: [] }, metadata }))
  const job = { ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: 'x', uid: '' }] }
  const others: readonly (readonly string[])[] = [
    ['gaiad', 'prune', '/data'],
    ['gaiad', 'export'],
    ['gaiad', 'snapshots', 'export'],
    ['gaiad', '--home', '/h', 'tx', 'bank'],
    ['cosmprund', 'prune', '/data'],
    ['sh', '-c', 'gaiad init x && gaiad collect-gentxs'],
  ]
  for (const command of others)
    t.equal(skipped(of({ image: 'cosmos/gaia', command }, job)).reason, 'not-a-node', `a Job: ${command}`)
  for (const command of others.filter(([program]) => program !== 'cosmprund'))
    t.equal(skipped(of({ image: 'cosmos/gaia', command })).reason, 'not-a-node', `a pod: ${command}`)
  t.equal(
    skipped(of({ image: 'ethereum/client-go', command: [], args: ['--datadir', '/data', 'export', '/x'] })).reason,
    'not-a-node',
  )
  t.equal(
    skipped(of({ image: 'cosmos/gaia', command: ['gaiad', 'start', '--home', '/h'] }, job)).reason,
    'no-peers',
    'a Job that starts one',
  )
  const toHeight = ['gaiad', 'start', '--home', '/h', '--halt-height', '100']
  t.equal(injected(decide(input({ container: { command: toHeight }, metadata: job }))).plan.restartPolicyAlways, true)
  const once = decide(input({ container: { command: toHeight }, metadata: job, pod: { restartPolicy: 'Never' } }))
  t.match(injected(once).plan, { container: 'gaiad', restartPolicyAlways: false }, 'which ends at a height')
  t.end()
})

t.test('a node that is a native sidecar is told of, beside one that is followed', t => {
  const native = { name: 'other', image: 'gaia', command: ['gaiad', 'start'], restartPolicy: 'Always' }
  const told = (init: object) => injected(decide(input({ pod: { initContainers: [init] } }))).warnings.join('; ')
  t.match(told(native), /init container other runs a node \(cometbft\), and init containers are not followed/)
  t.notMatch(told({ ...native, restartPolicy: undefined }), /init container/)
  t.notMatch(told({ ...native, image: 'nginx', command: ['nginx'] }), /init container/)
  t.end()
})
