// How manifests tell where a node listens: the names that charts and operators give its container's ports, the
// variables that its program reads, and the paths of its status API by which a probe gives the port away. Data alone;
// ports.ts weighs it.
//
// Names were read in cosmopilot, cosmos-operator, ics-operator, kotal, Stellar-K8s, and the charts of stellar,
// ethpandaops, stakewise, graphops, obol, paritytech and Consensys (quorum-kubernetes).
import type { Profile } from '../../peers/plan.ts'

export type ListenerFacts = {
  /** Names of container ports, the surest first. */
  readonly names: readonly RegExp[]
  /**
   * Names that count only where no port has the profile's usual number: other programs' interfaces are called so as
   * well.
   */
  readonly weakNames: readonly RegExp[]
  /** Environment variables that the program itself reads; they outrank its file. */
  readonly variables?: RegExp
  /** Paths of HTTP probes that only this listener serves. */
  readonly probes?: RegExp
  /** Paths that helpers serve, too: they count only at a port that the container itself declares. */
  readonly weakProbes?: RegExp
}

export type PortFacts = { readonly p2p: ListenerFacts; readonly rpc: ListenerFacts }

const p2p: ListenerFacts = {
  names: [/^(tcp-)?p2p(-(tcp|port))?$/],
  weakNames: [/^[a-z0-9-]+-p2p(-tcp)?$/, /^peers?(-(tcp|port))?$/],
}
const none: ListenerFacts = { names: [], weakNames: [] }

const ethereum: PortFacts = {
  p2p: {
    names: [...p2p.names, /^(eth|el|geth|besu|nethermind)-p2p(-tcp)?$/, /^rlpx(-tcp)?$/],
    weakNames: [...p2p.weakNames, /^(tcp-)?discovery(-tcp)?$/],
  },
  rpc: {
    names: [/^((tcp|http)-)?(json-?)?rpc(-(http|tcp|port))?$/, /^(eth|el|geth|besu|nethermind)-?(http|(json-?)?rpc)$/],
    weakNames: [/^http$/],
  },
}

export const portFacts: Readonly<Record<Profile, PortFacts>> = {
  cometbft: {
    p2p: {
      names: [/^((tcp|http)-)?(cometbft|comet|tendermint|tm|bft)-?p2p(-(tcp|port))?$/, ...p2p.names],
      weakNames: [...p2p.weakNames, /^discovery$/],
      // viper's: the program's name in capitals, then the key (read in cosmos-sdk's server package).
      variables: /^[A-Z][A-Z0-9_]*_P2P_LADDR$/,
    },
    rpc: {
      names: [/^((tcp|http)-)?(cometbft|comet|tendermint|tm|bft)-?rpc(-(tcp|http|port))?$/, /^(cometbft|tendermint)$/],
      // A chain with an EVM may call that one's interface so.
      weakNames: [/^((tcp|http|node|chain)-)?rpc(-(tcp|http|port|laddr))?$/],
      variables: /^[A-Z][A-Z0-9_]*_RPC_LADDR$/,
      probes: /^\/(status|net_info|abci_info)\/?$/,
      weakProbes: /^\/health\/?$/,
    },
  },
  gnoland: { p2p, rpc: none },
  'stellar-core': {
    p2p: {
      names: [/^core-peer$/, /^(stellar-)?(core-)?peers?(-(tcp|port))?$/, ...p2p.names],
      weakNames: p2p.weakNames,
    },
    rpc: {
      names: [/^(stellar-)?core(-(http|admin|api))?$/, /^(http-)?(core|admin|commands?)$/],
      weakNames: [/^http(-(info|port))?$/, /^info$/],
      probes: /^\/info\/?$/,
    },
  },
  // Read in go-ethereum's internal/flags: each flag has a variable GETH_ and its name.
  geth: { p2p: { ...ethereum.p2p, variables: /^GETH_PORT$/ }, rpc: { ...ethereum.rpc, variables: /^GETH_HTTP_PORT$/ } },
  besu: {
    p2p: { ...ethereum.p2p, variables: /^BESU_P2P_PORT$/ },
    rpc: { ...ethereum.rpc, variables: /^BESU_RPC_HTTP_PORT$/, probes: /^\/(liveness|readiness)\/?$/ },
  },
  nethermind: {
    p2p: { ...ethereum.p2p, variables: /^NETHERMIND_NETWORKCONFIG_P2PPORT$/ },
    rpc: { ...ethereum.rpc, variables: /^NETHERMIND_JSONRPCCONFIG_PORT$/, weakProbes: /^\/health\/?$/ },
  },
  substrate: {
    // A collator's container runs the relay chain's node as well: p2p is that one's, para-p2p its own.
    p2p: { names: [/^para-p2p$/, ...p2p.names], weakNames: p2p.weakNames },
    rpc: {
      names: [/^(http-)?(json-?)?rpc(-(http|port))?$/],
      weakNames: [/^(ws|websocket)-?rpc$/, /^rpc-ws$/],
      weakProbes: /^\/health(\/readiness)?\/?$/,
    },
  },
  generic: { p2p, rpc: none },
}
