// Times as a person reads them: "3 min ago".

const steps = [
  [60, 's', 1],
  [3600, 'min', 60],
  [48 * 3600, 'h', 3600],
  [Number.POSITIVE_INFINITY, 'd', 86_400],
] as const

/** A length of time, in its largest unit: "40 s", "3 min", "5 h", "9 d". */
export function duration(seconds: number): string {
  const [, unit, size] = steps.find(([limit]) => seconds < limit) ?? steps[3]
  return `${Math.floor(seconds / size)} ${unit}`
}

/**
 * How long ago an ISO 8601 time was. A moment of the future is "now": the two clocks differ. Texts that are no time are
 * returned as they are.
 */
export function ago(iso: string, now: number): string {
  const at = Date.parse(iso)
  if (Number.isNaN(at)) return iso
  const seconds = (now - at) / 1000
  return seconds < 1 ? 'now' : `${duration(seconds)} ago`
}
