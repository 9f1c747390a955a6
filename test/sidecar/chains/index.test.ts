// That a chain is one file, and that nobody else in the sidecar knows its name.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { profiles } from '../../../peers/plan.ts'
import { chains } from '../../../sidecar/chains/index.ts'

const sidecar = join(import.meta.dirname, '../../../sidecar')
const files = readdirSync(sidecar, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.ts'))
const textOf = (file: string) => readFileSync(join(sidecar, file), 'utf8')

t.test('there is one of each', async t => {
  t.same(Object.keys(chains).sort(), [...profiles].sort())
})

t.test('no other file of the sidecar has a profile of which it says something', async t => {
  const names = profiles.filter(profile => profile !== 'generic').join('|')
  const named = new RegExp(`(['"\`])(?:${names})\\1`)
  const elsewhere = files.filter(file => !file.startsWith('chains/'))
  t.ok(elsewhere.length > 30, 'there are files to look at')
  t.same(
    elsewhere.filter(file => named.test(textOf(file))),
    [],
  )
  t.match("profile === 'geth'", named)
})

t.test('nothing in the room does I/O: what speaks with a node is handed its exchange', async t => {
  const imported = files
    .filter(file => file.startsWith('chains/'))
    .flatMap(file =>
      [...textOf(file).matchAll(/^(?:import|export) (?!type )[^'"`;]*?from '([^']+)'/gm)].map(([, name = '']) =>
        name.startsWith('.') ? join('sidecar', file, '..', name) : name,
      ),
    )
  t.ok(imported.includes('sidecar/chains/cometbft/status.ts'))
  t.same(
    imported.filter(name => name !== 'smol-toml' && !/^(?:peers|sidecar\/chains)\//.test(name)),
    [],
  )
})
