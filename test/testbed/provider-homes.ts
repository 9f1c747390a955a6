// Homes of validators of a new chain of interchain-security-pd: keys, and one genesis with all of them.
import { execFile } from 'node:child_process'
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

export type ProviderHomes = {
  /** A folder for each validator, in their order. */
  readonly homes: readonly string[]
  /** Runs the program, and gives what it wrote. */
  readonly pd: (...args: string[]) => Promise<string>
  /** The flags that name the keys of a home. */
  readonly keyring: (home: string) => string[]
}

type Options = {
  /** interchain-security-pd. */
  readonly program: string
  readonly dir: string
  readonly chainId: string
  /** Stakes in millions. */
  readonly validators: readonly { readonly name: string; readonly stake: number }[]
}

/** Rejects with what the program said where a step fails. */
export async function makeProviderHomes({ program, dir, chainId, validators }: Options): Promise<ProviderHomes> {
  const pd = async (...args: string[]) => (await run(program, args, { maxBuffer: 16 * 1024 * 1024 })).stdout.trim()
  const keyring = (home: string) => ['--home', home, '--keyring-backend', 'test']
  const all = validators.map(({ name, stake }) => ({ name, stake, home: join(dir, name) }))
  const [first = ''] = all.map(({ home }) => home)
  const genesis = (home: string) => join(home, 'config', 'genesis.json')

  await Promise.all(all.map(({ name, home }) => pd('init', name, '--chain-id', chainId, '--home', home)))
  await Promise.all(all.map(({ name, home }) => pd('keys', 'add', name, ...keyring(home), '--output', 'json')))
  for (const { name, home } of all) {
    const address = await pd('keys', 'show', name, '-a', ...keyring(home))
    await pd('genesis', 'add-genesis-account', address, '1000000000stake', '--home', first)
  }
  const state = JSON.parse(await readFile(genesis(first), 'utf8')) as GenesisState
  state.app_state.provider.params.blocks_per_epoch = '3'
  await writeFile(genesis(first), JSON.stringify(state))
  await mkdir(join(first, 'config', 'gentx'), { recursive: true })
  for (const { name, stake, home } of all) {
    if (home !== first) await cp(genesis(first), genesis(home))
    const out = join(first, 'config', 'gentx', `${name}.json`)
    await pd(
      'genesis',
      'gentx',
      name,
      `${stake}000000stake`,
      '--chain-id',
      chainId,
      ...keyring(home),
      '--output-document',
      out,
    )
  }
  await pd('genesis', 'collect-gentxs', '--home', first)
  for (const { home } of all) if (home !== first) await cp(genesis(first), genesis(home))
  return { homes: all.map(({ home }) => home), pd, keyring }
}

type GenesisState = { app_state: { provider: { params: { blocks_per_epoch: string } } } }
