// `repeer check --pre` on a cluster without repeer, and `--install` on one that was installed this moment: neither says
// anything that is not so. Then what is broken on purpose is found.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import type { InstallReport, Line } from '../../cli/install/lines.ts'
import { runRepeer } from '../cli/process.ts'
import { apply, applyOverlay, install, kubectl, uninstall } from '../testbed/install.ts'
import { namespaceFor } from '../testbed/scenario.ts'
import { until } from '../testbed/watch.ts'

const root = join(import.meta.dirname, '..', '..')

async function report(...args: string[]): Promise<{ code: number | null; report: InstallReport }> {
  const { code, out, err } = await runRepeer('check', '-o', 'json', ...args)
  if (out === '') throw new Error(err)
  return { code, report: JSON.parse(out) as InstallReport }
}

/** Those that are not ok, as text. */
function alarms({ lines }: InstallReport): string[] {
  return lines.filter(({ level }) => level !== 'ok').map(({ check, level, found }) => `${level} ${check}: ${found}`)
}

function lineOf({ lines }: InstallReport, check: string): Line | undefined {
  return lines.find(line => line.check === check)
}

function isGone(): boolean {
  return kubectl('get', 'namespace', 'repeer-system', '--ignore-not-found') === ''
}

async function takeAway(): Promise<void> {
  if (isGone()) return
  uninstall()
  await until('repeer-system is gone', 60, async () => isGone())
}

t.test('before and after an installation', async t => {
  await takeAway()
  const before = await runRepeer('check', '--pre')
  t.comment(before.out)
  t.equal(before.code, 0, before.err)
  const pre = await report('--pre')
  t.strictSame(alarms(pre.report), [], 'nothing is in the way')
  t.match(lineOf(pre.report, 'namespace')?.found, /does not exist yet/)
  t.match(lineOf(pre.report, 'clashes')?.found, /nothing in the cluster/)
  t.match(pre.report.notKnown.join('\n'), /reaches TCP 8443/)
  t.ok(isGone(), 'it has made nothing')

  const folder = t.testdir({
    'repeer.yaml': execFileSync('kubectl', ['kustomize', join(root, 'manifests')]).toString(),
  })
  const unset = await report('--pre', '-f', join(folder, 'repeer.yaml'))
  t.equal(unset.code, 1)
  t.strictSame(alarms(unset.report), [
    'failure image: found the image repeer.example/set-this-image, which does not exist',
  ])

  const nothing = await report('--install', '--wait', '0')
  t.equal(nothing.code, 1)
  t.match(alarms(nothing.report), [/failure webhook: found no Deployment repeer-webhook/])

  applyOverlay()
  t.strictSame(alarms((await report('--install', '--wait', '90')).report), [], 'asked while it starts')
  const after = await runRepeer('check', '--install')
  t.comment(after.out)
  t.equal(after.code, 0, after.err)
  t.strictSame(alarms((await report('--install')).report), [], 'no false alarm on a fresh installation')
  // As one file, by TLS and the kubeconfig's certificates, also on the machine's own Node.
  const built = join(mkdtempSync(join(tmpdir(), 'repeer-plugin-')), 'built')
  execFileSync(process.execPath, [join(root, 'manifests/cli/bundle.ts'), '--out', built])
  for (const node of [process.execPath, '/usr/bin/node'].filter(file => existsSync(file))) {
    const plugin = join(built, 'package/kubectl-repeer')
    const told = execFileSync(node, [plugin, 'check', '--install', '-o', 'json'], { encoding: 'utf8' })
    t.strictSame(alarms(JSON.parse(told) as InstallReport), [], execFileSync(node, ['--version'], { encoding: 'utf8' }))
  }
  const again = await report('--pre')
  t.strictSame(alarms(again.report), [])
  t.match(lineOf(again.report, 'clashes')?.found, /would be an upgrade/)

  const ns = await namespaceFor(t, 'install')
  const inside = await report('--install')
  t.strictSame(alarms(inside.report), [])
  t.match(lineOf(inside.report, 'injection')?.found, `tried in ${ns} came back with the sidecar`)
  t.match(lineOf(inside.report, 'namespaces')?.found, ns)
  const deny = { podSelector: {}, policyTypes: ['Ingress'] }
  apply([
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'deny', namespace: ns },
      spec: deny,
    },
  ])
  const denied = await report('--install')
  t.equal(denied.code, 0, 'a warning is no failure')
  t.match(alarms(denied.report), [new RegExp(`warning network: the pods of namespace ${ns}`)])
  kubectl('-n', ns, 'delete', 'networkpolicy', 'deny')

  kubectl('delete', 'validatingadmissionpolicybinding', 'repeer-controller')
  kubectl('-n', 'repeer-system', 'scale', 'deployment', 'repeer-controller', '--replicas=0')
  await until('the controller is away', 60, async () => {
    const { report: found } = await report('--install', '--wait', '0')
    return alarms(found).length === 3
  })
  const broken = await report('--install', '--wait', '0')
  t.equal(broken.code, 1)
  t.match(alarms(broken.report), [
    /failure controller: Deployment repeer-controller: 0 of 0 replicas ready: it is scaled to none/,
    /failure leader: Lease repeer-controller is held by nobody/,
    /failure policies: no ValidatingAdmissionPolicyBinding makes repeer-controller deny/,
  ])
  install()
  t.strictSame(alarms((await report('--install')).report), [], 'installed again')
})

t.test('other ways to install are no reason for alarm', async t => {
  await takeAway()
  applyOverlay('manifests/overlays/without-controller')
  const alone = await report('--install', '--wait', '90')
  t.strictSame(alarms(alone.report), [], 'without the controller')
  t.match(lineOf(alone.report, 'controller')?.found, /as installed/)
  await takeAway()
  applyOverlay('manifests/overlays/fail-closed')
  const closed = await report('--install', '--wait', '90')
  t.strictSame(alarms(closed.report), [], 'fail-closed')
  t.match(lineOf(closed.report, 'registration')?.found, /are not created \(Fail\)/)
})

/** A kubeconfig for a service account that may read everything of the cluster's own kinds, and change nothing. */
function viewer(t: { testdir: (files: Record<string, string>) => string }, namespace: string): string {
  kubectl('-n', namespace, 'create', 'serviceaccount', 'viewer')
  kubectl(
    'create',
    'clusterrolebinding',
    'repeer-e2e-viewer',
    '--clusterrole=view',
    `--serviceaccount=${namespace}:viewer`,
  )
  const file = join(
    t.testdir({ kubeconfig: kubectl('config', 'view', '--raw', '--flatten', '--minify') }),
    'kubeconfig',
  )
  const token = kubectl('-n', namespace, 'create', 'token', 'viewer').trim()
  kubectl('--kubeconfig', file, 'config', 'set-credentials', 'viewer', `--token=${token}`)
  kubectl('--kubeconfig', file, 'config', 'set-context', '--current', '--user=viewer')
  return file
}

t.test('what is in the way of an installation', async t => {
  await takeAway()
  const ns = await namespaceFor(t, 'viewer', { control: true })
  t.teardown(() => kubectl('delete', 'clusterrolebinding', 'repeer-e2e-viewer', '--ignore-not-found'))
  const limited = await report('--pre', '--kubeconfig', viewer(t, ns))
  t.equal(limited.code, 1)
  t.match(alarms(limited.report)[0], /failure rights: you may not create .*mutatingwebhookconfigurations/)
  t.match(alarms(limited.report).join('\n'), /warning pods: not looked at: .*you may not create pods in default/)

  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' }
  const metadata = { name: 'repeer', namespace: 'repeer-system' }
  apply([
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'repeer-system', labels } },
    { apiVersion: 'v1', kind: 'ResourceQuota', metadata, spec: { hard: { pods: '0' } } },
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingWebhookConfiguration',
      metadata: { name: 'repeer' },
    },
  ])
  await until('the quota counts', 30, async () => {
    const { report: found } = await report('--pre')
    return alarms(found).some(line => /exceeded quota/.test(line))
  })
  const full = await report('--pre')
  t.match(alarms(full.report), [
    /failure clashes: MutatingWebhookConfiguration repeer: there already/,
    /failure pods: a pod of repeer-webhook would be refused: .*exceeded quota: repeer/,
    /failure pods: a pod of repeer-controller/,
  ])
  t.equal(alarms(full.report).length, 3)
  kubectl('delete', 'mutatingwebhookconfiguration', 'repeer')
  kubectl('-n', 'repeer-system', 'delete', 'resourcequota', 'repeer')
  await until('nothing is in the way', 30, async () => alarms((await report('--pre')).report).length === 0)
  t.match(lineOf((await report('--pre')).report, 'admission')?.found, /takes 30 objects/)
  install()
})
