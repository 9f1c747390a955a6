// `repeer demo`: prepares, plays the scenes, cleans up whatever happens.
import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chooseNode, type nodeChoices } from './choose-node.ts'
import { type Cluster, startCluster } from './cluster.ts'
import { makeImages } from './images.ts'
import { createNames } from './names.ts'
import { playScenes } from './scenes.ts'
import { type SceneResult, startTimeline } from './timeline.ts'
import { type DemoWeb, startDemoWeb } from './web.ts'

export type DemoOptions = {
  readonly json: boolean
  readonly keep: boolean
  /** Serve the controller's page, and stay until interrupted when the scenes are over. */
  readonly web: boolean
  readonly node: (typeof nodeChoices)[number]
  readonly out: (text: string) => void
  readonly colour: boolean
  /** Of the terminal. */
  readonly columns: number
  /** The text in lines of at most `columns`, each behind the first with `indent` spaces before it. */
  readonly wrapped: (text: string, indent: number, columns: number) => string
  readonly path: string
  readonly execPath: string
  readonly entry: string
  readonly pid: number
  readonly kill: (pid: number, signal: NodeJS.Signals) => void
  readonly signal: AbortSignal
}

/** Whether everything that was to be shown happened. */
export async function runDemo(options: DemoOptions): Promise<boolean> {
  const timeline = startTimeline({ ...options, now: Date.now })
  const directory = await mkdtemp(join(tmpdir(), 'repeer-demo-'))
  const results: SceneResult[] = []
  let cluster: Cluster | undefined
  let ok = false
  let web: DemoWeb | undefined
  try {
    await mkdir(join(directory, 'images'), { recursive: true })
    if (options.web) {
      web = await startDemoWeb()
      timeline.tell('note', 'demo', `the page to look at: ${web.url}`, { url: web.url })
    }
    const names = await createNames(join(directory, 'hosts'))
    const node = await chooseNode(options.node, options.path, names.file)
    timeline.tell(
      'note',
      'demo',
      'no cluster: the webhook and the sidecars are real; API server, kubelet and cluster DNS are stand-ins on this machine',
    )
    timeline.tell('note', 'demo', `the nodes are ${node.why}`, { node: node.kind })
    const { image, shell } = await makeImages({ ...options, directory, node, hostsFile: names.file })
    timeline.tell(
      'note',
      'demo',
      `the supervisor's shell is ${shell}; restarts of one node may follow each other after 1 s (default: 2 minutes)`,
    )
    cluster = await startCluster({ ...options, directory, names, node, image, timeline })
    web?.follow(cluster)
    await playScenes({ cluster, timeline, signal: options.signal }, result => results.push(result))
    ok = true
    if (web && !options.signal.aborted) {
      timeline.tell('note', 'demo', `all scenes are played; ${web.url} stays until you interrupt`)
      await once(options.signal, 'abort')
    }
  } catch (error) {
    const reason = options.signal.aborted ? 'stopped' : error instanceof Error ? error.message : String(error)
    timeline.tell('failed', 'demo', reason)
  }
  web?.close()
  await cluster
    ?.close()
    .catch(error =>
      timeline.tell('failed', 'demo', `cleaning up: ${error instanceof Error ? error.message : String(error)}`),
    )
  if (options.keep) timeline.tell('note', 'demo', `logs are kept in ${directory}`)
  else await rm(directory, { recursive: true, force: true })
  timeline.summary(results, ok)
  return ok
}
