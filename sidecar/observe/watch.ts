// Watches directories and hints that something in them may have changed. Hints only: what is there decides, and a
// periodic look catches what they miss.
import { watch as chokidarWatch, type FSWatcher } from 'chokidar'
import type { Logger } from 'pino'

export type WatchOptions = {
  readonly log: Pick<Logger, 'warn'>
  /** Compare instead of being told: slower, for file systems that tell nothing. Default: false. */
  readonly usePolling?: boolean
  /** The time between two comparisons when polling. Default: 2. */
  readonly pollSeconds?: number
  /** Changes within this time are one hint: the kubelet's swap alone makes a dozen. Default: 50. */
  readonly coalesceMs?: number
}

export type Watch = {
  close(): Promise<void>
  mode(): 'inotify' | 'polling'
}

/**
 * inotify is used up: too many instances (128 for each user is common, over all pods of a machine) or too many watches.
 */
const exhausted = new Set(['EMFILE', 'ENOSPC', 'ENFILE'])

/**
 * Watches `dirs` with all that is below them; a directory or file that is missing is seen when it appears. Resolves
 * when the watch is set up. The kubelet's volumes are watched by their directory: a file watched by itself is lost when
 * `..data` is swapped. Links are not followed, but a link that is swapped is a change.
 */
export async function watch(dirs: readonly string[], onHint: () => void, options: WatchOptions): Promise<Watch> {
  const { log, usePolling = false, pollSeconds = 2, coalesceMs = 50 } = options
  let mode: 'inotify' | 'polling' = usePolling ? 'polling' : 'inotify'
  let hint: NodeJS.Timeout | undefined
  let closed = false
  const said = new Set<string>()

  function soon(): void {
    if (closed) return
    hint ??= setTimeout(() => {
      hint = undefined
      onHint()
    }, coalesceMs)
  }

  /** Resolves when the watch is set up, as far as it can be. */
  function start(): Promise<void> {
    const started = chokidarWatch([...dirs], {
      backend: mode === 'polling' ? 'polling' : 'native',
      pollingInterval: pollSeconds * 1000,
      pollingBinaryInterval: pollSeconds * 1000,
      followSymlinks: false,
      ignoreInitial: true,
      atomic: false,
    })
    watcher = started
    started.on('all', soon)
    return new Promise(resolve => {
      started.once('ready', resolve)
      started.on('error', error => {
        if (closed || started !== watcher) return
        const { code = 'unknown', message } = error as NodeJS.ErrnoException
        if (mode === 'inotify' && exhausted.has(code)) {
          mode = 'polling'
          log.warn(
            { code, pollSeconds },
            'inotify is used up on this machine (fs.inotify.max_user_instances, max_user_watches); polling instead',
          )
          void started.close()
          void start().then(resolve)
          soon()
          return
        }
        if (!said.has(code))
          log.warn(
            { code, detail: message },
            'a directory cannot be watched; changes there are seen by the periodic look',
          )
        said.add(code)
        resolve()
      })
    })
  }

  let watcher: FSWatcher
  await start()
  return {
    mode: () => mode,
    async close() {
      closed = true
      clearTimeout(hint)
      await watcher.close()
    },
  }
}
