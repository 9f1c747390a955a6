import t from 'tap'
import { readNodeSettings } from '../../../../sidecar/chains/cometbft/settings.ts'

t.test('from all documents together; what cannot be read says nothing', async t => {
  t.same(readNodeSettings([]), { doubleSignCheckHeight: 0, stateSync: false })
  t.same(readNodeSettings(['[Consensus]\ndouble-sign-check-height = "7"\n[statesync]\nenable = "true"']), {
    doubleSignCheckHeight: 7,
    stateSync: false,
  })
  t.same(
    readNodeSettings([
      'consensus = 7\nstatesync = []',
      '[',
      `[consensus]\ndouble_sign_check_height = 9223372036854775807`,
    ]),
    {
      doubleSignCheckHeight: Number(2n ** 63n - 1n),
      stateSync: false,
    },
  )
})
