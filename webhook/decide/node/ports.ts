// The ports of a node: where its P2P listener is, which has to be seen again after a restart, and where it can be asked
// about itself.
//
// A wrong answer is worse than none: a node that is asked where nobody answers looks as if it were replaying, and is
// neither restarted nor told. So what is stated comes first, and a port that may be a helper's does not count.
import type { Plan } from '../../../peers/plan.ts'
import type { Listener } from '../../chains/chain.ts'
import { chains } from '../../chains/index.ts'
import type { Overrides } from '../annotations.ts'
import type { DecideInput } from '../decision.ts'
import type { FollowedNode } from '../followed-node.ts'
import { commandsOf, flagsOf } from '../pod/command-line.ts'
import type { ContainerView, PodView, PortView } from '../pod/pod-view.ts'
import { portIn } from './port-text.ts'
import { variablesNamed } from './variable-values.ts'

export type FoundPorts = Pick<Plan, 'p2pPort' | 'rpcPort'> & {
  /** One sentence: each port and where it was found. */
  readonly why: string
  readonly warnings: readonly string[]
}

type Place = { readonly port: number; readonly from: string }

/** What the finders of a port look through. */
type Search = {
  readonly input: Pick<DecideInput, 'configMap'>
  readonly pod: PodView
  readonly container: ContainerView
  readonly listener: Listener
  /** The node's configuration files, as far as they can be read. */
  readonly texts: readonly string[]
  /** A port that is known to be another listener's. */
  readonly taken?: number
}

/**
 * The P2P and status ports. In this order: annotation, flag, variable of the program, configuration file, a name of a
 * container port, a probe with a known path, the chain's usual one. A generic node may have no P2P port: 0. A node
 * whose file says that its RPC is off, or on a Unix socket, has no status port.
 *
 * @param texts the node's configuration files, as far as they can be read
 */
export function portsOf(
  input: Pick<DecideInput, 'configMap'>,
  pod: PodView,
  { container, profile }: FollowedNode,
  texts: readonly string[],
  overrides: Pick<Overrides, 'p2pPort' | 'rpcPort'>,
): FoundPorts {
  const chain = chains[profile]
  const shared = { input, pod, container, texts }
  const p2p =
    stated(overrides.p2pPort, 'repeer.dev/p2p-port') ??
    find({ ...shared, listener: chain.p2p }) ??
    usual(chain.p2p.port || firstTcp(container))
  const none = { p2pPort: p2p.port, why: `P2P ${shown(p2p)}`, warnings: [] }
  if (chain.rpc === undefined) {
    if (overrides.rpcPort === undefined) return none
    return {
      ...none,
      warnings: [`repeer.dev/rpc-port is not used: repeer knows no status interface of a ${profile} node`],
    }
  }
  if (overrides.rpcPort === 'none') return { ...none, why: `${none.why}; no status port: repeer.dev/rpc-port` }
  if (overrides.rpcPort === undefined && chain.rpc.maybeOffBy !== undefined && isOff(container, chain.rpc, texts))
    return { ...none, why: `${none.why}; no status port: ${chain.rpc.maybeOffBy} gives none` }
  const rpc =
    stated(overrides.rpcPort, 'repeer.dev/rpc-port') ??
    find({ ...shared, listener: chain.rpc, taken: p2p.port }) ??
    usual(chain.rpc.port)
  const p2pOr = (p2p.from === usualPlace && onlyOther(container, chain.p2p.port, rpc.port)) || p2p
  return { p2pPort: p2pOr.port, rpcPort: rpc.port, why: `P2P ${shown(p2pOr)}; status ${shown(rpc)}`, warnings: [] }
}

/**
 * Of two ports without names, the one that is not the status port, where that is one of them and neither is the usual.
 */
function onlyOther(container: ContainerView, usual: number, status: number): Place | undefined {
  const unnamed = tcp(container).filter(({ name }) => name === '')
  const [other] = unnamed.filter(({ number }) => number !== status)
  if (unnamed.length !== 2 || !other || !unnamed.some(({ number }) => number === status)) return undefined
  return tcp(container).some(({ number }) => number === usual)
    ? undefined
    : { port: other.number, from: 'the other port of two' }
}

function stated(port: number | undefined, annotation: string): Place | undefined {
  return port === undefined ? undefined : { port, from: annotation }
}

const usualPlace = 'the usual one'

function usual(port: number): Place {
  return { port, from: usualPlace }
}

function shown({ port, from }: Place): string {
  return `${port || 'unknown'} (${from})`
}

function find(search: Search): Place | undefined {
  return byFlag(search) ?? byVariable(search) ?? byFile(search) ?? byName(search) ?? byProbe(search)
}

function byFlag({ container, listener: { flags } }: Search): Place | undefined {
  for (const command of commandsOf(container)) {
    for (const { flag, value } of flagsOf(command, flags)) {
      const port = portIn(value)
      if (port !== undefined) return { port, from: flag }
    }
  }
  return undefined
}

function byVariable({ input, container, listener: { variables } }: Search): Place | undefined {
  if (variables === undefined) return undefined
  for (const [name, value] of variablesNamed(input, container, variables)) {
    const port = portIn(value)
    if (port !== undefined) return { port, from: `variable ${name}` }
  }
  return undefined
}

function byFile({ texts, listener: { written } }: Search): Place | undefined {
  const port = texts.map(text => portIn(written?.(text) ?? '')).find(found => found !== undefined)
  return port === undefined ? undefined : { port, from: 'its configuration file' }
}

/** A name that is this listener's alone, else any port of the usual number, else a name that others use as well. */
function byName({ container, listener: { port: usual, names, weakNames }, taken }: Search): Place | undefined {
  const open = tcp(container).filter(({ number }) => number !== taken)
  const named = (patterns: readonly RegExp[]) => {
    for (const pattern of patterns) {
      const port = open.find(({ name }) => pattern.test(name))
      if (port) return { port: port.number, from: `container port ${port.name}` }
    }
    return undefined
  }
  const declared = open.find(({ number }) => usual > 0 && number === usual)
  return named(names) ?? (declared && { port: usual, from: 'the usual one, declared' }) ?? named(weakNames)
}

/** What a declared port with such a name serves is something else, whatever path is asked there. */
const otherInterfaces = /^(lcd|rest|api|grpc.*|prom.*|metrics.*|pprof|evm.*|json-?rpc|ws.*|privval|health.*|debug)$/

function byProbe(search: Search): Place | undefined {
  const { container, listener, taken } = search
  const asked = container.probes.flatMap(probe =>
    probe.by === 'exec'
      ? askedBy(probe.command)
      : [{ path: probe.path.split('?')[0] ?? '', port: numberOf(container, probe.port) }],
  )
  const known = (paths: RegExp | undefined, counts: (port: number) => boolean) =>
    asked.find(({ path, port }) => port !== undefined && port !== taken && paths?.test(path) === true && counts(port))
  const probe =
    known(listener.probes, port => isOwn(search, port) || isNobodys(search, port)) ??
    known(listener.weakProbes, port => isOwn(search, port))
  return probe?.port === undefined ? undefined : { port: probe.port, from: `a probe of ${probe.path}` }
}

function isOwn({ container }: Search, port: number): boolean {
  return tcp(container).some(({ name, number }) => number === port && !otherInterfaces.test(name))
}

/** cosmopilot's nodes are probed at the port of node-utils beside them, and that is not the node's. */
function isNobodys({ pod }: Search, port: number): boolean {
  return ![...pod.initContainers, ...pod.containers].some(({ ports }) => ports.some(({ number }) => number === port))
}

/** Probes that ask with curl or wget. Longer commands are scripts. */
const longestCommand = 4096

function askedBy(command: readonly string[]): { path: string; port: number | undefined }[] {
  const text = command.join(' ')
  if (text.length > longestCommand) return []
  const urls = text.matchAll(/(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\]):(\d{1,5})(\/[\w/]*)/g)
  return [...urls].map(([, port = '', path = '']) => ({ path, port: portIn(port) }))
}

function numberOf(container: ContainerView, port: number | string): number | undefined {
  if (typeof port === 'string') return tcp(container).find(({ name }) => name === port)?.number ?? portIn(port)
  return portIn(String(port))
}

function tcp(container: ContainerView): PortView[] {
  return container.ports.filter(({ protocol }) => protocol === 'TCP')
}

function firstTcp(container: ContainerView): number {
  return tcp(container)[0]?.number ?? 0
}

/**
 * Whether a node listens on nothing that the sidecar could ask: its address is empty, or none of TCP. A flag outranks
 * the file.
 */
function isOff(container: ContainerView, { flags, written }: Listener, texts: readonly string[]): boolean {
  const [flag] = commandsOf(container).flatMap(command => flagsOf(command, flags))
  const address = flag?.value ?? texts.map(text => written?.(text)).find(text => text !== undefined)
  return address !== undefined && (address.trim() === '' || /^\s*(?!tcp:)[a-z]+:\/\//i.test(address))
}
