// The webhook's and the controller's Deployments, as `repeer check --install` judges them. Pure.
import { controller, webhook } from '../../../peers/installed.ts'
import { type ContainerStatus, isStuck, type PodObject, stateText } from '../../cluster/pod-object.ts'
import { failure, type Line, notYet, ok, unseen, warning } from '../lines.ts'
import { isOf } from '../wanted.ts'
import type { AfterFacts, Deployment } from './facts.ts'

type Component = 'webhook' | 'controller'
const names = { webhook: webhook.name, controller: controller.name } as const

/** The Deployment of a program; undefined where there is none, or where they may not be read. */
export function deploymentOf(component: Component, { deployments }: Pick<AfterFacts, 'deployments'>) {
  if ('unknown' in deployments) return undefined
  return deployments.value.find(
    deployment => isOf(component, deployment) || deployment.metadata.name === names[component],
  )
}

/** Whether restarts wait for a controller, as the webhook was told; a flag that is not there means so. */
export function isPaced(facts: Pick<AfterFacts, 'deployments'>): boolean {
  return flagOf(deploymentOf('webhook', facts), 'turns') !== 'self'
}

/** The last --NAME=VALUE among a Deployment's arguments, as a program reads it. */
export function flagOf(deployment: Deployment | undefined, name: string): string | undefined {
  const args = deployment?.spec.template.spec.containers.flatMap(container => container.args ?? []) ?? []
  return args
    .filter(arg => arg.startsWith(`--${name}=`))
    .map(arg => arg.slice(name.length + 3))
    .at(-1)
}

export function webhookLine(facts: AfterFacts): Line {
  if ('unknown' in facts.deployments) return unseen('webhook', facts.deployments.unknown)
  const deployment = deploymentOf('webhook', facts)
  if (deployment === undefined)
    return failure(
      'webhook',
      `found no Deployment ${webhook.name} in namespace ${facts.namespace}`,
      'install repeer (kubectl apply -k manifests/), or name its namespace with --namespace NS',
    )
  return deploymentLine('webhook', deployment, facts)
}

export function controllerLine(facts: AfterFacts): Line {
  if ('unknown' in facts.deployments) return unseen('controller', facts.deployments.unknown)
  const deployment = deploymentOf('controller', facts)
  if (deployment !== undefined) return deploymentLine('controller', deployment, facts)
  if (!isPaced(facts))
    return ok('controller', 'none, as installed (--turns=self): each sidecar decides for its own node')
  return failure(
    'controller',
    `found no Deployment ${controller.name} in namespace ${facts.namespace}, and the webhook says --turns=controller: no node would be restarted`,
    'apply the manifests again, or the overlay without-controller',
  )
}

function deploymentLine(component: Component, deployment: Deployment, facts: AfterFacts): Line {
  const { metadata, spec, status = {} } = deployment
  const wanted = spec.replicas ?? 1
  const { readyReplicas: ready = 0, updatedReplicas: updated = 0, replicas = 0 } = status
  const what = `Deployment ${metadata.name}: ${ready} of ${wanted} replicas ready`
  if (wanted === 0)
    return failure(
      component,
      `${what}: it is scaled to none`,
      `kubectl -n ${facts.namespace} scale deployment ${metadata.name} --replicas=2`,
    )
  const isRolledOut = (status.observedGeneration ?? 0) >= (metadata.generation ?? 0) && updated >= wanted
  if (ready >= wanted && isRolledOut && replicas <= wanted) return ok(component, what)
  const why = reasonOf(component, facts)
  const found = `${what}${isRolledOut ? '' : ', and its rollout is not finished'}${why === '' ? '' : `: ${why}`}`
  const advice = `kubectl -n ${facts.namespace} describe pods -l app.kubernetes.io/component=${component}; the image has to be one that the cluster can pull`
  if (ready === 0) return notYet(component, found, advice)
  return { ...warning(component, found, advice), isPassing: true }
}

/** What the first of its pods that does not get on says of itself. */
function reasonOf(component: Component, { pods }: AfterFacts): string {
  if ('unknown' in pods) return ''
  const own = pods.value.filter(({ metadata }) => isOf(component, { metadata }))
  for (const pod of own) {
    const stuck = (pod.status?.containerStatuses ?? []).find(isStuck)
    if (stuck) return `container ${stuck.name} of ${pod.metadata.name} is ${stateText(stuck)}`
    const unready = (pod.status?.containerStatuses ?? []).find(isUnready)
    if (unready) return `container ${unready.name} of ${pod.metadata.name} runs and is not ready; see its log`
  }
  const pending = own.find(({ status }) => (status?.phase ?? 'Pending') === 'Pending')
  return pending ? `${pending.metadata.name} is pending${conditionText(pending)}` : ''
}

function isUnready({ ready, state }: ContainerStatus): boolean {
  return state?.running !== undefined && ready === false
}

/** Why it has no machine, in the scheduler's words. */
function conditionText({ status }: PodObject): string {
  const scheduled = status?.conditions?.find(({ type, status: is }) => type === 'PodScheduled' && is === 'False')
  return scheduled?.message ? ` (${scheduled.message})` : ''
}
