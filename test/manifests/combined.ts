// kustomize with components of our choice over the base, as manifests/kustomization.yaml says it.
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { type Entity, render, root } from './objects.ts'

/** A copy of manifests/ with these components over the base, and with another namespace where one is given. */
export function combined(t: Test, components: readonly string[], namespace?: string): Entity[] {
  const folder = t.testdir()
  cpSync(join(root, 'manifests'), folder, { recursive: true })
  if (namespace !== undefined) {
    const file = join(folder, 'base/kustomization.yaml')
    writeFileSync(file, `namespace: ${namespace}\n${readFileSync(file, 'utf8')}`)
  }
  const file = join(folder, 'kustomization.yaml')
  const lines = components.map(name => `  - components/${name}\n`).join('')
  const [head] = readFileSync(file, 'utf8').split('# components:')
  writeFileSync(file, lines ? `${head}components:\n${lines}` : `${head}`)
  return render(folder)
}

/**
 * By kind and name, to be compared, with the namespace apart: kustomize 5.5 takes ValidatingAdmissionPolicies for
 * namespaced objects and gives them one, which the API server takes out again.
 */
export function byName(entities: readonly Entity[]): Record<string, object> {
  return Object.fromEntries(
    entities.map(({ metadata: { namespace, ...metadata }, ...rest }) => [
      `${rest.kind} ${metadata.name}`,
      { ...rest, metadata, namespace: rest.kind.startsWith('ValidatingAdmission') ? undefined : namespace },
    ]),
  )
}
