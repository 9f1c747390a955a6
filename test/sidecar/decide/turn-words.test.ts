// What a page says of a turn that does not come.
import t from 'tap'
import { whyNoTurn } from '../../../sidecar/decide/turn-words.ts'

const minute = 60_000
const nobody = (at: number) => `no controller has looked since ${new Date(at).toISOString()}: `

t.test('the controller’s word, or that there is no controller', async t => {
  const rows: [
    what: string,
    look: { now: number; turnWait?: string; controllerLookedAt?: number },
    says: string | undefined,
  ][] = [
    ['a moment', { now: minute }, undefined],
    ['the controller has said why', { now: minute, turnWait: 'x goes first' }, 'x goes first'],
    ['just below 40 s', { now: minute + 39_999 }, undefined],
    ['40 s, and nobody has looked', { now: minute + 40_000 }, nobody(minute)],
    ['it has looked before, and not since', { now: 2 * minute, controllerLookedAt: 30_000 }, nobody(minute)],
    ['it looks', { now: 2 * minute - 1, controllerLookedAt: 2 * minute - 20_000 }, undefined],
    [
      'it looks, and says nothing for a minute',
      { now: 2 * minute + 1, controllerLookedAt: 2 * minute },
      'for more than a minute: ',
    ],
    [
      'it looks and says why',
      { now: 3 * minute, controllerLookedAt: 3 * minute - 39_999, turnWait: 'x goes first' },
      'x goes first',
    ],
    [
      'its last word, and no look since',
      { now: 4 * minute, controllerLookedAt: 3 * minute, turnWait: 'x' },
      `x; ${nobody(3 * minute)}`,
    ],
  ]
  for (const [what, look, says] of rows) {
    const found = whyNoTurn(look, minute)
    t.equal(says === undefined ? found : found?.slice(0, says.length), says, what)
  }
  t.equal(whyNoTurn({ now: minute, turnWait: 'x' }, undefined), 'x')
})
