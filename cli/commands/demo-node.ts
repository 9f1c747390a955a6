// `repeer demo-node`: the built-in node of the demo as a process of its own. Not listed: nobody but the demo starts it.

import { runNode } from '../../demo/node.ts'
import { type Command, textOf } from '../command.ts'

export const command: Command = {
  name: 'demo-node',
  summary: "the demo's built-in node: CometBFT's behaviour towards peers, and nothing else of it",
  usage: '--home DIRECTORY [--hosts-file FILE]',
  about:
    'Reads config.toml, genesis and keys as CometBFT does, connects to its persistent peers, and serves /status and /net_info. Not for any real use.',
  flags: {
    home: { type: 'string', value: 'DIRECTORY', default: '.', help: "the node's directory, with config/config.toml" },
    'hosts-file': { type: 'string', value: 'FILE', default: '/etc/hosts', help: 'where names are looked up' },
    proxy_app: {
      type: 'string',
      value: 'APP',
      default: 'kvstore',
      help: "taken for the sake of cometbft's command line, not used",
    },
  },
  examples: ['repeer demo-node --home ./node0 --hosts-file ./hosts'],
  exitCodes: [
    ['0', 'stopped by SIGTERM or SIGINT'],
    ['1', 'refused to start: a malformed peer list, an address in use'],
    ['2', 'wrong usage'],
  ],
  run: async (values, io) => {
    await runNode({
      home: textOf(values, 'home') ?? '.',
      hostsFile: textOf(values, 'hosts-file') ?? '/etc/hosts',
      env: io.env,
      log: message => io.out(`${new Date().toISOString()} ${message}\n`),
      signal: io.signal(),
    })
    return 0
  },
}
