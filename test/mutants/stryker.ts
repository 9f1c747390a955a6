// What `npm run mutants` measures: whether a test fails once a pure decision is changed by a little (a bound, a sign, a
// condition, a text). docs/development.md says how to run it, and which mutants stay alive and why.
import { join } from 'node:path'
import type { Stryker } from '@stryker-mutator/core'

// What Node has compiled is kept from one process to the next, which halves their time.
process.env['NODE_COMPILE_CACHE'] ??= join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'node')

const options: ConstructorParameters<typeof Stryker>[0] = {
  mutate: [
    'webhook/decide/**/*.ts',
    'sidecar/decide/**/*.ts',
    'rollout/turns/turns.ts',
    'rollout/cluster/desired-annotations.ts',
    'certs/rotation.ts',
    'discovery/choose.ts',
    'discovery/output.ts',
  ],
  testRunner: 'tap',
  plugins: ['@stryker-mutator/tap-runner'],
  tap: {
    // Those of the decisions' own rooms: what only a test of the loops or of a whole program would notice is a gap
    // here.
    testFiles: [
      'test/webhook/decide/**/*.test.ts',
      'test/sidecar/decide/**/*.test.ts',
      'test/rollout/turns/*.test.ts',
      'test/rollout/cluster/desired-annotations.test.ts',
      'test/certs/rotation.test.ts',
      'test/discovery/{choose,output}.test.ts',
    ],
    nodeArgs: ['-r', '{{hookFile}}', '{{testFile}}'],
  },
  // A test file that never runs a mutant's line need not be asked about it.
  coverageAnalysis: 'perTest',
  // Copied for the run; nothing of these is read by the tests above.
  ignorePatterns: ['dist', 'docs', 'test/bench', 'test/scenarios', 'test/testbed'],
  // A run is hundreds of processes, one after another, beside whatever else the machine has to do.
  concurrency: 1,
  // In ms. An endless loop is seen by its count of rounds; this is for the rest, and long, since a mutant that runs out
  // of time counts as killed, and the machine may have much else to do. A test file takes about half a second.
  timeoutMS: 60_000,
  tempDirName: 'dist/mutants/sandbox',
  reporters: ['progress-append-only', 'clear-text', 'json'],
  jsonReporter: { fileName: 'dist/mutants/report.json' },
  clearTextReporter: { logTests: false, reportTests: false, allowColor: false },
  thresholds: { high: 95, low: 90, break: 90 },
}

export default options
