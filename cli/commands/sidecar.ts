// `repeer sidecar`: what the injected container runs.

import { setFlagsFromString } from 'node:v8'
import { parseSidecarOptions, sidecarFlags } from '../../sidecar/options.ts'
import type { Command } from '../command.ts'
import { openLog } from '../log.ts'
import { parsedBy, programFlags } from '../program-flags.ts'

const placeholders: Readonly<Record<string, string>> = {
  listen: 'HOST:PORT',
  'log-level': 'LEVEL',
  'node-host': 'HOST',
  'dns-questions': 'NUMBER',
}

const flags = programFlags(
  sidecarFlags,
  name =>
    placeholders[name] ??
    (name.endsWith('-seconds') ? 'SECONDS' : name.endsWith('file') || name.endsWith('conf') ? 'FILE' : 'DIRECTORY'),
)

export const command: Command = {
  name: 'sidecar',
  summary: 'follow the peers of the node in this pod',
  usage: '[FLAGS]',
  about: `Compares what the node should be connected to (the peer lists and the addresses behind their names) with what it is connected to, and \
restarts the node's process in place where nothing gentler works. The webhook puts it into a pod; the defaults are the paths that it mounts.

It serves a read-only status page (/status), /healthz and /metrics, and needs no access to the Kubernetes API.`,
  flags,
  examples: ['repeer sidecar --input /repeer/input --listen 127.0.0.1:9469'],
  exitCodes: [
    ['0', 'stopped by SIGTERM or SIGINT'],
    ['1', 'failed; the last line says why'],
    ['2', 'wrong usage'],
    ['88', 'asks the kubelet to restart all containers of the pod (restartPolicyRules)'],
  ],
  run: async (values, io) => {
    const options = parsedBy('sidecar', sidecarFlags, values, parseSidecarOptions)
    stayLean()
    const [log, { runSidecar }] = await Promise.all([openLog(options.logLevel), import('../../sidecar/main.ts')])
    await runSidecar(options, { log, signal: io.signal(), exit: io.exit })
    return 0
  },
}

/**
 * The sidecar runs for months and computes for milliseconds a minute. Code that is never optimised keeps V8's compilers
 * out of memory: 10 MB less resident, measured on Node 24; a look then takes some milliseconds more. Before the
 * sidecar's modules are loaded, so that it holds for them.
 */
function stayLean(): void {
  setFlagsFromString('--no-opt --no-maglev --no-sparkplug')
  setFlagsFromString('--optimize-for-size')
}
