// What is known of each chain stands in its own file, and nowhere else in the webhook; and it fits together.
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import t from 'tap'
import { formats } from '../../../peers/formats/index.ts'
import { profiles } from '../../../peers/plan.ts'
import { chains, fallback } from '../../../webhook/chains/index.ts'
import { listNamed } from '../../../webhook/chains/peer-names.ts'
import { decide } from '../../../webhook/decide/decide.ts'
import { decisionsOf } from '../fixtures/manifests.ts'
import { inputOf } from '../fixtures/pods/load.ts'

const room = join(import.meta.dirname, '../../../webhook')

t.test('no file outside of chains/ knows a chain by name', async t => {
  const files = readdirSync(room, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && entry.name.endsWith('.ts'))
    .map(entry => join(entry.parentPath, entry.name))
    .filter(file => !file.startsWith(join(room, 'chains/')))
  t.ok(files.length > 50, 'the room was read')
  const name = new RegExp(`(["'\`])(${profiles.join('|')})\\1`)
  const named = files.flatMap(file =>
    readFileSync(file, 'utf8')
      .split('\n')
      .flatMap((line, index) => (name.test(line) ? [`${relative(room, file)}:${index + 1}: ${line.trim()}`] : [])),
  )
  t.same(named, [])
})

t.test('what is known of chains knows nothing of those who weigh it', async t => {
  const imports = readdirSync(join(room, 'chains')).flatMap(file =>
    [...readFileSync(join(room, 'chains', file), 'utf8').matchAll(/from '([^']+)'/g)].map(match => match[1] ?? ''),
  )
  t.ok(imports.length > 20, 'the room was read')
  t.same(
    imports.filter(name => !/^\.\/[a-z-]+\.ts$|^\.\.\/\.\.\/peers\//.test(name)),
    [],
  )
})

t.test('every format is read by some chain', async t => {
  const read = new Set(profiles.flatMap(profile => [chains[profile].lists.bare, ...chains[profile].lists.formats]))
  t.same([...read].sort(), [...formats].sort())
})

t.test('every chain but the fallback is recognised in a pod as a deployer writes it', async t => {
  const fixtures = new URL('../fixtures/', import.meta.url)
  const filesIn = (folder: string) =>
    readdirSync(new URL(`${folder}/`, fixtures)).filter(file => file.endsWith('.yaml'))
  const decisions = [
    ...filesIn('pods').map(file => decide(inputOf(file.replace('.yaml', '')))),
    ...['charts', 'reports'].flatMap(folder =>
      filesIn(folder).flatMap(file => [...decisionsOf(new URL(`${folder}/${file}`, fixtures)).values()]),
    ),
  ]
  const found = new Set(decisions.flatMap(decision => (decision.inject ? [decision.plan.profile] : [])))
  for (const profile of profiles) if (profile !== fallback) t.ok(found.has(profile), profile)
})

for (const profile of profiles) {
  t.test(profile, async t => {
    const { clues, lists, p2p, rpc, processes, override } = chains[profile]
    t.ok(lists.formats.includes(lists.bare), 'a file may hold the bare list')
    t.ok(
      lists.files.every(file => listNamed(profile, file)?.wellKnown),
      'the files that are watched unseen are well known to hold its lists',
    )
    t.ok(
      lists.variables.every(variable => listNamed(profile, variable)?.format === lists.bare),
      'the variables that are watched unseen may hold its list',
    )
    t.same(
      [...p2p.flags, ...(rpc?.flags ?? []), ...lists.flags.flatMap(flag => flag.names), ...(lists.configFlags ?? [])] //
        .filter(flag => flag.startsWith('-')),
      [],
      'flags are without dashes',
    )
    t.ok(
      processes.every(name => name.length <= 15),
      "the kernel shows 15 characters of a process's name",
    )
    t.equal(p2p.port === 0, profile === fallback, 'a chain has a usual port, the fallback has none')
    t.equal(clues.programs.test(''), false, 'no program is no clue')
    const { launcher } = clues
    t.ok(launcher === undefined || clues.programs.test(launcher.program), 'the launcher is one of its programs')
    t.ok(rpc?.maybeOffBy === undefined || rpc.written !== undefined, 'a setting that may be off is read')
    t.ok(override === undefined || !lists.ownVariables.all, 'a variable that outranks the file has rules of its own')
  })
}
