// Reads what `repeer check --pre` decides about. It creates nothing: what it posts are dry runs and reviews of the
// caller's own rights.
import type { Cluster } from '../../cluster/cluster-access.ts'
import { eachOf } from '../../cluster/each-of.ts'
import { known, readIfThere, tried } from '../read.ts'
import { isOurs, type KubeObject, templateOf } from '../wanted.ts'
import {
  type ApplyVerb,
  applyVerbs,
  type BeforeFacts,
  type Injector,
  type ObjectFacts,
  type PodTrial,
} from './facts.ts'

/** Always there, and seldom with policies of its own. */
const otherNamespace = 'default'

/** The part of a MutatingWebhookConfiguration that is read. */
type WebhookConfiguration = KubeObject & {
  readonly webhooks?: readonly {
    readonly name: string
    readonly rules?: readonly {
      readonly apiGroups?: readonly string[]
      readonly resources?: readonly string[]
      readonly operations?: readonly string[]
    }[]
  }[]
}

type Resource = { readonly name: string; readonly kind: string; readonly namespaced: boolean }

/** Throws ClusterError where no API server answers or it does not know the caller. */
export async function readBefore(
  cluster: Cluster,
  wanted: { readonly namespace: string; readonly isRendered: boolean; readonly objects: readonly KubeObject[] },
): Promise<BeforeFacts> {
  const { namespace, isRendered } = wanted
  const version = await known(() => cluster.get('/version') as Promise<Record<string, string>>)
  const kinds = kindReader(cluster)
  const rights = rightsReader(cluster)
  const home = await readIfThere(cluster, `/api/v1/namespaces/${encodeURIComponent(namespace)}`)
  const isHome = 'value' in home && home.value !== undefined
  const objects = await eachOf(wanted.objects, object => objectFacts(cluster, object, kinds, rights, isHome))
  const where = isHome ? namespace : otherNamespace
  const pods = await eachOf(wanted.objects, object => podTrial(cluster, object, where, rights))
  return {
    namespace,
    isRendered,
    version,
    objects,
    pods: pods.filter(trial => trial !== undefined),
    injectors: await known(() => readInjectors(cluster)),
  }
}

type Kinds = (apiVersion: string, kind: string) => Promise<Resource | undefined>
type Rights = (question: {
  readonly group: string
  readonly resource: string
  readonly verb: ApplyVerb
  readonly namespace: string
}) => Promise<boolean | undefined>

async function objectFacts(
  cluster: Cluster,
  object: KubeObject,
  kinds: Kinds,
  rights: Rights,
  isHome: boolean,
): Promise<ObjectFacts> {
  const { apiVersion, kind, metadata } = object
  const resource = await kinds(apiVersion, kind)
  const group = groupOf(apiVersion)
  if (resource === undefined)
    return {
      object,
      isServed: false,
      resource: kind,
      lacks: [],
      present: { value: undefined },
      trial: { as: 'untried', why: 'the kind is not known' },
    }
  const place = resource.namespaced ? (metadata.namespace ?? otherNamespace) : ''
  const answers = await Promise.all(
    applyVerbs.map(async verb => {
      return { verb, allowed: await rights({ group, resource: resource.name, verb, namespace: place }) }
    }),
  )
  const collection = `${rootOf(apiVersion)}${place === '' ? '' : `/namespaces/${encodeURIComponent(place)}`}/${resource.name}`
  const canBeTried = place === '' || isHome
  return {
    object,
    isServed: true,
    resource: group === '' ? resource.name : `${resource.name}.${group}`,
    lacks: answers.some(({ allowed }) => allowed === undefined)
      ? undefined
      : answers.filter(({ allowed }) => allowed === false).map(({ verb }) => verb),
    present: await readIfThere(cluster, `${collection}/${encodeURIComponent(metadata.name)}`),
    trial: canBeTried
      ? await tried(cluster, collection, object)
      : { as: 'untried', why: `namespace ${place} does not exist yet` },
  }
}

/** A pod as the Deployment makes them. Its service account does not exist yet, so that of the namespace stands in. */
async function podTrial(
  cluster: Cluster,
  object: KubeObject,
  namespace: string,
  rights: Rights,
): Promise<PodTrial | undefined> {
  const template = templateOf(object)
  if (template === undefined) return undefined
  const { name } = object.metadata
  // An installation makes no pods itself, so this right is wanted for the trial alone.
  if ((await rights({ group: '', resource: 'pods', verb: 'create', namespace })) === false)
    return { deployment: name, namespace, trial: { as: 'untried', why: `you may not create pods in ${namespace}` } }
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...template.metadata, generateName: `${name}-`, namespace },
    spec: { ...template.spec, serviceAccountName: 'default', serviceAccount: 'default' },
  }
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`
  return { deployment: name, namespace, trial: await tried(cluster, path, pod) }
}

/** From a kind to its plural, by discovery, each group asked once. */
function kindReader(cluster: Cluster): Kinds {
  const groups = new Map<string, Promise<readonly Resource[]>>()
  const read = async (apiVersion: string) => {
    const answer = await readIfThere(cluster, rootOf(apiVersion))
    const list = 'value' in answer ? (answer.value as { resources?: readonly Resource[] } | undefined) : undefined
    return list?.resources ?? []
  }
  return async (apiVersion, kind) => {
    const group = groups.get(apiVersion) ?? read(apiVersion)
    groups.set(apiVersion, group)
    return (await group).find(resource => resource.kind === kind && !resource.name.includes('/'))
  }
}

/** Of a kind as a whole, whatever the name; each question asked once. */
function rightsReader(cluster: Cluster): Rights {
  const answers = new Map<string, Promise<boolean | undefined>>()
  return resourceAttributes => {
    const key = JSON.stringify(resourceAttributes)
    const answer = answers.get(key) ?? askRight(cluster, resourceAttributes)
    answers.set(key, answer)
    return answer
  }
}

async function askRight(cluster: Cluster, resourceAttributes: unknown): Promise<boolean | undefined> {
  const review = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: { resourceAttributes },
  }
  const answer = await known(() => cluster.post('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', review))
  if (!('value' in answer)) return undefined
  return (answer.value as { status?: { allowed?: boolean } }).status?.allowed === true
}

async function readInjectors(cluster: Cluster): Promise<Injector[]> {
  const all = await cluster.list<WebhookConfiguration>(
    '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations',
  )
  return all
    .filter(configuration => !isOurs(configuration))
    .map(({ metadata, webhooks = [] }) => ({
      name: metadata.name,
      webhooks: webhooks.filter(({ rules = [] }) => rules.some(seesPods)).map(({ name }) => name),
    }))
    .filter(({ webhooks }) => webhooks.length > 0)
}

type Rule = NonNullable<NonNullable<WebhookConfiguration['webhooks']>[number]['rules']>[number]

function seesPods({ apiGroups = [], resources = [], operations = [] }: Rule): boolean {
  const has = (words: readonly string[], word: string) => words.includes('*') || words.includes(word)
  return has(apiGroups, '') && (has(resources, 'pods') || resources.includes('*/*')) && has(operations, 'CREATE')
}

function groupOf(apiVersion: string): string {
  return apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : ''
}

function rootOf(apiVersion: string): string {
  return apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
}
