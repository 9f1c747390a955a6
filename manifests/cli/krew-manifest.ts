// The manifest by which krew installs the plugin.

/** @param release its archive's address and the SHA-256 of its bytes, hexadecimal */
export function krewManifest(release: {
  readonly version: string
  readonly uri: string
  readonly sha256: string
}): string {
  const { version, uri, sha256 } = release
  return `apiVersion: krew.googlecontainertools.github.com/v1alpha2
kind: Plugin
metadata:
  name: repeer
spec:
  version: v${version}
  shortDescription: See what repeer does for blockchain nodes' peers
  description: |
    repeer keeps blockchain nodes connected in Kubernetes: it restarts a node in
    place only when nothing gentler works. This shows what is in the way of an
    installation (check --pre), whether one works (check --install), what it
    found, decided and did in a namespace (check), and what it would do with your
    manifests (explain, inject); and it brings running sidecars to the present
    image (upgrade).
  caveats: |
    This plugin needs Node 20.12 or later on PATH, as "node".
  platforms:
    # One file for all: it is JavaScript with a line that starts Node.
    - selector:
        matchExpressions:
          - {key: os, operator: In, values: [darwin, linux]}
      uri: ${uri}
      sha256: ${sha256}
      bin: kubectl-repeer
      files:
        - {from: kubectl-repeer, to: .}
        - {from: LICENSE, to: .}
`
}
