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
  /** Of the terminal. */
  readonly columns: number
  /** The text in lines of at most `columns`, each behind the first with `indent` spaces before it. */
  readonly wrapped: (text: string, indent: number, columns: number) => string
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

/** Columns: where what is told begins, behind the time and who it is about. */
const textColumn = 20

/** Columns. A terminal that is narrower breaks the lines itself. */
const narrowest = 60

/** The clock of the demo starts now. */
export function startTimeline(options: TimelineOptions): Timeline {
  const start = options.now()
  let scene: number | null = null
  const elapsedSeconds = () => (options.now() - start) / 1000
  const paint = (style: Parameters<typeof styleText>[0], text: string) =>
    options.colour ? styleText(style, text, { validateStream: false }) : text
  const columns = Math.max(narrowest, options.columns)
  const fit = (text: string, indent: number) => options.wrapped(text, indent, columns)
  const stamp = () => `${elapsedSeconds().toFixed(1).padStart(6)} s`
  const emit = (event: string, data: Readonly<Record<string, unknown>>) =>
    options.out(`${JSON.stringify({ seconds: Number(elapsedSeconds().toFixed(3)), scene, event, ...data })}\n`)
  return {
    elapsedSeconds,
    scene: (number, title, about) => {
      scene = number
      if (options.json) return emit('scene', { title, about })
      options.out(`\n${paint('bold', `${number}. ${title}`)}\n${paint('dim', `   ${fit(about, 3)}`)}\n`)
    },
    tell: (kind, who, text, data = {}) => {
      if (options.json) return emit(kind, { who, text, ...data })
      const said = fit(text, textColumn)
      options.out(
        `${paint('dim', stamp())}  ${paint(styles[kind], who.padEnd(8))}  ${kind === 'failed' || kind === 'result' ? paint(styles[kind], said) : said}\n`,
      )
    },
    summary: (results, ok) => {
      scene = null
      const seconds = Number(elapsedSeconds().toFixed(1))
      const restarts = results.reduce((sum, result) => sum + result.restarts, 0)
      if (options.json) return emit('summary', { ok, total: seconds, restarts, scenes: results })
      if (results.length > 0) options.out(table(results, paint, columns))
      options.out(
        `\n${ok ? paint('green', `Everything shown happened, in ${seconds} s.`) : paint('red', `Not everything that was to be shown happened (${seconds} s).`)}\n`,
      )
    },
  }
}

/** A line a scene; where that is too long for the terminal, what happened is below it. */
function table(
  results: readonly SceneResult[],
  paint: (style: 'bold', text: string) => string,
  columns: number,
): string {
  const title = Math.max(...results.map(result => result.title.length))
  const happened = Math.max(...results.map(result => result.happened.length))
  const apart = 3 + title + 2 + happened + 2 + 'seconds  restarts'.length > columns
  const row = (number: string, name: string, text: string, numbers: string) =>
    apart
      ? `${number}  ${name.padEnd(title)}  ${numbers}${text && `\n   ${text}`}`
      : `${number}  ${name.padEnd(title)}  ${text.padEnd(happened)}  ${numbers}`
  const head = row(' ', 'scene', apart ? '' : 'what happened', 'seconds  restarts')
  const rows = results.map(result => {
    const numbers = `${result.seconds.toFixed(1).padStart(7)}  ${String(result.restarts).padStart(8)}`
    return row(`${result.scene}`, result.title, result.happened, numbers)
  })
  return `\n${[paint('bold', head), ...rows].join('\n')}\n`
}
