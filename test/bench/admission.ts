// Admission of a 20 KB pod: times at 200 requests/s, the most that one core does, memory. Reference: the same server deciding nothing.
import { once } from 'node:events'
import { join } from 'node:path'
import { atRate, caller, flatOut, type Target } from './load.ts'
import { end, holdTo, memoryOf, start } from './processes.ts'
import { mebibytes, milliseconds, percentile, ratio, table } from './table.ts'

type Measured = { readonly server: number[]; readonly client: number[]; readonly perSecond: number; readonly rss: number }

const rate = 200
const seconds = 10

export async function admission(): Promise<string> {
  holdTo(1)
  const reference = await measure('reference')
  const decide = await measure('decide')
  const row = (name: string, text: (value: number) => string, of: (measured: Measured) => number, goal: string) => [
    name,
    text(of(decide)),
    text(of(reference)),
    ratio(of(decide), of(reference)),
    goal,
  ]
  const rows = [
    row(`server side, p50 at ${rate}/s`, milliseconds, one => percentile(one.server, 0.5), ''),
    row(`server side, p99 at ${rate}/s`, milliseconds, one => percentile(one.server, 0.99), '<= 5 ms'),
    row(`client side, p50 at ${rate}/s`, milliseconds, one => percentile(one.client, 0.5), ''),
    row(`client side, p99 at ${rate}/s`, milliseconds, one => percentile(one.client, 0.99), ''),
    row(
      'requests/s, one core, flat out',
      value => value.toFixed(0),
      one => one.perSecond,
      '>= 1500',
    ),
    row('resident after the load, this server', mebibytes, one => one.rss, ''),
  ]
  return table(['admission of a 20 KB pod, TLS', 'repeer', 'reference', 'ratio', 'goal'], rows)
}

async function measure(kind: 'decide' | 'reference'): Promise<Measured> {
  const child = start([process.execPath, join(import.meta.dirname, 'admission-server.ts'), kind], { cpu: 0, ipc: true })
  try {
    const [target] = (await once(child, 'message')) as [Target]
    const { call, close } = caller(target, 16)
    const times = async () => {
      child.send('times')
      const [{ times }] = (await once(child, 'message')) as [{ times: number[] }]
      return times
    }
    await flatOut(call, 8, 3) // compiled and warm
    await times()
    const client = await atRate(call, rate, seconds)
    const server = await times()
    const perSecond = await flatOut(call, 16, 5)
    const { rss } = memoryOf(child.pid ?? 0)
    close()
    return { server, client, perSecond, rss }
  } finally {
    await end(child)
  }
}
