// Packs files into a one-layer OCI image and imports it into the cluster's containerd: there is no image builder here.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'

export type Image = {
  readonly name: string
  readonly entrypoint: readonly string[]
  /** Files and folders, each with its place in the image. */
  readonly files: readonly { readonly from: string; readonly to: string }[]
  readonly links?: Readonly<Record<string, string>>
  readonly user?: string
  readonly env?: readonly string[]
}

/** A program of this machine with the shared libraries that it needs. */
export function withLibraries(from: string, to: string): Image['files'] {
  const libraries =
    execFileSync('ldd', [from])
      .toString()
      .match(/\/\S+\.so\S*/g) ?? []
  return [{ from, to }, ...libraries.map(file => ({ from: file, to: file }))]
}

/**
 * Returns the path of a tar file in OCI layout. `dir` holds the work in progress. Layers are the same for the same
 * files.
 */
export async function packImage(dir: string, image: Image): Promise<string> {
  const work = mkdtempSync(join(dir, 'image-'))
  const root = join(work, 'root')
  const blobs = join(work, 'oci', 'blobs', 'sha256')
  mkdirSync(join(root, 'tmp'), { recursive: true })
  chmodSync(join(root, 'tmp'), 0o1777)
  mkdirSync(blobs, { recursive: true })
  for (const { from, to } of image.files) {
    mkdirSync(dirname(join(root, to)), { recursive: true })
    cpSync(from, join(root, to), { recursive: true, dereference: true })
  }
  for (const [link, target] of Object.entries(image.links ?? {})) {
    mkdirSync(dirname(join(root, link)), { recursive: true })
    symlinkSync(target, join(root, link))
  }
  execFileSync('tar', [
    '--sort=name',
    '--mtime=@0',
    '--owner=0',
    '--group=0',
    '--numeric-owner',
    '-C',
    root,
    '-cf',
    join(work, 'layer'),
    '.',
  ])
  const blob = (name: string) => {
    const bytes = readFileSync(join(work, name))
    const digest = createHash('sha256').update(bytes).digest('hex')
    renameSync(join(work, name), join(blobs, digest))
    return { digest: `sha256:${digest}`, size: bytes.length }
  }
  const json = (name: string, value: unknown) => {
    writeFileSync(join(work, name), JSON.stringify(value))
    return blob(name)
  }
  const type = (kind: string) => `application/vnd.oci.image.${kind}`
  const layer = blob('layer')
  const config = json('config', {
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    os: 'linux',
    config: {
      Entrypoint: image.entrypoint,
      Env: ['PATH=/usr/local/bin:/usr/bin:/bin', ...(image.env ?? [])],
      ...(image.user ? { User: image.user } : {}),
    },
    rootfs: { type: 'layers', diff_ids: [layer.digest] },
  })
  const manifest = json('manifest', {
    schemaVersion: 2,
    mediaType: type('manifest.v1+json'),
    config: { mediaType: type('config.v1+json'), ...config },
    layers: [{ mediaType: type('layer.v1.tar'), ...layer }],
  })
  const names = { 'io.containerd.image.name': image.name, 'org.opencontainers.image.ref.name': image.name }
  const index = {
    schemaVersion: 2,
    manifests: [{ mediaType: type('manifest.v1+json'), ...manifest, annotations: names }],
  }
  writeFileSync(join(work, 'oci', 'index.json'), JSON.stringify(index))
  writeFileSync(join(work, 'oci', 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
  const packed = `${work}.tar`
  execFileSync('tar', ['-C', join(work, 'oci'), '-cf', packed, '.'])
  rmSync(work, { recursive: true })
  return packed
}

/** Imports a packed image; runs inside the cluster's namespaces. */
export function importImage(dir: string, packed: string): void {
  execFileSync('ctr', ['-a', join(dir, 'containerd.sock'), '-n', 'k8s.io', 'images', 'import', packed], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  rmSync(packed)
}
