#!/usr/local/bin/node
// STAND-IN for the Stellar operator's health sidecar (stellar-k8s, src/controller/health_check_sidecar.rs), which
// cannot be had here: /healthz answers, /readyz asks the node's `info` at CORE_URL.
import { createServer } from 'node:http'

// As the real one's process is called.
process.title = 'stellar-health-sidecar'
const { CORE_URL = 'http://localhost:11626', PORT = '8081' } = process.env

async function isReady(): Promise<boolean> {
  const response = await fetch(`${CORE_URL}/info`, { signal: AbortSignal.timeout(2000) })
  const { info } = (await response.json()) as { info?: { state?: string } }
  return info?.state === 'Synced!'
}

createServer(async (request, response) => {
  const ok = request.url === '/healthz' || (request.url === '/readyz' && (await isReady().catch(() => false)))
  response.writeHead(ok ? 200 : 503).end()
}).listen(Number(PORT))
process.on('SIGTERM', () => process.exit(0))
