// The stand-in for cluster DNS: a hosts file with the names of the headless Services, for the sidecars and the nodes.
import { open } from 'node:fs/promises'

export type Names = {
  readonly file: string
  /** Gives the name this one address. */
  readonly publish: (addresses: Readonly<Record<string, string>>) => Promise<void>
}

// Written in place in one piece of one size: a mount namespace may hold this very file, and a reader never sees half of
// it.
const sizeBytes = 4096

/** Writes a hosts file that knows localhost alone. Rejects where it cannot be written. */
export async function createNames(file: string): Promise<Names> {
  let known: Readonly<Record<string, string>> = {}
  const write = async () => {
    const lines = ['127.0.0.1 localhost', ...Object.entries(known).map(([name, address]) => `${address} ${name}`)]
    const handle = await open(file, 'r+').catch(() => open(file, 'w'))
    await handle.write(`${lines.join('\n')}\n`.padEnd(sizeBytes, '\n'), 0)
    await handle.close()
  }
  await write()
  return {
    file,
    publish: async addresses => {
      known = { ...known, ...addresses }
      await write()
    },
  }
}
