// The sidecar's options, parsed once from the arguments that are passed in, every problem reported together.
import { type Listen, readOptions } from '../options/read-options.ts'
import { path, statusPort } from '../peers/pod.ts'
import { besideParkSeconds } from './reach/renew.ts'

export type SidecarOptions = {
  readonly input: string
  readonly state: string
  readonly control: string
  readonly listen: Listen
  readonly procDir: string
  readonly nodeHost: string
  readonly hostsFile: string
  readonly resolvConf: string
  readonly lookSeconds: number
  readonly minTtlSeconds: number
  readonly maxTtlSeconds: number
  readonly dnsCacheSeconds: number
  readonly dnsQuestions: number
  readonly selfTurnSeconds: number
  readonly verifySeconds: number
  readonly unsavedSeconds: number
  readonly besideSeconds: number
  readonly logLevel: string
}

/** Flag, default and help: one table for parsing and for `repeer sidecar --help`. */
export const sidecarFlags = {
  input: { default: path.input, help: 'directory with the plan, the annotations and the peer lists' },
  state: { default: path.state, help: "directory for the sidecar's memory" },
  control: { default: path.control, help: "the supervisor's control directory (strategy wrap)" },
  listen: { default: `:${statusPort.number}`, help: 'HOST:PORT of the status page; port 0 takes a free one' },
  proc: { default: '/proc', help: 'the proc file system to read sockets and processes from' },
  'node-host': { default: '127.0.0.1', help: "where the node's status API listens" },
  'hosts-file': { default: '/etc/hosts', help: 'asked before DNS' },
  'resolv-conf': { default: '/etc/resolv.conf', help: 'name servers and search domains' },
  'look-seconds': { default: '30', help: 'the longest time between two comparisons; each is jittered by a tenth' },
  'min-ttl-seconds': { default: '5', help: 'a shorter DNS TTL counts as this' },
  'max-ttl-seconds': { default: '60', help: 'a longer DNS TTL counts as this' },
  'dns-cache-seconds': { default: '30', help: 'how long the DNS cache of the cluster may answer with an old address' },
  'dns-questions': {
    default: '8',
    help: 'so many questions over different source ports have to be answered alike before a changed address counts; 1 to 8',
  },
  'self-turn-seconds': {
    default: '5',
    help: 'the longest random delay before a restart that nobody paces (turns: self)',
  },
  'verify-seconds': { default: '60', help: 'how long a restarted node may take to be connected again' },
  'unsaved-seconds': { default: '120', help: 'how long the state may be unwritable until /healthz says so' },
  'beside-seconds': {
    default: String(besideParkSeconds),
    help: 'how long the node stays stopped for a container that starts anew with it',
  },
  'log-level': { default: 'info', help: 'fatal, error, warn, info, debug or trace' },
} as const

/** Parses `repeer sidecar`'s arguments. Throws one Error that lists every problem. */
export function parseSidecarOptions(args: readonly string[]): SidecarOptions {
  const { text, problem, ...reader } = readOptions('sidecar', sidecarFlags, args)
  const seconds = (name: keyof typeof sidecarFlags) => {
    const value = Number(text(name))
    if (!(value >= 0) || text(name).trim() === '')
      problem(`--${name}: found "${text(name)}", expected seconds, 0 or more`)
    return value
  }
  const whole = (name: keyof typeof sidecarFlags, least: number, most: number) => {
    const value = Number(text(name))
    if (!/^\d{1,4}$/.test(text(name)) || value < least || value > most)
      problem(`--${name}: found "${text(name)}", expected a whole number from ${least} to ${most}`)
    return value
  }
  const wholeSeconds = (name: keyof typeof sidecarFlags) => {
    const value = seconds(name)
    if (!Number.isInteger(value) || value < 1 || value > 99_999)
      problem(`--${name}: found "${text(name)}", expected whole seconds from 1 to 99999`)
    return value
  }
  const logLevel = reader.level('log-level')
  const listen = reader.listen('listen')
  const parsed: SidecarOptions = {
    input: text('input'),
    state: text('state'),
    control: text('control'),
    listen,
    procDir: text('proc'),
    nodeHost: text('node-host'),
    hostsFile: text('hosts-file'),
    resolvConf: text('resolv-conf'),
    lookSeconds: seconds('look-seconds'),
    minTtlSeconds: seconds('min-ttl-seconds'),
    maxTtlSeconds: seconds('max-ttl-seconds'),
    dnsCacheSeconds: seconds('dns-cache-seconds'),
    dnsQuestions: whole('dns-questions', 1, 8),
    selfTurnSeconds: seconds('self-turn-seconds'),
    verifySeconds: seconds('verify-seconds'),
    unsavedSeconds: seconds('unsaved-seconds'),
    besideSeconds: wholeSeconds('beside-seconds'),
    logLevel,
  }
  reader.finish()
  return Object.freeze(parsed)
}
