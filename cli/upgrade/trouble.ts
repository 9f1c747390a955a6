// What ends an upgrade at a pod.

/** What went wrong, and in `advice` what to do. */
export class Trouble extends Error {
  readonly advice: string
  constructor(message: string, advice: string) {
    super(message)
    this.advice = advice
  }
}
