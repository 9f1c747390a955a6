// As a new user: the commands of docs/first-chain.md as they stand there, and some of docs/adopt.md and diagnose.md.
// And as a GitOps tool: what was written at run time is no difference, and no apply takes it away (docs/gitops.md).
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { busyboxImage, cometbftImage } from '../testbed/chain.ts'
import { client } from '../testbed/client.ts'
import { imageName, install, installed, kubectl } from '../testbed/install.ts'
import { getPod, page, until } from '../testbed/watch.ts'

const root = join(import.meta.dirname, '..', '..')
const ns = 'first-chain'
const example = readFileSync(join(root, 'docs/examples/first-chain.yaml'), 'utf8')
  .replaceAll(/docker\.io\/cometbft\/cometbft:\S+/g, cometbftImage)
  .replaceAll(/docker\.io\/library\/busybox:\S+/g, busyboxImage)

/** The code blocks of a page, one after another. */
function blocks(name: string): string[] {
  const text = readFileSync(join(root, 'docs', name), 'utf8')
  return [...text.matchAll(/^ *```sh\n(.*?)^ *```/gms)].map(([, block = '']) => block)
}

/** Runs commands as bash has them, with `repeer` as in a checkout; returns what they print. */
function run(commands: string, input = ''): string {
  const script = `set -eo pipefail; repeer() { "${process.execPath}" cli/repeer.ts "$@"; }\n${commands}`
  return execFileSync('bash', ['-c', script], { cwd: root, input, encoding: 'utf8', maxBuffer: 64 << 20 })
}

/** `repeer check`, again until it exits with 0, as the page says. */
async function checked(command: string): Promise<string> {
  const { value } = await until('repeer check exits with 0', 150, async () => {
    try {
      return run(command)
    } catch (error) {
      throw new Error(String((error as { stdout?: string }).stdout))
    }
  })
  return value
}

/** A difference that `kubectl diff` sees, or an empty text. */
function difference(manifests: string): string {
  try {
    return execFileSync('kubectl', ['diff', '-f', '-'], { input: manifests, encoding: 'utf8', maxBuffer: 64 << 20 })
  } catch (error) {
    const { status, stdout } = error as { status: number; stdout: string }
    if (status === 1) return stdout
    throw error
  }
}

function dataOf(what: string): string {
  return JSON.stringify(JSON.parse(kubectl(...what.split(' '), '-o', 'json')), (key, value) =>
    ['managedFields', 'resourceVersion', 'generation', 'last-applied'].includes(key) ||
    key === 'kubectl.kubernetes.io/last-applied-configuration'
      ? undefined
      : value,
  )
}

t.test('a first chain, as its page says', async t => {
  install()
  t.teardown(() => kubectl('delete', 'namespace', ns, '--ignore-not-found', '--wait=false'))
  const [start = '', look = '', move = '', events = '', edit = '', remove = '', ...more] = blocks('first-chain.md')
  t.same(more, [])
  const nodeOf = async () => (await getPod(ns, 'node0-0')).metadata.uid

  run(start.replace('-f docs/examples/first-chain.yaml', '-f -'), example)
  t.match(await checked(look), /node0-0 .* 2\/2/)
  const uid = await nodeOf()

  const lines = (block: string) => block.replace(/^ *repeer check .*$/m, '')
  run(lines(move))
  await until('node0 was restarted', 120, async () => (await page(ns, 0))?.restarts.some(isVerified))
  t.match(await checked(look), /restarted .* verified: node1/)
  t.match(run(events), /NodeRestarted|Restarted/)

  run(lines(edit))
  await until('node0 has three', 150, async () => (await page(ns, 0))?.connected === 3)
  t.match(await checked(look), /node0-0 .* 3\/3/)
  t.equal(await nodeOf(), uid, 'the pod is the same')

  await t.test('adopt and diagnose', async t => {
    const fill = (block: string) =>
      block
        .replaceAll('NAMESPACE', ns)
        .replaceAll('POD', 'node0-0')
        .replaceAll('NAME', 'node3')
        .replaceAll('IMAGE', imageName)
        .replaceAll(/^.*\bFILE\b.*$/gm, '')
    const [explain = '', preflight = '', pause = '', optIn = '', unpause = '', ...more] = blocks('adopt.md').map(fill)
    t.same(more, [])
    t.match(run(explain), /StatefulSet node0 .*: inject/)
    t.match(run(preflight), /^\d+\.\d+\.\d+/m)
    run(pause)
    t.equal((await client().core.readNamespace({ name: ns })).metadata?.annotations?.['repeer.dev/pause'], 'true')
    run(lines(optIn))
    run(unpause)
    t.match(await checked(look), /node0-0 .* 3\/3/)
    // What other scenarios do in this cluster may be worth a warning of `check --install`.
    const diagnose = blocks('diagnose.md').map(block => fill(block).replace('--install', '$& || true'))
    for (const block of diagnose) t.ok(run(block), block.trim())
  })

  await t.test('GitOps: no difference, and nothing is taken away', async t => {
    const manifests = installed()
    const own = `get pod node0-0 -n ${ns}`
    const configuration = 'get mutatingwebhookconfiguration repeer'
    t.match(dataOf(configuration), /"caBundle":"[^"]{100,}"/)
    t.match(dataOf(own), /repeer\.dev\/endpoints/)
    const before = [configuration, own].map(dataOf)
    const edited = example.replace('@node2:26656', '$&,861877ca0292d1d19de4348254db0d28af903d0c@node3:26656')
    for (const [name, text] of [
      ['repeer', manifests],
      ['the chain', edited],
    ] as const) {
      t.equal(difference(text), '', `${name}: kubectl diff`)
      const applied = ['apply', '-f', '-', '--server-side', '--force-conflicts', '--field-manager=kustomize-controller']
      execFileSync('kubectl', [...applied, '--dry-run=server'], { input: text, stdio: ['pipe', 'ignore', 'inherit'] })
      execFileSync('kubectl', applied, { input: text, stdio: ['pipe', 'ignore', 'inherit'] })
      execFileSync('kubectl', ['apply', '-f', '-'], { input: text, stdio: ['pipe', 'ignore', 'inherit'] })
      t.equal(difference(text), '', `${name}: kubectl diff after both kinds of apply`)
    }
    t.same([configuration, own].map(dataOf), before)
  })

  run(remove.replace('delete namespace', 'delete --wait=false namespace'))
})

function isVerified({ outcome }: { outcome: string }): boolean {
  return outcome === 'verified'
}
