// The manifests that this release installs, as texts. In a checkout they are read where they stand; the bundler
// (manifests/image/base-manifests-plugin.ts) puts their texts in this module's place, so that a program of one file has
// them, too.
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'

const folder = new URL('../../manifests/base/', import.meta.url)

/** By file name, in the order in which kustomization.yaml names them. */
export function baseManifests(): Readonly<Record<string, string>> {
  const read = (file: string) => readFileSync(new URL(file, folder), 'utf8')
  const { resources } = parse(read('kustomization.yaml')) as { resources: readonly string[] }
  return Object.fromEntries(resources.map(file => [file, read(file)]))
}
