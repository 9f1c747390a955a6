// STAND-IN for cosmopilot's node-utils (github.com/voluzi/cosmopilot, pkg/nodeutils), which cannot be had here as an
// image. It does what that was read to do, as far as a restart in place meets it:
// - it finds the node by its process name once, and remembers that PID for ever;
// - it reads the node's --trace-store FIFO, and that reader ends for good when the writer closes the pipe (see
//   trace-fifo.ts). Without CREATE_FIFO, as in pods of the 4.x line, it asks the node's RPC for the height instead;
// - GET :8000/must_upgrade is 200, or 426 once an upgrade is due at the node's height; /ready and /health ask the node;
//   /latest_height, /stats;
// - at SIGTERM it sends SIGTERM to the node it remembers, and exits with 0; except when an upgrade or its HALT_HEIGHT
//   is reached: then it stays.
// The real one's /ready asks the node by gRPC, this one by RPC. It is started by node-utils.sh, which makes the FIFO.
import { readFileSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import { findProcess, residentPages } from './process-by-name.ts'
import { readTrace } from './trace-fifo.ts'

const {
  PORT = '8000',
  NODE_BINARY_NAME = '',
  HALT_HEIGHT = '0',
  CREATE_FIFO = 'false',
  TRACE_STORE = '/trace/trace.fifo',
  UPGRADES_CONFIG = '/config/upgrades.json',
  // Not the real one's, which knows 26657 only; and how often that is asked.
  NODE_RPC = 'http://127.0.0.1:26657',
  LOOK_MS = '1000',
} = process.env

type Upgrade = { readonly height: number; readonly status: string; readonly source: string }
type Status = { readonly sync_info: { readonly latest_block_height: string; readonly catching_up: boolean } }

// As the real one's process is called.
process.title = 'nodeutils'
const say = (line: string) => process.stdout.write(`${line}\n`)
let latestHeight = 0
let mustUpgrade = false
let remembered: number | undefined

/** The PID that it has found once, whether or not there is such a process now. Throws where none has been found yet. */
function nodePid(): number {
  remembered ??= findProcess(NODE_BINARY_NAME)
  if (remembered === undefined) throw new Error(`process ${NODE_BINARY_NAME} not found`)
  return remembered
}

function stopNode(): void {
  try {
    process.kill(nodePid(), 'SIGTERM')
  } catch (error) {
    say(`failed to stop node: ${(error as Error).message}`)
  }
}

function upgradeAt(height: number): Upgrade | undefined {
  const { upgrades = [] } = JSON.parse(readFileSync(UPGRADES_CONFIG, 'utf8')) as { upgrades?: Upgrade[] }
  return upgrades.find(upgrade => height >= upgrade.height && upgrade.status === 'scheduled')
}

function seen(height: number): void {
  if (height === latestHeight) return
  latestHeight = height
  const upgrade = upgradeAt(height)
  if (!upgrade || mustUpgrade) return
  mustUpgrade = true
  say(`an upgrade is due at height ${height} (${upgrade.source})`)
  // At an upgrade of the chain's own the node stops by itself.
  if (upgrade.source !== 'on-chain') stopNode()
}

async function nodeStatus(): Promise<Status> {
  const response = await fetch(`${NODE_RPC}/status`, { signal: AbortSignal.timeout(4000) })
  return ((await response.json()) as { result: Status }).result
}

async function answer(path: string, response: ServerResponse): Promise<void> {
  const end = (code: number, text = '') => void response.writeHead(code).end(text)
  switch (path) {
    case '/must_upgrade':
      return end(mustUpgrade ? 426 : 200, String(mustUpgrade))
    case '/ready':
      return end((await nodeStatus()).sync_info.catching_up ? 417 : 200)
    case '/health':
      return end(200, JSON.stringify(await nodeStatus()))
    case '/latest_height':
      return end(200, String(latestHeight))
    case '/stats': {
      const pid = nodePid()
      return end(200, JSON.stringify({ pid, resident_pages: residentPages(pid) }))
    }
    default:
      return end(404, '404 page not found')
  }
}

const server = createServer((request, response) => {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost')
  answer(pathname, response).catch((error: Error) => response.writeHead(500).end(error.message))
})
// A read-only look: it fails at once where there is no such file, as the real one does.
upgradeAt(0)
if (CREATE_FIFO === 'true') {
  readTrace(TRACE_STORE, { height: seen, ended: () => say('the trace has ended: illegal seek') })
} else {
  const look = () =>
    nodeStatus().then(
      ({ sync_info }) => seen(Number(sync_info.latest_block_height)),
      () => undefined,
    )
  setInterval(look, Number(LOOK_MS))
}
// Its statistics, which are why it knows the PID soon.
setInterval(() => {
  try {
    residentPages(nodePid())
  } catch (error) {
    say(`error collecting process stats: ${(error as Error).message}`)
  }
}, 10_000)
server.listen(Number(PORT), '0.0.0.0', () => say(`listening on ${PORT}`))

function stop(signal: NodeJS.Signals): void {
  const halt = Number(HALT_HEIGHT)
  if (mustUpgrade || (halt > 0 && halt === latestHeight))
    return void say(`${signal}: an upgrade or halt is due. ignoring stop call`)
  say(`${signal}: stopping`)
  stopNode()
  process.exit(0)
}
process.on('SIGTERM', stop).on('SIGINT', stop)
