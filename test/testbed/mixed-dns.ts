// Two name servers behind one address that do not agree, as two CoreDNS replicas with caches of their own after a pod
// has moved: the one answers what cluster DNS answers, the other what the test says. Which of them a question comes to
// depends on its source port, as behind a Service.
import { execFileSync } from 'node:child_process'
import { createSocket, type Socket } from 'node:dgram'
import { type Answer, decode, encode, type Packet } from 'dns-packet'
import type { Test } from 'tap'
import type { PodSpec } from './chain.ts'
import { nodeAddress } from './configs.ts'

/** On the pods' bridge, beside the node's own address, where cluster DNS listens. */
const address = '10.88.0.53'
const servfail = 2

/**
 * What the second server does: the same as the first, the addresses that it still has in its cache by name, no answer,
 * or either as it happens.
 */
export type Second =
  | { readonly does: 'agree' }
  | { readonly does: 'cache'; readonly addresses: ReadonlyMap<string, string> }
  | { readonly does: 'flap'; readonly addresses: ReadonlyMap<string, string> }
  | { readonly does: 'fail' }

export type MixedDns = {
  second: Second
  /** How often each of the two has answered. */
  readonly asked: { first: number; second: number }
  /** A pod that asks here, and not at cluster DNS. */
  readonly asks: (namespace: string) => (spec: PodSpec) => PodSpec
}

/** Needs the cluster of this machine: its scenarios run as root in its network namespace. It ends with the test. */
export async function mixedDns(t: Test): Promise<MixedDns> {
  execFileSync('ip', ['addr', 'replace', `${address}/16`, 'dev', 'cni0'], { stdio: ['ignore', 'pipe', 'pipe'] })
  const dns: MixedDns = {
    second: { does: 'agree' },
    asked: { first: 0, second: 0 },
    asks: namespace => spec => withDns(spec, namespace),
  }
  const near = createSocket('udp4')
  const ports: number[] = []
  near.on('message', (data, from) => {
    if (!ports.includes(from.port)) ports.push(from.port)
    const isSecond = dns.second.does !== 'agree' && ports.indexOf(from.port) % 2 === 1
    dns.asked[isSecond ? 'second' : 'first'] += 1
    const answer = isSecond ? answerOf(decode(data), dns.second) : undefined
    if (answer) near.send(encode(answer), from.port, from.address)
    else forward(data, reply => near.send(reply, from.port, from.address))
  })
  await new Promise<void>((resolve, reject) => {
    near.once('error', reject)
    near.bind(53, address, resolve)
  })
  t.teardown(() => near.close())
  return dns
}

/** Undefined where cluster DNS is to answer. */
function answerOf(question: Packet, second: Second): Packet | undefined {
  const [asked] = question.questions ?? []
  const answered = (answers: Answer[], rcode = 0): Packet => ({
    type: 'response',
    id: question.id ?? 0,
    flags: 0x0180 | rcode,
    questions: question.questions ?? [],
    answers,
  })
  if (second.does === 'fail') return answered([], servfail)
  if (second.does === 'agree' || asked === undefined) return undefined
  const known = second.addresses.get(asked.name.toLowerCase())
  if (known === undefined || (second.does === 'flap' && Math.random() < 0.5)) return undefined
  return answered(asked.type === 'A' ? [{ type: 'A', name: asked.name, ttl: 30, data: known }] : [])
}

/** Asks cluster DNS by a socket of its own for each question. */
function forward(data: Buffer, reply: (data: Buffer) => void): void {
  const far: Socket = createSocket('udp4')
  const timer = setTimeout(() => far.close(), 5000)
  far.once('error', () => {})
  far.once('message', answer => {
    clearTimeout(timer)
    reply(answer)
    far.close()
  })
  far.send(data, 53, nodeAddress)
}

function withDns(spec: PodSpec, namespace: string): PodSpec {
  const searches = [`${namespace}.svc.cluster.local`, 'svc.cluster.local', 'cluster.local']
  return {
    ...spec,
    dnsPolicy: 'None',
    dnsConfig: { nameservers: [address], searches, options: [{ name: 'ndots', value: '5' }] },
  }
}
