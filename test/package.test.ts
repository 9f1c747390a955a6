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
    kubernetes: ['peers'],
    webhook: ['peers', 'certs', 'kubernetes'],
    certs: ['kubernetes'],
    sidecar: ['peers'],
    rollout: ['peers', 'kubernetes'],
    discovery: ['peers', 'kubernetes'],
    controller: ['peers', 'kubernetes', 'rollout', 'discovery'],
    demo: ['peers', 'certs', 'webhook'],
    cli: rooms,
  }
  for (const room of rooms) {
    const siblings = [...roomsOf(room)].filter(
      name => rooms.includes(name) && name !== room && !allowed[room]?.includes(name),
    )
    t.same(siblings, [], `${room}/ imports no room but ${allowed[room]?.join(', ') || 'itself'}`)
  }
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
  const text = readFileSync(file, 'utf8')
  const statements = text.matchAll(/^(?:import|export)\b[^'"`;]*?from '([^']+)'|^import '([^']+)'/gm)
  const dynamic = text.matchAll(/\bimport\('([^']+)'\)/g)
  return [...statements, ...dynamic].map(match => match[1] ?? match[2] ?? '')
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
