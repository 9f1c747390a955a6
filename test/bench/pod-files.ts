// The files of an injected pod, for the benchmarks and for tests with a real sidecar: the sidecar's input as the
// kubelet lays it out, state, control, and the supervisor.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Plan } from '../../peers/plan.ts'
import { inputFile, sourceFile } from '../../peers/pod.ts'
import { writeVolume } from '../sidecar/fixtures/kubelet-volume.ts'

export const supervise = join(import.meta.dirname, '../../sidecar/reach/supervise')

export type PodFiles = {
  readonly root: string
  readonly input: string
  readonly state: string
  readonly control: string
  /** Writes the list as the kubelet does: a new directory, then `..data` swapped to it. */
  readonly writeList: (text: string) => void
  readonly remove: () => void
}

const source = { kind: 'ConfigMap', name: 'peers', key: 'list' } as const

/** `times` and `over` replace some of the plan's. */
export function podFiles(times: Partial<Plan['times']> = {}, over: Partial<Omit<Plan, 'times'>> = {}): PodFiles {
  const root = mkdtempSync(join(tmpdir(), 'repeer-bench-'))
  const [input, state, control] = ['input', 'state', 'control'].map(name => join(root, name)) as [
    string,
    string,
    string,
  ]
  for (const folder of [input, state, join(control, 'env')]) mkdirSync(folder, { recursive: true })
  const annotations = Object.fromEntries(Object.values(inputFile).map(file => [file, '']))
  return {
    root,
    input,
    state,
    control,
    writeList: text =>
      writeVolume(input, {
        ...annotations,
        [inputFile.plan]: JSON.stringify({ ...plan, ...over, times: { ...plan.times, ...times } }),
        [sourceFile(source)]: text,
      }),
    remove: () => rmSync(root, { recursive: true, force: true }),
  }
}

/** Below the ports that outgoing connections take: where one of those has it, the node cannot listen. */
export const p2pPort = 29_656

/** A wrapped node of the generic profile with one list in a directory mount. */
const plan: Plan = {
  version: 1,
  container: 'node',
  profile: 'generic',
  sources: [{ ...source, via: 'directory', format: 'generic-list', role: 'peer', level: 'process' }],
  reach: { by: 'wrap' },
  strategy: 'auto',
  turns: 'self',
  group: 'bench/generic',
  validator: false,
  maxUnavailable: '1',
  p2pPort,
  times: { settleSeconds: 5, graceSeconds: 10, minIntervalSeconds: 120 },
  restartPolicyAlways: true,
  ownerRolls: false,
  mesh: false,
  hostNetwork: false,
  canRestartAll: false,
}
