// repeer on a cluster: its image, from the same files as the Dockerfile's, and the installation that the README
// describes.
import { execFileSync } from 'node:child_process'
import { join, resolve } from 'node:path'
import { type Image, withLibraries } from './image.ts'

const root = join(import.meta.dirname, '..', '..')
export const imageName = process.env.E2E_IMAGE ?? 'localhost/repeer:e2e'

/**
 * The image's files as the Dockerfile's last stage has them, with this machine's Node and the shared libraries that it
 * needs.
 */
export function repeerImage(staged: string): Image {
  return {
    name: imageName,
    entrypoint: ['/usr/local/bin/node', '/opt/repeer/repeer.js'],
    user: '65532',
    env: ['NODE_ENV=production'],
    files: [...withLibraries(process.execPath, '/usr/local/bin/node'), { from: staged, to: '/opt/repeer' }],
  }
}

export function kubectl(...args: string[]): string {
  return kubectlWith('', ...args)
}

/** With this on its standard input. */
export function kubectlWith(input: string, ...args: string[]): string {
  try {
    return execFileSync('kubectl', args, { input, stdio: ['pipe', 'pipe', 'pipe'], maxBuffer: 64 << 20 }).toString()
  } catch (error) {
    const { stderr } = error as { stderr?: Buffer }
    throw new Error(`kubectl ${args.join(' ').slice(0, 200)}: ${stderr?.toString().trim() ?? String(error)}`)
  }
}

/** The manifests as they are applied: with this image. `overlay` is a path in this tree, or an absolute one. */
export function installed(overlay = 'manifests', image = imageName): string {
  const rendered = kubectl('kustomize', resolve(root, overlay)).replaceAll(
    /(?<=[\s=])(?:repeer\.example\/set-this-image|(?:[\w.-]+\/)*repeer)(?:@sha256:[0-9a-f]{64}|:[\w.-]+)/g,
    image,
  )
  if (!rendered.includes(image)) throw new Error('found no image of repeer in the rendered manifests')
  return rendered
}

/**
 * `kubectl apply -k manifests/`, with the image that was loaded, and a wait for the webhook. Does nothing where it is
 * installed.
 */
export function install(overlay = 'manifests', image = imageName): void {
  applyOverlay(overlay, image)
  kubectl('-n', 'repeer-system', 'rollout', 'status', 'deployment', '--timeout=90s')
}

/** The same, and nothing is waited for. */
export function applyOverlay(overlay = 'manifests', image = imageName): void {
  const rendered = installed(overlay, image)
  try {
    kubectlWith(rendered, 'apply', '-f', '-')
  } catch (error) {
    // Scenarios that come first install at the same time; what another has created, the second try finds.
    if (!String(error).includes('AlreadyExists')) throw error
    kubectlWith(rendered, 'apply', '-f', '-')
  }
}

export function apply(objects: readonly unknown[]): void {
  kubectlWith(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }), 'apply', '-f', '-')
}

/** `kubectl delete -k manifests/`, as the README says. */
export function uninstall(): void {
  kubectl('delete', '-k', join(root, 'manifests'), '--ignore-not-found', '--wait=true')
}
