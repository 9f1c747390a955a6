// What is in the cluster of repeer's.
import { kubectl } from './install.ts'

/**
 * Every object of every kind in the cluster that has repeer in its name, its namespace or a label. Events tell of the
 * past.
 */
export function traces(): string[] {
  const kinds = kubectl('api-resources', '--verbs=list', '-o', 'name')
    .trim()
    .split('\n')
    .filter(kind => !/^events\b|\.metrics\.k8s\.io$/.test(kind))
  const columns = 'KIND:.kind,NAMESPACE:.metadata.namespace,NAME:.metadata.name,LABELS:.metadata.labels'
  const all = kubectl(
    'get',
    kinds.join(','),
    '-A',
    '--no-headers',
    '--ignore-not-found',
    '-o',
    `custom-columns=${columns}`,
  )
  return all.split('\n').filter(line => line.includes('repeer'))
}
