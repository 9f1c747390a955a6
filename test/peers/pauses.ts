// What repeer.dev/pause may say, and what each of its readers has to make of it: webhook, sidecar, controller, check.

/** `held`: nothing is restarted. `odd`: somebody is told so. */
export type PauseRow = { readonly text: string | undefined; readonly held: boolean; readonly odd: boolean }

export const pauseRows: readonly PauseRow[] = [
  { text: undefined, held: false, odd: false },
  { text: 'true', held: true, odd: false },
  { text: ' true\n', held: true, odd: false },
  { text: 'True', held: true, odd: false },
  { text: 'false', held: false, odd: false },
  { text: ' false\n', held: false, odd: false },
  { text: 'FALSE', held: false, odd: false },
  { text: '', held: false, odd: true },
  { text: ' \n', held: false, odd: true },
  { text: 'yes', held: true, odd: true },
  { text: 'no', held: true, odd: true },
  { text: '0', held: true, odd: true },
  { text: 'upgrade', held: true, odd: true },
  { text: 'true, until friday', held: true, odd: true },
]
