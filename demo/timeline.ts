// The demo's output: one line an event, with the seconds since the start; as text for a person, or one JSON object a
// line.
import { styleText } from 'node:util'

export type EventKind = 'note' | 'scene' | 'action' | 'repeer' | 'chain' | 'result' | 'failed'

export type SceneResult = {
  readonly scene: number
  readonly title: string
  readonly happened: string
  readonly seconds: number
  readonly restarts: number
}

export type Timeline = {
  readonly elapsedSeconds: () => number
  readonly scene: (number: number, title: string, about: string) => void
  /** `who` is a node, `repeer`, `webhook`, `kubelet`, `you` ... */
  readonly tell: (kind: EventKind, who: string, text: string, data?: Readonly<Record<string, unknown>>) => void
  readonly summary: (results: readonly SceneResult[], ok: boolean) => void
}

export type TimelineOptions = {
  readonly out: (text: string) => void
  readonly json: boolean
  readonly colour: boolean
  readonly now: () => number
}

const styles = {
  note: 'dim',
  scene: 'bold',
  action: 'cyan',
  repeer: 'green',
  chain: 'blue',
  result: 'bold',
  failed: 'red',
} as const

/** The clock of the demo starts now. */
export function startTimeline(options: TimelineOptions): Timeline {
  const start = options.now()
  let scene: number | null = null
  const elapsedSeconds = () => (options.now() - start) / 1000
  const paint = (style: Parameters<typeof styleText>[0], text: string) =>
    options.colour ? styleText(style, text, { validateStream: false }) : text
  const stamp = () => `${elapsedSeconds().toFixed(1).padStart(6)} s`
  const emit = (event: string, data: Readonly<Record<string, unknown>>) =>
    options.out(`${JSON.stringify({ seconds: Number(elapsedSeconds().toFixed(3)), scene, event, ...data })}\n`)
  return {
    elapsedSeconds,
    scene: (number, title, about) => {
      scene = number
      if (options.json) return emit('scene', { title, about })
      options.out(`\n${paint('bold', `${number}. ${title}`)}\n${paint('dim', `   ${about}`)}\n`)
    },
    tell: (kind, who, text, data = {}) => {
      if (options.json) return emit(kind, { who, text, ...data })
      options.out(
        `${paint('dim', stamp())}  ${paint(styles[kind], who.padEnd(8))}  ${kind === 'failed' || kind === 'result' ? paint(styles[kind], text) : text}\n`,
      )
    },
    summary: (results, ok) => {
      scene = null
      const seconds = Number(elapsedSeconds().toFixed(1))
      const restarts = results.reduce((sum, result) => sum + result.restarts, 0)
      if (options.json) return emit('summary', { ok, total: seconds, restarts, scenes: results })
      if (results.length > 0) options.out(table(results, paint))
      options.out(
        `\n${ok ? paint('green', `Everything shown happened, in ${seconds} s.`) : paint('red', `Not everything that was to be shown happened (${seconds} s).`)}\n`,
      )
    },
  }
}

function table(results: readonly SceneResult[], paint: (style: 'bold', text: string) => string): string {
  const title = Math.max(...results.map(result => result.title.length))
  const happened = Math.max(...results.map(result => result.happened.length))
  const head = `   ${'scene'.padEnd(title)}  ${'what happened'.padEnd(happened)}  seconds  restarts`
  const rows = results.map(result => {
    const numbers = `${result.seconds.toFixed(1).padStart(7)}  ${String(result.restarts).padStart(8)}`
    return `${result.scene}  ${result.title.padEnd(title)}  ${result.happened.padEnd(happened)}  ${numbers}`
  })
  return `\n${[paint('bold', head), ...rows].join('\n')}\n`
}
