// Texts of the machine and of people: /proc, resolv.conf, the hosts file, the supervisor's state, annotations,
// descriptions of validators.
import { readDetails } from '../../../discovery/sources/validators/registry.ts'
import { parsePause } from '../../../peers/pause.ts'
import { namesIn } from '../../../peers/peer-set/consent.ts'
import { isTurn, liveTurn, parseTurnWait, turnId } from '../../../peers/turn.ts'
import { parseHosts } from '../../../sidecar/observe/hosts-file.ts'
import { namesToTry, parseResolvConf } from '../../../sidecar/observe/resolv-conf.ts'
import { connectionsOf, parseTcp } from '../../../sidecar/observe/sockets.ts'
import { containerKey, parseStat } from '../../../sidecar/reach/processes.ts'
import { parseState } from '../../../sidecar/reach/supervisor.ts'
import { readAnnotations } from '../../../webhook/decide/annotations.ts'
import { scenes, textsOf } from '../corpus.ts'
import { mutateJson } from '../mutate-json.ts'
import { mutateText } from '../mutate-text.ts'
import { expect, type Target } from '../target.ts'

const state =
  'supervisor 100.25\nphase running\npid 7\nstarts 2\nstarted 150.00\nstopped 149.50\nrequest r1\ngiven s1:ab\ncode 0\nprograms gaiad:ls:12 cosmovisor::13\n'

type Reader = { readonly texts: readonly string[]; readonly read: (text: string) => unknown }

const hosts = '127.0.0.1 localhost\nfe00::0 ip6-localnet\n10.0.0.1 node-0.node.chain.svc.cluster.local node-0\n'
const resolvConf =
  'search chain.svc.cluster.local svc.cluster.local\nnameserver 10.96.0.10\noptions ndots:5 timeout:1\n'

function readers(): Reader[] {
  return [
    { texts: [state], read: parseState },
    { texts: [hosts], read: text => [...parseHosts(text)] },
    {
      texts: [resolvConf],
      read: text => ['node-0', 'a.b.c', 'a.'].map(name => namesToTry(name, parseResolvConf(text))),
    },
    {
      texts: textsOf('test/sidecar/fixtures/proc-net-tcp*.txt'),
      read: text => connectionsOf(parseTcp(text), 26656),
    },
    {
      texts: ['7 (ga i(a)d) S 1 7 7 0 -1 4194560 1 0 0 0 1 1 0 0 20 0 9 0 4242 1 1 1'],
      read: text => parseStat(text) ?? null,
    },
    { texts: [`0::/kubepods.slice/cri-containerd-${'ab'.repeat(32)}.scope\n`], read: containerKey },
    {
      texts: [
        'p2p=node.example.com',
        'hello {"p2p": "node.example.com:26656"} p2p=1.2.3.4',
        `P2P=${'ab'.repeat(20)}@a.b:1,p2p=x`,
      ],
      read: text => [readDetails(text, true), readDetails(text, false)],
    },
    { texts: ['a, b,*', ''], read: namesIn },
    {
      texts: ['true', 'spent s1:0123456789abcdef', `b1:${'0'.repeat(32)}`, 'another pod is not Ready'],
      read: text => [parsePause(text), parseTurnWait(text) ?? null, isTurn(text), liveTurn(text) ?? null, turnId(text)],
    },
  ]
}

export const texts: Target = {
  name: 'files and texts',
  weight: 80,
  open() {
    const all = readers()
    const donors = all.flatMap(reader => reader.texts)
    return {
      make(random) {
        const reader = random.pick(all)
        const text = mutateText(random.pick(reader.texts), donors, random)
        return {
          input: { reader: all.indexOf(reader), text },
          run: () => reader.read(text),
          check: found => expect(JSON.stringify(found) !== undefined, 'an answer that is no JSON'),
        }
      },
    }
  },
}

export const annotations: Target = {
  name: 'annotations',
  weight: 60,
  open() {
    const found = scenes().map(({ pod }) => pod.metadata?.annotations ?? {})
    // YAML's numbers and truths are no annotations, though fixtures may have them.
    const isAnnotations = (value: object) => Object.values(value).every(word => typeof word === 'string')
    const all = {
      'repeer.dev/inject': 'true',
      'repeer.dev/container': 'node',
      'repeer.dev/profile': 'cometbft',
      'repeer.dev/config': 'configmap/node/config.toml,secret/s/peers',
      'repeer.dev/peers': `${'ab'.repeat(20)}@node1:26656`,
      'repeer.dev/p2p-port': '26656',
      'repeer.dev/rpc-port': 'none',
      'repeer.dev/strategy': 'auto',
      'repeer.dev/min-peers': '3',
      'repeer.dev/min-interval': '1h30m',
      'repeer.dev/settle-seconds': '5',
      'repeer.dev/grace-seconds': '30',
      'repeer.dev/allow-mass-removal': 'false',
      'repeer.dev/pin-addresses': 'true',
      'repeer.dev/pause': 'false',
      'repeer.dev/group': 'chain/node',
      'repeer.dev/max-unavailable': '25%',
    }
    const values = [all, all, ...found.filter(isAnnotations)]
    const words = values.flatMap(value => Object.values(value))
    return {
      make(random) {
        const given = mutateJson(random.pick(values), { donors: values, keepTypes: true, texts: words }, random)
        return {
          input: given,
          run: () => readAnnotations(given),
          check: read => expect(JSON.stringify(read) !== undefined, 'an answer that is no JSON'),
        }
      },
    }
  },
}
