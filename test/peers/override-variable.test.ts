import t from 'tap'
import { overrideVariable } from '../../peers/override-variable.ts'

t.test('the variable that outranks the file, by program', async t => {
  for (const [program, peers, seeds] of [
    ['cometbft', 'CMT_P2P_PERSISTENT_PEERS', 'CMT_P2P_SEEDS'],
    ['tendermint', 'TM_P2P_PERSISTENT_PEERS', 'TM_P2P_SEEDS'],
    ['gaiad', 'GAIAD_P2P_PERSISTENT_PEERS', 'GAIAD_P2P_SEEDS'],
    ['interchain-security-cd', 'INTERCHAIN_SECURITY_CD_P2P_PERSISTENT_PEERS', 'INTERCHAIN_SECURITY_CD_P2P_SEEDS'],
    ['start.sh', undefined, undefined],
    ['9node', undefined, undefined],
    ['', undefined, undefined],
  ] as const) {
    t.equal(overrideVariable(program, 'peer'), peers)
    t.equal(overrideVariable(program, 'seed'), seeds)
  }
})
