// Whether NetworkPolicies admit the controller to a status page: the rules of networking.k8s.io/v1, row by row.
import t from 'tap'
import type { NetworkPolicy } from '../../../cli/install/after/facts.ts'
import { admits } from '../../../cli/install/after/network.ts'

type Spec = NonNullable<NetworkPolicy['spec']>
type Rule = NonNullable<Spec['ingress']>[number]

const reader = {
  pod: { 'app.kubernetes.io/name': 'repeer', 'app.kubernetes.io/component': 'controller' },
  namespace: { 'kubernetes.io/metadata.name': 'repeer-system' },
}
const policy = (spec: Spec): NetworkPolicy => ({ metadata: { name: 'policy' }, spec })
const rule = (ingress: Rule): NetworkPolicy => policy({ podSelector: {}, policyTypes: ['Ingress'], ingress: [ingress] })
const port = (number: number | string, more = {}): Rule => ({ ports: [{ port: number, ...more }] })
const home = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'repeer-system' } } }
const expression = (operator: string, ...values: string[]) => ({
  podSelector: { matchExpressions: [{ key: 'app', operator, values }] },
})

t.test('what admits, and what does not', async t => {
  const deny = policy({ podSelector: {} })
  const rows: [what: string, policies: readonly NetworkPolicy[], admitted: boolean][] = [
    ['none', [], true],
    ['one for outgoing traffic', [policy({ podSelector: {}, policyTypes: ['Egress'] })], true],
    ['one for other pods', [policy({ podSelector: { matchLabels: { app: 'web' } } })], true],
    ['one for these, which admits nobody', [policy({ podSelector: { matchLabels: { app: 'node' } } })], false],
    ['the default denial; without policyTypes it is one', [deny], false],
    ['no spec at all', [{ metadata: { name: 'policy' } }], false],
    ['a rule without anything', [rule({})], true],
    ['a denial beside it takes nothing back', [deny, rule({})], true],
    ['the port', [rule(port(9469))], true],
    ['by name', [rule(port('repeer'))], true],
    ['another', [rule(port(9470))], false],
    ['another name', [rule(port('p2p'))], false],
    ['a range that ends there', [rule(port(9000, { endPort: 9469 }))], true],
    ['a range that ends before', [rule(port(9000, { endPort: 9468 }))], false],
    ['a range that begins there', [rule(port(9469, { endPort: 9500 }))], true],
    ['a range that begins behind', [rule(port(9470, { endPort: 9500 }))], false],
    ['UDP', [rule(port(9469, { protocol: 'UDP' }))], false],
    ['any port of TCP', [rule({ ports: [{ protocol: 'TCP' }] })], true],
    ['our namespace', [rule({ from: [home] })], true],
    ['every namespace', [rule({ from: [{ namespaceSelector: {} }] })], true],
    ['another namespace', [rule({ from: [{ namespaceSelector: { matchLabels: { name: 'monitoring' } } }] })], false],
    ['pods of its own namespace', [rule({ from: [{ podSelector: {} }] })], false],
    ['our controller', [rule({ from: [{ ...home, podSelector: { matchLabels: reader.pod } }] })], true],
    ['others of our namespace', [rule({ from: [{ ...home, podSelector: { matchLabels: { app: 'x' } } }] })], false],
    ['somebody else, or us', [rule({ from: [{ podSelector: {} }, home] })], true],
    ['addresses, which may be ours', [rule({ from: [{ ipBlock: { cidr: '10.0.0.0/8' } }] })], true],
    ['our namespace at another port', [rule({ from: [home], ...port(26657) })], false],
    ['pods in a set that they are in', [policy(expression('In', 'node', 'web'))], false],
    ['pods in a set that they are not in', [policy(expression('In', 'web'))], true],
    ['pods out of a set that they are in', [policy(expression('NotIn', 'node'))], true],
    ['pods out of a set that they are not in', [policy(expression('NotIn', 'web'))], false],
    ['pods with the label', [policy(expression('Exists'))], false],
    ['pods without the label', [policy(expression('DoesNotExist'))], true],
  ]
  for (const [what, policies, admitted] of rows) t.equal(admits({ app: 'node' }, policies, reader), admitted, what)
})

t.test('a label that is called like what every object has', async t => {
  const strange = policy({ podSelector: { matchExpressions: [{ key: 'constructor', operator: 'Exists' }] } })
  t.equal(admits({}, [strange], reader), true)
})
