// Keeps the sidecar's memory in a file, written by rename, so that a sidecar that dies at any point goes on where it was.
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { blank, type Memory } from './memory.ts'

const fileName = 'memory.json'

/** Reads the memory below `dir`; a blank one where there is none yet, or where it cannot be used (which is logged, and the file kept aside). */
export async function loadMemory(dir: string, log: Logger): Promise<Memory> {
  const file = join(dir, fileName)
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') log.error({ err: error, file }, 'cannot read the remembered state; starting without')
    return undefined
  })
  if (text === undefined) return blank
  try {
    const value: unknown = JSON.parse(text)
    if (isMemory(value)) return { ...blank, ...value }
    throw new Error(`found version ${JSON.stringify((value as { version?: unknown } | null)?.version)}, expected 1`)
  } catch (error) {
    log.error({ err: error, file }, 'the remembered state cannot be used; kept aside as memory.broken.json, starting without')
    await rename(file, join(dir, 'memory.broken.json')).catch(() => undefined)
    return blank
  }
}

/** Returns a function that writes a memory if it differs from the last one written. Writes follow one another. */
export function createSaver(dir: string): (memory: Memory) => Promise<void> {
  const file = join(dir, fileName)
  let saved = ''
  return async memory => {
    const text = JSON.stringify(memory)
    if (text === saved) return
    await writeFile(`${file}.next`, text, { flush: true })
    await rename(`${file}.next`, file)
    saved = text
  }
}

function isMemory(value: unknown): value is Memory {
  if (typeof value !== 'object' || value === null) return false
  const memory = value as Record<string, unknown>
  return memory.version === 1 && Array.isArray(memory.restarts) && Array.isArray(memory.heights) && typeof memory.hosts === 'object'
}
