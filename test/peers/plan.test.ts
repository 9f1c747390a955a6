// The design's two tables, row by row: by what a list is seen, how the node is reached, and what has to start again.
import t from 'tap'
import { addressLevel, type Level, levelOf, levels, type Reach, vias } from '../../peers/plan.ts'

type Via = (typeof vias)[number] | 'literal'
/**
 * override: a variable outranks the file. always: the kubelet starts the container after any exit. all:
 * restartPolicyRules are known.
 */
type Row = [by: Reach['by'], via: Via, override: boolean, always: boolean, all: boolean, level: Level]

const yes = true
const no = false

const rows: readonly Row[] = [
  // process: a list in a directory mount
  ['wrap', 'directory', no, yes, yes, 'process'],
  ['wrap', 'directory', no, yes, no, 'process'],
  ['wrap', 'directory', no, no, yes, 'process'],
  ['wrap', 'directory', no, no, no, 'process'],
  ['wrap', 'directory', yes, no, no, 'process'],
  // process: under wrap also env, exported anew from the key
  ['wrap', 'env', no, yes, yes, 'process'],
  ['wrap', 'env', no, no, no, 'process'],
  ['wrap', 'envFrom', no, yes, yes, 'process'],
  ['wrap', 'envFrom', no, no, no, 'process'],
  // process: under wrap also any list whose profile takes it from a variable that outranks its file
  ['wrap', 'subPath', yes, yes, yes, 'process'],
  ['wrap', 'subPath', yes, no, no, 'process'],
  ['wrap', 'init', yes, yes, yes, 'process'],
  ['wrap', 'init', yes, no, no, 'process'],
  ['wrap', 'env', yes, no, no, 'process'],
  ['wrap', 'envFrom', yes, no, no, 'process'],
  // signal: as container, and a list by env under signal
  ['signal', 'directory', no, yes, yes, 'container'],
  ['signal', 'directory', no, yes, no, 'container'],
  ['signal', 'env', no, yes, no, 'container'],
  ['signal', 'envFrom', no, yes, no, 'container'],
  // container: a list by subPath
  ['wrap', 'subPath', no, yes, yes, 'container'],
  ['wrap', 'subPath', no, yes, no, 'container'],
  ['signal', 'subPath', no, yes, yes, 'container'],
  ['signal', 'subPath', no, yes, no, 'container'],
  // container needs restartPolicy Always
  ['wrap', 'subPath', no, no, no, 'none'],
  ['signal', 'directory', no, no, no, 'none'],
  ['signal', 'subPath', no, no, no, 'none'],
  ['signal', 'env', no, no, no, 'none'],
  ['signal', 'envFrom', no, no, no, 'none'],
  // a variable is of no use to a node that is not wrapped
  ['signal', 'subPath', yes, yes, yes, 'container'],
  ['signal', 'init', yes, yes, yes, 'all-containers'],
  ['signal', 'init', yes, yes, no, 'none'],
  // all containers: a list that only an init container renders, with no such variable, where restartPolicyRules are
  // known
  ['wrap', 'init', no, yes, yes, 'all-containers'],
  ['wrap', 'init', no, no, yes, 'all-containers'],
  ['signal', 'init', no, yes, yes, 'all-containers'],
  ['wrap', 'init', no, yes, no, 'none'],
  ['signal', 'init', no, yes, no, 'none'],
  // none: a literal list
  ['wrap', 'literal', no, yes, yes, 'none'],
  ['wrap', 'literal', yes, yes, yes, 'none'],
  ['signal', 'literal', no, yes, yes, 'none'],
]

t.test('the level of a changed list', t => {
  for (const [by, via, override, restartPolicyAlways, canRestartAll, level] of rows) {
    const source = override ? { via, override: 'CMT_P2P_PERSISTENT_PEERS' } : { via }
    const name = `${by}, ${via}${override ? ', override' : ''}, Always ${restartPolicyAlways}, 1.36 ${canRestartAll}`
    t.equal(levelOf(source, { by, restartPolicyAlways, canRestartAll }), level, `${name}: ${level}`)
  }
  t.end()
})

t.test('observe reaches nothing', t => {
  for (const via of [...vias, 'literal'] as const)
    for (const restartPolicyAlways of [true, false])
      for (const canRestartAll of [true, false])
        t.equal(levelOf({ via, override: 'X' }, { by: 'observe', restartPolicyAlways, canRestartAll }), 'none', via)
  t.end()
})

t.test('what a pod cannot do is never a level', t => {
  for (const by of ['wrap', 'signal', 'observe'] as const)
    for (const via of [...vias, 'literal'] as const)
      for (const bits of Array(8).keys()) {
        const pod = { by, restartPolicyAlways: (bits & 1) > 0, canRestartAll: (bits & 2) > 0 }
        const level = levelOf((bits & 4) > 0 ? { via, override: 'X' } : { via }, pod)
        const possible = {
          process: by === 'wrap',
          container: pod.restartPolicyAlways,
          'all-containers': pod.canRestartAll,
          none: true,
        }
        t.ok(possible[level], `${JSON.stringify(pod)} ${via}: ${level}`)
      }
  t.strictSame(levels, ['process', 'container', 'all-containers', 'none'], 'from the gentlest on')
  t.end()
})

t.test('the level of changed addresses', t => {
  const wrap: Reach = { by: 'wrap' }
  const signal: Reach = { by: 'signal', uid: 1000, names: [] }
  const observe: Reach = { by: 'observe', reason: 'host-pid' }
  const table: [Reach, boolean, Level][] = [
    [wrap, true, 'process'],
    [wrap, false, 'process'],
    [signal, true, 'container'],
    [signal, false, 'none'],
    [observe, true, 'none'],
    [observe, false, 'none'],
  ]
  for (const [reach, restartPolicyAlways, level] of table)
    t.equal(addressLevel({ reach, restartPolicyAlways }), level, `${reach.by}, Always ${restartPolicyAlways}: ${level}`)
  t.end()
})
