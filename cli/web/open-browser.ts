// Opens the user's browser, where there is one. Nothing depends on it: the address is printed.
import { spawn } from 'node:child_process'
import type { Io } from '../command.ts'

/** On a screen only: a browser in the terminal of a server would take it over. */
export function openBrowser(url: string, { platform, env }: Pick<Io, 'platform' | 'env'>): void {
  const program = programOf(platform, env)
  if (program === undefined) return
  const child = spawn(program, [url], { stdio: 'ignore', detached: true })
  child.once('error', () => undefined)
  child.unref()
}

function programOf(platform: string, env: Io['env']): string | undefined {
  if (platform === 'darwin') return 'open'
  if (platform !== 'linux') return undefined
  return env.DISPLAY || env.WAYLAND_DISPLAY ? 'xdg-open' : undefined
}
