// `repeer demo`: the whole job on this machine, without a cluster.

import { nodeChoices } from '../../demo/choose-node.ts'
import { type Command, choiceOf } from '../command.ts'
import { wrapped } from '../text/wrapped.ts'

export const command: Command = {
  name: 'demo',
  summary: 'show the whole job on this machine, without a cluster',
  usage: '[--json] [--keep] [--web] [--node auto|cometbft|builtin]',
  about: `Runs a chain of four validators on loopback addresses, with real CometBFT configuration, injected through the real webhook over TLS, each \
with its real sidecar. The API server, the kubelet and cluster DNS are stand-ins, and named so. The nodes are the real CometBFT where \
a cometbft program is on PATH, else small nodes of our own with the same behaviour towards peers.

Five scenes, in about a minute: a chain stuck at its start, a peer that moved, an edited list, a malformed list, and a move that heals by \
itself. Each is checked against the nodes' own net_info, height and process IDs. Linux only.`,
  flags: {
    json: { type: 'boolean', help: 'one JSON object a line instead of text' },
    keep: { type: 'boolean', help: 'keep the directory with configuration and logs, and print its path' },
    web: {
      type: 'boolean',
      help: "serve the controller's page about the chain, print its address, and stay until interrupted",
    },
    node: {
      type: 'string',
      value: 'WHICH',
      default: 'auto',
      choices: nodeChoices,
      help: 'cometbft, builtin, or auto: cometbft where it can be used',
    },
  },
  examples: ['npm run demo', 'repeer demo --json | jq -r .text'],
  exitCodes: [
    ['0', 'everything shown happened'],
    ['1', 'something shown did not happen, or the demo cannot run here'],
    ['2', 'wrong usage'],
  ],
  run: async (values, io) => {
    const node = choiceOf(values, 'node', nodeChoices)
    if (io.platform !== 'linux') {
      io.err(
        `repeer demo: found ${io.platform}, expected linux: the demo reads /proc and needs loopback addresses beyond 127.0.0.1\n`,
      )
      return 1
    }
    const { runDemo } = await import('../../demo/demo.ts')
    const ok = await runDemo({
      ...io,
      wrapped,
      node,
      json: values.json === true,
      keep: values.keep === true,
      web: values.web === true,
      path: io.env.PATH ?? '/usr/local/bin:/usr/bin:/bin',
      signal: io.signal(),
    })
    return ok ? 0 : 1
  },
}
