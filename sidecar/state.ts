// Keeps the sidecar's memory in a file, written by rename, so that a sidecar that dies at any point goes on where it
// was. The one before is kept beside it: where the newest cannot be read (a disk that was full, a file that somebody
// removed), the memory is one look old, not blank.
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { blank, type Memory } from './decide/memory.ts'
import { readMemory, writeMemory } from './memory-file.ts'

const fileName = 'memory.json'
const olderName = 'memory.before.json'
const brokenName = 'memory.broken.json'

/**
 * Reads the memory below `dir`: the newest that can be used. Blank where there is none yet; blank and `lost` where
 * there is one and none can be used. What cannot be used is logged, and the file kept aside.
 */
export async function loadMemory(dir: string, log: Logger): Promise<Memory> {
  const newest = await load(dir, fileName, log)
  if (newest !== null && newest !== 'broken') return newest
  const older = await load(dir, olderName, log)
  if (older !== null && older !== 'broken') {
    log.warn({ file: join(dir, olderName) }, 'going on from the state before')
    return older
  }
  return newest === 'broken' || older === 'broken' ? { ...blank, lost: true } : blank
}

async function load(dir: string, name: string, log: Logger): Promise<Memory | 'broken' | null> {
  const file = join(dir, name)
  try {
    return readMemory(await readFile(file, 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    log.error({ err: error, file }, `the remembered state cannot be used; kept aside as ${brokenName}`)
    await rename(file, join(dir, brokenName)).catch(() => undefined)
    return 'broken'
  }
}

/** Returns a function that writes a memory if it differs from the last one written. Writes follow one another. */
export function createSaver(dir: string): (memory: Memory) => Promise<void> {
  const file = join(dir, fileName)
  let saved = ''
  return async memory => {
    const text = writeMemory(memory)
    if (text === saved) return
    await writeFile(`${file}.next`, text, { flush: true })
    // Between these two there is no newest one, and the one before is it.
    await rename(file, join(dir, olderName)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
    })
    await rename(`${file}.next`, file)
    saved = text
  }
}
