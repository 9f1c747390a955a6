// Writes the name of a pushed image into manifests/base/kustomization.yaml, where an admin would write it by hand.
//   node manifests/release/name-image.ts registry.example.com/repeer@sha256:...
import { readFileSync, writeFileSync } from 'node:fs'
import { withImage } from './with-image.ts'

const file = new URL('../base/kustomization.yaml', import.meta.url)
try {
  writeFileSync(file, withImage(readFileSync(file, 'utf8'), process.argv[2] ?? ''))
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
