// CometBFT and Tendermint, and the Cosmos SDK programs in which they run.
import { overrideVariable } from '../../peers/override-variable.ts'
import type { Chain, Clue, Telling } from './chain.ts'
import { p2pNames, weakP2pNames } from './listener-names.ts'
import { known, perhaps } from './names.ts'
import { sdkCommands, sdkStarts, subcommandOf } from './subcommand.ts'
import { inSection } from './written-setting.ts'

/** Programs with a subcommand `start` and a home directory that are no nodes. */
const otherStarters =
  /^(horcrux|tmkms|hermes|rly|relayer|gorelayer|price-feeder|feeder|cosmosigner|supervisord|containerd|mongod|sshd|pigeon|oracle|slinky)$/

/** A Cosmos SDK program: its name mostly ends in d, its node's subcommand is `start`. */
function ofSdkProgram(program: string, args: readonly string[]): Clue[] {
  if (otherStarters.test(program)) return []
  const daemon = /^[a-z$][\w${}-]*d\}?$/.test(program)
  const subcommand = subcommandOf(args)
  if (subcommand !== 'start') {
    const other = daemon && sdkCommands.test(subcommand) && !sdkStarts.test(subcommand)
    return other ? [{ weight: -8, what: `${program} ${subcommand} is no node` }] : []
  }
  const home = args.some(word => word === '--home' || word.startsWith('--home='))
  const weight = daemon ? (home ? 4 : 2) : home ? 2 : 1
  return [{ weight, what: `it runs ${shown(program)} start${home ? ' --home' : ''}` }]
}

/** A word of a command may come from a ConfigMap, through a variable: what is no program's name is not quoted. */
function shown(program: string): string {
  if (program === '') return 'its entrypoint'
  return /^[\w.+-]{1,64}$/.test(program) ? program : 'a program'
}

/** `[rpc] unsafe` stands in config.toml; a flag or a variable may say otherwise, and only the node's answer tells. */
function byUnsafeRpc({ what, texts }: Telling): string {
  const said = texts.map(unsafeIn).filter(value => value !== 'no section')
  if (said.includes('true')) return `told ${what}: [rpc] unsafe is true`
  if (said.length > 0) return `not told: [rpc] unsafe is not true in its config.toml; with it, it would be told ${what}`
  return `told ${what}, if [rpc] unsafe is true in its config.toml, which is not read here`
}

/** What a config.toml says of `unsafe` in its section [rpc]; by its lines, since the file need not parse. */
function unsafeIn(text: string): string | undefined {
  let section = ''
  let found: string | undefined = 'no section'
  for (const line of text.split('\n')) {
    const header = /^[ \t]*\[([^\]]*)\]/.exec(line)
    if (header) section = header[1]?.trim() ?? ''
    if (section !== 'rpc') continue
    if (header) found = undefined
    found = /^[ \t]*unsafe[ \t]*=[ \t]*(true|false)\b/.exec(line)?.[1] ?? found
  }
  return found
}

export const cometbft: Chain = {
  clues: {
    // Cosmos SDK programs are recognised by their subcommand.
    programs: /^(cometbft|tendermint|cosmovisor)$/,
    otherCommands: /^(?!start$|node$|run$|run_node$|unsafe-start$)/,
    launcher: { program: 'cosmovisor', subcommand: 'run', variable: 'DAEMON_NAME' },
    command: ofSdkProgram,
    words: [
      {
        fits: /^--p2p\.(persistent[_-]peers|seeds|laddr|external[_-]address)/,
        weight: 3,
        what: word => `a flag ${word.split('=')[0]}`,
      },
    ],
    // A script that puts peers into a node's config.toml before it starts something.
    writes: { fits: /config\/config\.toml$/, weight: 2, what: () => 'its script writes config/config.toml' },
    images:
      /(^|\/)(cometbft|tendermint|heighliner\/[\s\S]+|gaia|gaiad|osmosis|juno|neutron|noble|celestia-app|stride|evmos|kava|axelar-core|interchain-security(-[pc]d)?|simapp|simd)$/,
    containers: /^(cometbft|tendermint|node|validator|sentry|fullnode|full-node|consumer-daemon|chain|[a-z0-9-]+d)$/,
    ports: { 26656: 2, 26657: 1 },
    labels: [
      { all: { 'chain-id': /./s, 'node-id': /./s }, weight: 3, what: 'labels chain-id and node-id' },
      { all: { 'cosmos.strange.love/network': /./s }, weight: 3, what: 'label cosmos.strange.love/network' },
    ],
    variables: {
      fits: /^(CMT|TM)_|^DAEMON_(NAME|HOME)$|_P2P_PERSISTENT_PEERS$|^PERSISTENT_PEERS$/,
      weight: 2,
      what: name => `variable ${name}`,
    },
  },
  processes: ['cometbft'],
  p2p: {
    port: 26656,
    flags: ['p2p.laddr'],
    names: [/^((tcp|http)-)?(cometbft|comet|tendermint|tm|bft)-?p2p(-(tcp|port))?$/, ...p2pNames],
    weakNames: [...weakP2pNames, /^discovery$/],
    // viper's: the program's name in capitals, then the key (read in cosmos-sdk's server package).
    variables: /^[A-Z][A-Z0-9_]*_P2P_LADDR$/,
    written: inSection('p2p', 'laddr'),
  },
  rpc: {
    port: 26657,
    flags: ['rpc.laddr'],
    names: [/^((tcp|http)-)?(cometbft|comet|tendermint|tm|bft)-?rpc(-(tcp|http|port))?$/, /^(cometbft|tendermint)$/],
    // A chain with an EVM may call that one's interface so.
    weakNames: [/^((tcp|http|node|chain)-)?rpc(-(tcp|http|port|laddr))?$/],
    variables: /^[A-Z][A-Z0-9_]*_RPC_LADDR$/,
    probes: /^\/(status|net_info|abci_info)\/?$/,
    weakProbes: /^\/health\/?$/,
    written: inSection('rpc', 'laddr'),
    // An empty laddr switches RPC off (CometBFT's config.toml); a Unix socket is out of the sidecar's reach.
    maybeOffBy: '[rpc] laddr',
  },
  lists: {
    bare: 'cometbft-list',
    entries: /(?<=([0-9a-fA-F]{40}))@/g,
    formats: ['cometbft-toml', 'cometbft-list'],
    names: [
      [/^config(-overlay)?\.toml$/i, known('cometbft-toml')],
      [/^(app|client)([-.].*)?\.toml$/i, undefined],
      [/\.toml$/i, perhaps('cometbft-toml')],
      [/(unconditional|private)[-_.]?peer/i, undefined],
      [/persistent[-_.]?peers/i, known('cometbft-list')],
      [/(^|[-_.])seeds([-_.]|$)/i, known('cometbft-list', 'seed')],
      [/\.(json|sh|ya?ml)$/i, undefined],
      [/^/, perhaps('cometbft-list')],
    ],
    flags: [
      { names: ['p2p.persistent_peers', 'p2p.persistent-peers'], role: 'peer' },
      { names: ['p2p.seeds'], role: 'seed' },
    ],
    files: ['config.toml', 'config-overlay.toml'],
    variables: ['PERSISTENT_PEERS', 'SEEDS'],
    ownVariables: { names: /_P2P_(PERSISTENT_PEERS|SEEDS)$/, all: false },
  },
  validator: {
    // A sentry of cosmos-operator's type has a remote signer behind it.
    label: { name: 'cosmos.strange.love/type', fits: /^sentry$/i },
    ports: /priv-?val/i,
    texts: /^[ \t]*priv[_-]validator[_-]laddr[ \t]*=[ \t]*["'][^"']/m,
    words: /^--priv_validator_laddr(=.|$)/,
  },
  override: {
    variable: overrideVariable,
    // What a Cosmos SDK chain's program is mostly called; others that take `start` may be scripts without an ending.
    daemons: /^([a-z][a-z0-9_-]*d|cometbft|tendermint)$/,
  },
  told: byUnsafeRpc,
}
