// The packages that package.json declares are the packages that the code imports, each on the right list.
import { readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { join } from 'node:path'
import t from 'tap'

const root = join(import.meta.dirname, '..')
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<
  'dependencies' | 'devDependencies',
  Record<string, string>
>
const rooms = [
  'peers',
  'http',
  'options',
  'kubernetes',
  'webhook',
  'certs',
  'sidecar',
  'rollout',
  'discovery',
  'controller',
  'cli',
  'demo',
]

// What npm scripts run as programs (one of them with its plugin), and what only types come from.
const programs = ['@biomejs/biome', '@stryker-mutator/core', '@stryker-mutator/tap-runner', 'node', 'typescript']

t.test('every package that the rooms import is a dependency, and every dependency is imported', async t => {
  t.same([...importsOf(rooms)].sort(), Object.keys(manifest.dependencies).sort())
})

t.test('every package that tests and the build import is declared', async t => {
  const declared = new Set([...Object.keys(manifest.dependencies), ...Object.keys(manifest.devDependencies)])
  t.same(
    [...importsOf(['test', 'manifests'])].filter(name => !declared.has(name)),
    [],
  )
})

t.test('every development dependency is used', async t => {
  const used = new Set([...importsOf(['test', 'manifests', ...rooms]), ...programs])
  const unused = Object.keys(manifest.devDependencies).filter(name => !used.has(name) && !name.startsWith('@types/'))
  t.same(unused, [])
})

t.test('each room imports only the rooms that the design allows', async t => {
  const allowed: Record<string, string[]> = {
    peers: [],
    http: [],
    options: [],
    kubernetes: ['peers'],
    webhook: ['peers', 'http', 'options', 'certs', 'kubernetes'],
    certs: ['peers', 'kubernetes'],
    sidecar: ['peers', 'http', 'options'],
    rollout: ['peers', 'http', 'kubernetes'],
    discovery: ['peers', 'kubernetes'],
    controller: ['peers', 'http', 'options', 'kubernetes', 'rollout', 'discovery'],
    demo: ['peers', 'http', 'certs', 'webhook', 'rollout', 'controller'],
    cli: rooms,
  }
  for (const room of rooms) {
    const siblings = [...roomsOf(room)].filter(
      name => rooms.includes(name) && name !== room && !allowed[room]?.includes(name),
    )
    t.same(siblings, [], `${room}/ imports no room but ${allowed[room]?.join(', ') || 'itself'}`)
  }
})

t.test('pure rooms import nothing that does input or output', async t => {
  for (const folder of pureRooms) {
    const impure = sourcesIn(folder).flatMap(file =>
      valueSpecifiersOf(file)
        .filter(name => !isPure(file, name))
        .map(name => `${shown(file)}: ${name}`),
    )
    t.same(impure, [], folder)
  }
})

t.test('no file imports itself, by whatever way', async t => {
  for (const folder of roomsWithoutCircles) t.same(circlesIn(folder), [], folder)
})

t.test('lines are at most 120 characters long, but for a text or a pattern that cannot be broken', async t => {
  const long = [...rooms, 'manifests', 'test'].flatMap(sourcesIn).flatMap(file => {
    let template = false
    return readFileSync(file, 'utf8')
      .split('\n')
      .flatMap((line, index) => {
        const within = template
        if (line.split('`').length % 2 === 0) template = !template
        return line.length > 120 && !within && !unbroken.test(line)
          ? [`${file.slice(root.length + 1)}:${index + 1}`]
          : []
      })
  })
  t.same(long, [])
})

/** Decisions: values in, values out. */
const pureRooms = [
  'peers',
  'webhook/decide',
  'webhook/patch',
  'webhook/chains',
  'webhook/shell',
  'sidecar/chains',
  'sidecar/decide',
]

/** What only computes. Of node:net, isIP; of node:crypto, hashes. */
const pureModules = new Set([
  'node:crypto',
  'node:net',
  'node:path',
  'node:url',
  '@scure/base',
  'ipaddr.js',
  'smol-toml',
])

const roomsWithoutCircles = ['peers', 'sidecar/decide']

function isPure(file: string, name: string): boolean {
  if (!name.startsWith('.')) return pureModules.has(name)
  const target = shown(join(file, '..', name))
  return pureRooms.some(folder => target.startsWith(`${folder}/`))
}

/** As in messages: from the repository's root. */
function shown(file: string): string {
  return file.slice(root.length + 1)
}

/** Each file of the folder from which a way of imports, of types as well, leads back to it, with its way. */
function circlesIn(folder: string): string[] {
  const imports = new Map(
    sourcesIn(folder).map(file => [
      file,
      specifiersOf(file)
        .filter(name => name.startsWith('.'))
        .map(name => join(file, '..', name)),
    ]),
  )
  const wayBack = (start: string): readonly string[] | undefined => {
    const ways: (readonly string[])[] = [[start]]
    const seen = new Set<string>()
    for (const way of ways) {
      for (const next of imports.get(way.at(-1) ?? '') ?? []) {
        if (next === start) return [...way, next]
        if (!seen.has(next)) ways.push([...way, next])
        seen.add(next)
      }
    }
    return undefined
  }
  return [...imports.keys()].flatMap(file => wayBack(file)?.map(shown).join(' -> ') ?? [])
}

/** Holds a quoted text, a template, a pattern, or a row of a table in a comment. */
const unbroken = /['"`/].{40,}['"`/]|`|^ +\* \|/

/** Names of the packages imported below the folders. */
function importsOf(folders: readonly string[]): Set<string> {
  const names = folders.flatMap(sourcesIn).flatMap(specifiersOf)
  return new Set(names.filter(name => !name.startsWith('.') && !isBuiltin(name)).map(packageOf))
}

/** Names of the rooms that a room's files import by a relative path. */
function roomsOf(room: string): Set<string> {
  const found = new Set<string>()
  for (const file of sourcesIn(room)) {
    for (const name of specifiersOf(file)) {
      if (!name.startsWith('.')) continue
      const [first = ''] = join(file, '..', name)
        .slice(root.length + 1)
        .split('/')
      found.add(first)
    }
  }
  return found
}

function sourcesIn(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && entry.name.endsWith('.ts'))
    .map(entry => join(entry.parentPath, entry.name))
}

/** Statements only: each starts a line, so that code in strings and comments does not count. */
function specifiersOf(file: string): string[] {
  return specifiersIn(readFileSync(file, 'utf8'))
}

function specifiersIn(text: string): string[] {
  const statements = text.matchAll(/^(?:import|export)\b[^'"`;]*?from '([^']+)'|^import '([^']+)'/gm)
  const dynamic = text.matchAll(/\bimport\('([^']+)'\)/g)
  return [...statements, ...dynamic].map(match => match[1] ?? match[2] ?? '')
}

/** Without those of which nothing is left when the types are stripped. */
function valueSpecifiersOf(file: string): string[] {
  const text = readFileSync(file, 'utf8').replaceAll(/^(?:import|export) type\b[^'"`;]*?from '[^']+'$/gm, '')
  return specifiersIn(text)
}

function isBuiltin(name: string): boolean {
  return name.startsWith('node:') || builtinModules.includes(name)
}

function packageOf(name: string): string {
  return name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/')
}
