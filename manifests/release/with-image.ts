/** A name with its registry, and the digest of its index or manifest. */
const byDigest = /^([a-z0-9.-]+(?::\d{1,5})?(?:\/[a-z0-9._-]+)+)@(sha256:[0-9a-f]{64})$/

/**
 * A kustomization.yaml with this image in place of the one that its entry `- name: repeer` gives, whether by tag or by
 * digest; all else stays, comments included. `image` is NAME@sha256:DIGEST. Throws an Error where it is not, or where
 * there is not exactly one entry.
 */
export function withImage(kustomization: string, image: string): string {
  const [, name, digest] = byDigest.exec(image) ?? []
  if (name === undefined || digest === undefined)
    throw new Error(`found image ${JSON.stringify(image)}, expected one by its digest: REGISTRY/NAME@sha256:...`)
  const entry = /^( *)- name: repeer\n(?: +(?:newName|newTag|digest): .*\n)+/gm
  const found = kustomization.match(entry)?.length ?? 0
  if (found !== 1) throw new Error(`found ${found} entries "- name: repeer" with a newName, expected one`)
  return kustomization.replace(
    entry,
    (_, indent: string) => `${indent}- name: repeer\n${indent}  newName: ${name}\n${indent}  digest: ${digest}\n`,
  )
}
