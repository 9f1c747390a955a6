// Whatever a stranger names is never read by a computed key from a plain object: `hosts[host]` finds something for a
// peer that is called `constructor`. It is read with `own` (peers/own.ts), or kept in a Map. So every `x[key]` in the
// rooms that strangers' names reach is here: a position in a list, a table of ours whose keys the compiler knows, or a
// key that is ours.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'

const root = join(import.meta.dirname, '..')
const rooms = ['peers', 'http', 'options', 'sidecar', 'webhook', 'cli']

/** Positions in a list or a text. */
const positions =
  /^(index|number|place|at|next|start|from|end|option|unnamed|line|\w+\.at|\w+\.length)( [-+] \d)?$|^(Number|indexOf|Math\.min)\(|\+\+$/

/** Tables of ours, whose keys are a union of literal types: the compiler refuses any other key. */
const tables = new Set(
  `chains codecs formatKinds skipReasons holdReasons observeReasons lackReasons holds bounds allowance counted plainRuns
  levelTexts verdictStyles toldWords kinds spans output place errorCodes weights binary by sentences states log
  placeholders labels`.split(/\s+/),
)

/** Keys of ours. */
const constants =
  /^(annotation|optIn|inputFile|signs\.label|statusPort)\.\w+$|^annotation\[|^(allowPeerSetsFrom|label)$/

/** The rest, each with why it may be. */
const reasoned = new Map<string, string>([
  ['peers/own.ts record[key]', 'it is the function'],
  ['peers/fields.ts this.#values[field]', 'after Object.hasOwn'],
  ['peers/peer-set/output.ts values[name]', 'a placeholder, of which there are three'],
  ['options/read-options.ts flags[name]', 'a flag of the program'],
  ['options/read-options.ts values[name]', 'a flag of the program'],
  ['options/read-options.ts env[variable]', 'a variable of the program'],
  ['cli/command.ts values[name]', 'a flag of the program'],
  ['cli/commands/check.ts values[name]', 'a flag of the program'],
  ['cli/completion/scripts.ts scripts[shell]', 'one of three shells'],
  ['cli/install/lines-text.ts styles[level]', 'one of three levels'],
  ['cli/install/after/programs.ts names[component]', 'one of two programs'],
  ['cli/install/after/read.ts found.value?.data[key]', 'ca.crt or tls.crt'],
  ['cli/manifests/inject.ts parent[key]', 'a field of a workload, by its kind, or a position'],
  ['cli/manifests/inject.ts )[step]', 'a field of a workload, by its kind, or a position'],
  ['sidecar/chains/stellar-core.ts authenticated[direction]', 'one of two'],
  ['sidecar/memory-check.ts value[name]', 'after Object.hasOwn'],
  ['sidecar/decide/cause-gate.ts all[leaving]', 'a position'],
  ['sidecar/decide/pin.ts texts[variable]', 'without a prototype'],
  ['sidecar/observe/input.ts lists[sourceKey(source)]', 'written, by a key with a space in it'],
  ['sidecar/observe/input.ts exports[name]', 'without a prototype'],
  ['sidecar/observe/input.ts exports[override]', 'without a prototype'],
  ['sidecar/observe/input.ts exports[source.variable]', 'without a prototype'],
  ['sidecar/observe/input.ts pinnable[name]', 'without a prototype'],
  ['sidecar/observe/input.ts pinnable[override]', 'without a prototype'],
  ['sidecar/observe/input.ts pinnable[source.variable]', 'without a prototype'],
  ['sidecar/reach/supervisor.ts values[line.slice(0, space)]', 'without a prototype'],
  ['sidecar/reach/supervisor.ts values[key]', 'without a prototype'],
  ['webhook/admission.ts container[field]', 'a field of a container'],
  ['webhook/cache/config-map-values.ts values[key]', 'without a prototype'],
  ['http/bound-connections.ts overdue[connection.phase]', 'one of four phases'],
  ['http/bounds.ts phaseMs[phase]', 'one of four phases'],
  ['webhook/shell/run-script.ts parsed.size[what]', 'one of three counts'],
  ['webhook/patch/apply.ts object[key]', 'taken away, after Object.hasOwn'],
  ['webhook/patch/resources.ts part?.limits[name]', 'cpu or memory'],
  ['webhook/patch/resources.ts part?.requests[name]', 'cpu or memory'],
  ['webhook/decide/pod/shared-keys.ts its[what]', 'one of two counts'],
  ['webhook/decide/pod/pod-view.ts container[name]', 'a field of a container'],
  ['webhook/decide/pod/pod-view.ts fields[nameField]', 'a field of a volume'],
  ['webhook/decide/sources/clear-text.ts container[list]', 'command or args'],
])

t.test('what strangers name is read from no plain object', async t => {
  const found = rooms.flatMap(sourcesIn).flatMap(file =>
    computedReads(readFileSync(join(root, file), 'utf8'))
      .filter(
        ({ object, key }) =>
          !positions.test(key) &&
          !tables.has(object.split(/[.?!]+/).at(-1) ?? '') &&
          !constants.test(key) &&
          !reasoned.has(`${file} ${object}[${key}]`),
      )
      .map(({ object, key }) => `${file} ${object}[${key}]`),
  )
  t.same(found, [], 'read it with own(record, key), or say here why it need not be')
})

t.test('each reason is needed', async t => {
  const all = new Set(
    rooms
      .flatMap(sourcesIn)
      .flatMap(file =>
        computedReads(readFileSync(join(root, file), 'utf8')).map(({ object, key }) => `${file} ${object}[${key}]`),
      ),
  )
  t.same(
    [...reasoned.keys()].filter(place => !all.has(place)),
    [],
  )
})

t.test('the search sees what it is for', async t => {
  t.same(computedReads('const a = hosts[host]'), [{ object: 'hosts', key: 'host' }])
  t.same(computedReads('  x.y?.hosts?.[peer.host]'), [{ object: 'x.y?.hosts', key: 'peer.host' }])
  t.same(computedReads('f(x)[name]'), [{ object: 'x)', key: 'name' }])
  t.same(computedReads("['a', b]; const [c] = d; /[a-z]/; let e: F['g']; // x[y]"), [])
})

type Read = { readonly object: string; readonly key: string }

/** Every `object[key]` of a text whose key is no literal. */
function computedReads(text: string): Read[] {
  return text.split('\n').flatMap(line => {
    if (/^\s*(\/\/|\*|\/\*)/.test(line)) return []
    const code = line
      .replace(/'(?:[^'\\]|\\.)*'/g, "''")
      .replace(/(^|[(,=:[!&|?{};]|\breturn|=>)(\s*)\/(?![/*])(?:[^/\\[]|\\.|\[(?:[^\]\\]|\\.)*\])+\/[a-z]*/g, '$1$2')
      .replace(/\/\/.*/, '')
    return [
      ...code.matchAll(/((?:[\w.?!#]*[\w\])])|\))(?:\?\.)?\[([A-Za-z_][^[\]]*(?:\[[^\]]*\])?[^[\]]*)\]/g),
    ].flatMap(([, object = '', key = '']) => (isRead(object, code) ? [{ object, key }] : []))
  })
}

/** A keyword before a bracket makes a list, and a type is no value. */
function isRead(object: string, code: string): boolean {
  return (
    !/^(return|of|in|case|typeof|readonly|const|let|await|default)$/.test(object) &&
    !/^\s*(type|export type)\b/.test(code)
  )
}

function sourcesIn(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter(entry => entry.isFile() && entry.name.endsWith('.ts'))
    .map(entry => join(entry.parentPath, entry.name).slice(root.length + 1))
}
