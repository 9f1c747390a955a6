// Manifests as the webhook would change them: the documents with an injected pod written anew, the others as they
// stand.
import { stringify } from 'yaml'
import { isRecord } from '../../peers/is-record.ts'
import { applyPatch } from '../../webhook/patch/apply.ts'
import type { Explanation } from './explain.ts'
import { kubernetesYaml, type ManifestDocument } from './manifest-files.ts'

/** All documents as YAML, in their order, those with an injected pod changed (their comments are lost). */
export function injectedManifests(
  documents: readonly ManifestDocument[],
  explanations: readonly Explanation[],
): string {
  const changed = new Map<ManifestDocument, Explanation[]>()
  for (const explanation of explanations) {
    if (explanation.row.patch.length === 0 || explanation.perPod) continue
    const list = changed.get(explanation.found.document) ?? []
    changed.set(explanation.found.document, [...list, explanation])
  }
  return documents.map(document => textOf(document, changed.get(document))).join('---\n')
}

function textOf(document: ManifestDocument, explanations: readonly Explanation[] | undefined): string {
  if (!explanations) return asDocument(document)
  const root = { value: structuredClone(document.value) }
  for (const { found, row } of explanations) {
    const { parent, key } = slotOf(root, ['value', ...found.at, ...found.templateAt])
    const template = parent[key] as { metadata?: unknown }
    // The patch is made for a pod as the API server shows it, which always has metadata.
    parent[key] = applyPatch({ ...template, metadata: template.metadata ?? {} }, row.patch)
  }
  return stringify(root.value, { ...kubernetesYaml, lineWidth: 0, aliasDuplicateObjects: false })
}

function slotOf(
  root: Record<string, unknown>,
  path: readonly (string | number)[],
): { parent: Record<string | number, unknown>; key: string | number } {
  const key = path.at(-1)
  const parent = path
    .slice(0, -1)
    .reduce<unknown>(
      (value, step) =>
        isRecord(value) || Array.isArray(value) ? (value as Record<string | number, unknown>)[step] : undefined,
      root,
    )
  if (key === undefined || typeof parent !== 'object' || parent === null) throw new Error(`no pod at ${path.join('.')}`)
  return { parent: parent as Record<string | number, unknown>, key }
}

/** A JSON file's text is YAML too, but one document of it must not hold a `---` of its own. */
function asDocument(document: ManifestDocument): string {
  const text = document.text.replace(/^(\s*\n|---[ \t]*\n)*/, '').trimEnd()
  return `${text}\n`
}
