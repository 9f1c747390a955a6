// The image as manifests/image/Dockerfile builds it, pushed to a registry, and pulled from there by its digest, as the
// README's steps 1 to 3 and a release have it. Elsewhere the scenarios run an image that is packed from the same files.
import { execFileSync, spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { withImage } from '../../manifests/release/with-image.ts'
import { install, installed, kubectl } from '../testbed/install.ts'
import {
  impatient,
  indexes,
  isConnected,
  namespaceFor,
  replacePod,
  runningChain,
  settled,
} from '../testbed/scenario.ts'
import { containerStatus, getPod, page, until } from '../testbed/watch.ts'

const root = join(import.meta.dirname, '..', '..')
/** containerd speaks plain HTTP with what is on loopback, which the node shares with us. */
const registry = '127.0.0.1:5000'
const archive = process.env.E2E_BUILT_IMAGE
const skip = archive === undefined && 'it is built here, and a registry runs here'

t.test('built by the Dockerfile, pulled by digest', { skip }, async t => {
  const dir = mkdtempSync(join(tmpdir(), 'registry-'))
  const config = join(dir, 'config.yml')
  const storage = { filesystem: { rootdirectory: join(dir, 'store') } }
  writeFileSync(config, JSON.stringify({ version: '0.1', storage, http: { addr: registry } }))
  const server = spawn('registry', ['serve', config], {
    stdio: 'ignore',
    env: { ...process.env, OTEL_TRACES_EXPORTER: 'none' },
  })
  t.teardown(() => {
    server.kill()
    rmSync(dir, { recursive: true, force: true })
    install()
  })
  await until('the registry answers', 30, async () => (await fetch(`http://${registry}/v2/`)).ok)
  const skopeo = (...args: string[]) => execFileSync('skopeo', args).toString().trim()
  skopeo(
    ...['--insecure-policy', 'copy', '--quiet', '--dest-tls-verify=false'],
    ...[`oci-archive:${archive}`, `docker://${registry}/repeer:e2e`],
  )
  const digest = skopeo('inspect', '--tls-verify=false', '--format', '{{.Digest}}', `docker://${registry}/repeer:e2e`)
  const image = `${registry}/repeer@${digest}`
  t.match(digest, /^sha256:[0-9a-f]{64}$/)

  await t.test('the image is what its Dockerfile says', async t => {
    const { config: made } = JSON.parse(skopeo('inspect', '--config', '--tls-verify=false', `docker://${image}`)) as {
      config: { User: string; Entrypoint: string[]; Labels: Record<string, string> }
    }
    t.match(made, { User: '65532:65532', Entrypoint: ['node', '/opt/repeer/repeer.js'] })
    t.equal(made.Labels['org.opencontainers.image.title'], 'repeer')
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
    const [pod, ran] = ['repeer-preflight', ['--rm', '-i', '--restart=Never', '--quiet', `--image=${image}`]]
    t.equal(kubectl('run', pod, ...ran, '--', '--version').trim(), version, "the README's preflight")
  })

  await t.test('manifests as a release has them', async t => {
    const copy = join(dir, 'manifests')
    cpSync(join(root, 'manifests'), copy, { recursive: true })
    const file = join(copy, 'base', 'kustomization.yaml')
    writeFileSync(file, withImage(readFileSync(file, 'utf8'), image))
    t.equal(kubectl('kustomize', copy), installed('manifests', image))
  })

  install('manifests', image)
  const ns = await namespaceFor(t, 'registry')
  const chain = await runningChain(ns, { annotations: impatient() })
  await settled(ns, indexes)
  for (const index of indexes) {
    const pod = await getPod(ns, `node${index}-0`)
    t.match(containerStatus(pod, 'repeer'), { imageID: new RegExp(`@${digest}$`), restartCount: 0 }, `node${index}`)
  }
  await replacePod(ns, 1)
  await until('node0 has node1 again', 150, () => isConnected(chain, ns, 0, 1, 'at its present address'))
  await settled(ns)
  t.match((await page(ns, 0))?.restarts.at(-1), { level: 'process', outcome: 'verified' })
})
