// The flags --pre and --install of `repeer check`, from their values to an exit code.
import { ownNamespace, webhook } from '../../peers/installed.ts'
import { openCluster } from '../cluster/cluster-access.ts'
import { type Io, listOf, numberOf, textOf, UsageError, type Values } from '../command.ts'
import { readManifests } from '../manifests/manifest-files.ts'
import { installedNamespace } from './after/read.ts'
import { baseManifests } from './base-manifests.ts'
import { checkAfter, checkBefore, type Wanted } from './check-install.ts'
import type { InstallReport } from './lines.ts'
import { linesText } from './lines-text.ts'
import { baseObjects, kubeObjects } from './wanted.ts'

/** Throws UsageError for flags that do not go together, ClusterError where no API server can be asked. */
export async function runCheckInstall(
  values: Values,
  io: Io,
  mode: 'pre' | 'install',
  output: 'text' | 'json',
): Promise<number> {
  const waitSeconds = numberOf(values, 'wait') ?? 0
  const files = listOf(values, 'filename')
  const wanted = mode === 'pre' ? await wantedOf(files, textOf(values, 'namespace'), io) : undefined
  const cluster = await openCluster(values, io.env)
  const now = Date.now
  const report =
    wanted !== undefined
      ? await checkBefore({ cluster, now }, wanted)
      : await checkAfter(
          { cluster, now, expected: namespace => baseObjects(baseManifests(), namespace) },
          textOf(values, 'namespace') ?? (await installedNamespace(cluster)),
          waitSeconds * 1000,
        )
  io.out(output === 'json' ? `${JSON.stringify(report, null, 2)}\n` : linesText(report, io))
  return codeOf(report)
}

function codeOf({ ok }: InstallReport): number {
  return ok ? 0 : 1
}

async function wantedOf(files: readonly string[], namespace: string | undefined, io: Io): Promise<Wanted> {
  if (files.length === 0)
    return {
      namespace: namespace ?? ownNamespace,
      isRendered: false,
      objects: baseObjects(baseManifests(), namespace ?? ownNamespace),
    }
  const { documents, problems } = await readManifests(files, io.stdin)
  const [problem] = problems
  if (problem !== undefined) throw new Error(problem.message)
  const objects = kubeObjects(documents.map(({ value }) => value))
  const own = objects.find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === webhook.name)
  if (own === undefined)
    throw new UsageError(
      `--filename: found no Deployment ${webhook.name} in the files, expected repeer's manifests as they will be applied (kubectl kustomize manifests/)`,
    )
  return { namespace: namespace ?? own.metadata.namespace ?? ownNamespace, isRendered: true, objects }
}
