// spec.deliver of a PeerSet: the pods that its list is for, where their manifests cannot say so themselves. Read by the
// webhook, which gives them the list as a source, by the controller and by `repeer check`, which say who lacks it.
// Pure.

import { Fields } from '../fields.ts'
import { own } from '../own.ts'
import { type Profile, profiles } from '../plan.ts'

/** metav1.LabelSelector. */
export type LabelSelector = {
  readonly labels: readonly (readonly [name: string, value: string])[]
  readonly expressions: readonly {
    readonly key: string
    readonly operator: Operator
    readonly values: readonly string[]
  }[]
}
const operators = ['In', 'NotIn', 'Exists', 'DoesNotExist'] as const
type Operator = (typeof operators)[number]

export type Delivery = {
  readonly podSelector: LabelSelector
  /** Which container of the pod is the node: a pod without it is not meant. */
  readonly container?: string
  readonly profile?: Profile
}

export function readDelivery(fields: Fields): Delivery {
  const selector = fields.object('podSelector')
  const podSelector = readLabels(selector)
  if (podSelector.labels.length === 0 && podSelector.expressions.length === 0)
    selector.problem('', 'one that selects everything', 'matchLabels or matchExpressions')
  const container = fields.matching(
    'container',
    /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/,
    'the name of a container',
    'optional',
  )
  const profile = fields.has('profile') ? fields.oneOf('profile', profiles) : undefined
  return {
    podSelector,
    ...(container === undefined ? {} : { container }),
    ...(profile === undefined ? {} : { profile }),
  }
}

/** As the API server decides it: every requirement has to hold; NotIn holds where there is no such label. */
export function selects({ labels, expressions }: LabelSelector, of: Readonly<Record<string, string>>): boolean {
  return (
    labels.every(([name, value]) => own(of, name) === value) &&
    expressions.every(({ key, operator, values }) => {
      const value = own(of, key)
      if (operator === 'Exists') return value !== undefined
      if (operator === 'DoesNotExist') return value === undefined
      return (value !== undefined && values.includes(value)) === (operator === 'In')
    })
  )
}

function readLabels(selector: Fields): LabelSelector {
  const isTexts = (value: unknown): value is Record<string, string> =>
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every(text => typeof text === 'string')
  const labels = selector.value('matchLabels', 'labels with their values', isTexts, 'optional') ?? {}
  const expressions = (selector.has('matchExpressions') ? selector.array('matchExpressions') : []).flatMap(
    (expression, index) => {
      const entry = new Fields(expression, selector.at(`matchExpressions[${index}]`), selector.problems)
      const key = entry.matching('key', /^.{1,317}$/, 'the name of a label')
      const operator = entry.oneOf('operator', operators)
      const isStrings = (found: unknown): found is string[] =>
        Array.isArray(found) && found.every(value => typeof value === 'string')
      const values = entry.value('values', 'a list of texts', isStrings, 'optional') ?? []
      return key === undefined || operator === undefined ? [] : [{ key, operator, values }]
    },
  )
  return { labels: Object.entries(labels), expressions }
}
