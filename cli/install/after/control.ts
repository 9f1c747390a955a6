// Who leads, and what the API server enforces on repeer itself, as `repeer check --install` judges it. Pure.

import { controller } from '../../../peers/installed.ts'
import { isRecord } from '../../../peers/is-record.ts'
import { someOf } from '../../text/shortened.ts'
import { failure, type Line, notYet, ok, unseen, warning } from '../lines.ts'
import { isOf, type KubeObject } from '../wanted.ts'
import type { AfterFacts, CustomResource, LeaseFacts, Policy } from './facts.ts'
import { deploymentOf, isPaced } from './programs.ts'

/** Names in a sentence. */
const mostNames = 4
const applyAgain = 'apply the manifests of this release again (kubectl apply -k manifests/)'

/** Undefined where no controller is installed. */
export function leaderLines(facts: AfterFacts): Line[] {
  const check = 'leader'
  if (deploymentOf('controller', facts) === undefined) return []
  if ('unknown' in facts.leases) return [unseen(check, facts.leases.unknown)]
  if (facts.leases.value.length === 0)
    return [
      notYet(
        check,
        `found no Lease ${controller.name}: no replica of the controller leads, so that no node is restarted`,
        `see the log of the controller: kubectl -n ${facts.namespace} logs deploy/${controller.name}`,
      ),
    ]
  return facts.leases.value.map(lease => leaseLine(lease, facts))
}

function leaseLine({ name, holder, isRenewed }: LeaseFacts, { namespace, pods }: AfterFacts): Line {
  const check = 'leader'
  const advice = `see the log of the controller: kubectl -n ${namespace} logs deploy/${controller.name}`
  if (holder === '') return notYet(check, `Lease ${name} is held by nobody, so that no node is restarted`, advice)
  if (!isRenewed)
    return notYet(
      check,
      `Lease ${name} is not renewed by ${holder}, which holds it, so that no node is restarted`,
      advice,
    )
  // A holder is the name of its pod with a random part behind it.
  const isKnown = 'unknown' in pods || pods.value.some(({ metadata }) => holder.startsWith(`${metadata.name}_`))
  return isKnown
    ? ok(check, `${holder.replace(/_[^_]*$/, '')} holds Lease ${name} and renews it`)
    : warning(
        check,
        `Lease ${name} is renewed by ${holder}, which is no pod of namespace ${namespace}`,
        'see whether a second controller runs somewhere, with a kubeconfig of its own',
      )
}

/** Undefined where there is none to be expected: without a controller nobody reads PeerSets. */
export function customResourceLine(facts: AfterFacts): Line | undefined {
  const check = 'peersets'
  const expected = facts.expected.find(({ kind }) => kind === 'CustomResourceDefinition') as CustomResource | undefined
  if (expected === undefined || (deploymentOf('controller', facts) === undefined && !isPaced(facts))) return undefined
  const { name } = expected.metadata
  if ('unknown' in facts.customResource) return unseen(check, facts.customResource.unknown)
  const found = facts.customResource.value
  if (found === undefined)
    return warning(check, `found no CustomResourceDefinition ${name}: there can be no PeerSets`, applyAgain)
  const established = found.status?.conditions?.find(({ type }) => type === 'Established')
  if (established?.status !== 'True')
    return notYet(
      check,
      `CustomResourceDefinition ${name} is not established`,
      `kubectl describe crd ${name}: another one may have taken its names`,
    )
  const lacks = (expected.spec?.versions ?? []).flatMap(version => {
    const there = found.spec?.versions?.find(candidate => candidate.name === version.name && candidate.served !== false)
    if (there === undefined) return [version.name]
    const fields = new Set(fieldsOf(there.schema?.openAPIV3Schema))
    return fieldsOf(version.schema?.openAPIV3Schema).filter(field => !fields.has(field))
  })
  if (lacks.length > 0)
    return warning(
      check,
      `CustomResourceDefinition ${name} is of an older release: it lacks ${someOf(lacks, mostNames)}, which PeerSets would lose`,
      applyAgain,
    )
  return ok(check, `CustomResourceDefinition ${name} has all fields of this release`)
}

/** The paths of all fields that a schema names: "spec.source.services". */
function fieldsOf(schema: unknown, path = ''): string[] {
  if (!isRecord(schema)) return []
  const { properties, items, additionalProperties } = schema
  const own = isRecord(properties)
    ? Object.entries(properties).flatMap(([name, inner]) => {
        const field = path === '' ? name : `${path}.${name}`
        return [field, ...fieldsOf(inner, field)]
      })
    : []
  return [...own, ...fieldsOf(items, `${path}[]`), ...fieldsOf(additionalProperties, `${path}{}`)]
}

/** Policies hold repeer's own rights to what they are for; without one, RBAC alone does. */
export function policyLines(facts: AfterFacts): Line[] {
  const check = 'policies'
  const { policies, bindings, namespace } = facts
  if ('unknown' in policies) return [unseen(check, policies.unknown)]
  if ('unknown' in bindings) return [unseen(check, bindings.unknown)]
  const isAlone = deploymentOf('controller', facts) === undefined && !isPaced(facts)
  const expected = facts.expected.filter(
    object => object.kind === 'ValidatingAdmissionPolicy' && !(isAlone && isOf('controller', object)),
  )
  const problems = expected.flatMap(({ metadata: { name } }): Line[] => {
    const policy = policies.value.find(({ metadata }) => metadata.name === name)
    if (policy === undefined)
      return [failure(check, `found no ValidatingAdmissionPolicy ${name}, which holds repeer's own rights`, applyAgain)]
    const denies = bindings.value.some(
      ({ spec }) => spec?.policyName === name && spec.validationActions?.includes('Deny') === true,
    )
    if (!denies) return [failure(check, `no ValidatingAdmissionPolicyBinding makes ${name} deny anything`, applyAgain)]
    return [...elsewhere(policy, namespace), ...warningsOf(policy)]
  })
  if (problems.length > 0) return problems
  return [ok(check, `${namesOf(expected)}: there, and bound to deny`)]
}

/** A policy knows repeer's programs by the names of their service accounts, which have the namespace in them. */
function elsewhere({ metadata, spec }: Policy, namespace: string): Line[] {
  const expressions = (spec?.matchConditions ?? []).map(({ expression }) => expression)
  const named = expressions.filter(expression => expression.includes('system:serviceaccount:'))
  return named.length === 0 || named.some(expression => expression.includes(`system:serviceaccount:${namespace}:`))
    ? []
    : [
        failure(
          'policies',
          `ValidatingAdmissionPolicy ${metadata.name} names a service account of another namespace than ${namespace}, so that it holds nobody`,
          'a kustomization of your own that sets namespace lists policy-namespace.yaml under replacements again: docs/configuration.md',
        ),
      ]
}

function warningsOf({ metadata, status }: Policy): Line[] {
  const warnings = status?.typeChecking?.expressionWarnings ?? []
  return warnings.length === 0
    ? []
    : [
        warning(
          'policies',
          `the API server warns about ValidatingAdmissionPolicy ${metadata.name}: ${warnings[0]?.warning ?? ''}`,
          'apply the manifests of the release that fits this Kubernetes',
        ),
      ]
}

function namesOf(objects: readonly KubeObject[]): string {
  return objects.map(({ metadata }) => metadata.name).join(', ')
}
