import t from 'tap'
import type { NodeState } from '../../../../sidecar/chains/chain.ts'
import { forbidsCometbft } from '../../../../sidecar/chains/cometbft/forbids.ts'

const status = { height: 7, catchingUp: false, validator: true, upgradePending: false }
const state: NodeState = {
  status,
  settings: { doubleSignCheckHeight: 0, stateSync: false },
  connected: true,
  rises: true,
}
const { status: _, ...silent } = state
const checked = { doubleSignCheckHeight: 1, stateSync: false }
const syncing = { ...state, status: { ...status, height: 0 }, settings: { ...checked, stateSync: true } }
const doubleSign = { reason: 'double-sign-check', detail: 'double_sign_check_height = 1' }
const catching = { ...status, catchingUp: true }

const rows: [what: string, state: NodeState, expected: object | null][] = [
  ['a validator at rest', state, null],
  ['state sync, before its first block', syncing, { reason: 'state-syncing' }],
  ['state sync is over with the first block', { ...syncing, status }, doubleSign],
  ['nobody to sync from: then it is not that', { ...syncing, connected: false }, doubleSign],
  ['catching up', { ...state, status: catching }, { reason: 'catching-up', detail: 'height 7' }],
  ['catching up, and standing still', { ...state, status: catching, rises: false }, null],
  ['double-sign check, of a validator', { ...state, settings: checked }, doubleSign],
  ['of no validator', { ...state, settings: checked, status: { ...status, validator: false } }, null],
  ['an upgrade', { ...state, status: { ...status, upgradePending: true } }, { reason: 'upgrade-pending' }],
  ['of no validator', { ...state, status: { ...status, validator: false, upgradePending: true } }, null],
  ['no such API: the configuration still counts', { ...silent, settings: checked }, doubleSign],
  ['and says nothing else', { ...silent, settings: { doubleSignCheckHeight: 0, stateSync: true } }, null],
]
for (const [what, state, expected] of rows) t.test(what, async t => t.same(forbidsCometbft(state), expected))
