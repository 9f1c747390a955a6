// What a person sees of the demo, in terminals of two widths.
import t from 'tap'
import { wrapped } from '../../cli/text/wrapped.ts'
import { startTimeline } from '../../demo/timeline.ts'

const result = {
  scene: 3,
  title: 'An edited list of peers',
  happened: 'node1 restarted in place (down 1.68 s) with the new list',
  seconds: 8.5,
  restarts: 1,
}

function shown(columns: number): string[] {
  const texts: string[] = []
  const timeline = startTimeline({
    out: text => texts.push(text),
    json: false,
    colour: false,
    columns,
    wrapped,
    now: () => 0,
  })
  timeline.scene(
    3,
    result.title,
    'node1 listed node2; its ConfigMap now says node3, which is a node of the same chain.',
  )
  timeline.tell(
    'repeer',
    'repeer',
    'node1 restarted in place: node3.chain.svc: new in the list and not connected to it',
  )
  timeline.summary([result], true)
  return texts.join('').split('\n')
}

t.test('80 columns: lines go on below the text, and what happened below its scene', async t => {
  const lines = shown(80)
  t.strictSame(lines, [
    '',
    '3. An edited list of peers',
    '   node1 listed node2; its ConfigMap now says node3, which is a node of the same',
    '   chain.',
    '   0.0 s  repeer    node1 restarted in place: node3.chain.svc: new in the list',
    '                    and not connected to it',
    '',
    '   scene                    seconds  restarts',
    '3  An edited list of peers      8.5         1',
    '   node1 restarted in place (down 1.68 s) with the new list',
    '',
    'Everything shown happened, in 0 s.',
    '',
  ])
})

t.test('120 columns: a line each', async t => {
  const lines = shown(120).filter(line => line !== '')
  t.equal(lines.length, 6)
  t.match(lines[1], /^ {3}node1 listed .* same chain\.$/)
  t.match(lines[2], /^ {3}0\.0 s {2}repeer .* connected to it$/)
  t.match(lines[3], /^ {3}scene +what happened +seconds {2}restarts$/)
  t.match(lines[4], /^3 {2}An edited list of peers {2}node1 restarted .* list {6}8\.5 +1$/)
})
