// What `repeer check --install` says: facts in, lines out. Pure.
import type { Line } from '../lines.ts'
import { imageLines, namespaceLines, versionLines } from './chains.ts'
import { customResourceLine, leaderLines, policyLines } from './control.ts'
import type { AfterFacts } from './facts.ts'
import { networkLines } from './network.ts'
import { controllerLine, deploymentOf, webhookLine } from './programs.ts'
import { certificateLine, configurationLine, injectionLine, injectionUnknowns, reachLine } from './trust.ts'

export function afterLines(facts: AfterFacts): Line[] {
  const webhook = webhookLine(facts)
  // Where nothing is installed, all others would only say so again.
  if ('value' in facts.deployments && facts.deployments.value.length === 0) return [webhook]
  return [
    webhook,
    controllerLine(facts),
    configurationLine(facts),
    certificateLine(facts),
    ...reachLine(facts),
    ...leaderLines(facts),
    customResourceLine(facts),
    ...policyLines(facts),
    ...namespaceLines(facts),
    injectionLine(facts),
    ...networkLines(facts, deploymentOf('controller', facts) !== undefined),
    ...imageLines(facts),
    ...versionLines(facts),
  ].filter(line => line !== undefined)
}

export function afterUnknowns(facts: AfterFacts): string[] {
  return injectionUnknowns(facts)
}
