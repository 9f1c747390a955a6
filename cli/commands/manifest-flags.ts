// What `explain` and `inject` have in common: their flags, and the way from files to explained pods.

import packageJson from '../../package.json' with { type: 'json' }
import type { Settings } from '../../webhook/decide/decision.ts'
import { restartAllMinor } from '../../webhook/kubernetes-version.ts'
import { choiceOf, type Flags, type Io, listOf, numberOf, textOf, UsageError, type Values } from '../command.ts'
import { type Admission, type Explanation, explain } from '../manifests/explain.ts'
import { type ManifestDocument, type ManifestProblem, readManifests } from '../manifests/manifest-files.ts'
import { objectsOf, podsOf } from '../manifests/workloads.ts'

/** The image of this release, as the manifests name it. */
const releasedImage = `repeer:${packageJson.version}`

export const manifestFlags: Flags = {
  filename: {
    type: 'string',
    short: 'f',
    multiple: true,
    value: 'FILE',
    help: 'manifests in YAML or JSON; a directory; or - for standard input',
  },
  image: {
    type: 'string',
    value: 'IMAGE',
    default: releasedImage,
    help: "repeer's image, as the webhook would be given it",
  },
  turns: {
    type: 'string',
    value: 'WHO',
    default: 'self',
    choices: ['self', 'controller'],
    help: 'who paces restarts: controller, or self where no controller is installed',
  },
  'kubernetes-minor': {
    type: 'string',
    value: 'N',
    default: String(restartAllMinor),
    help: `the cluster's Kubernetes is 1.N; from ${restartAllMinor} on all containers of a pod can be restarted in place`,
  },
}

export const manifestExitCodes = [
  ['0', 'every file was read; whether pods are injected or skipped does not matter'],
  ['1', 'a file or a document could not be read; the others were still processed'],
  ['2', 'wrong usage'],
] as const

export type ManifestResult = {
  readonly documents: readonly ManifestDocument[]
  readonly explanations: readonly Explanation[]
  readonly problems: readonly ManifestProblem[]
}

/**
 * Reads the files of -f and explains their pods. Throws UsageError without files or for a value that cannot be used.
 */
export async function explainFiles(values: Values, io: Pick<Io, 'stdin'>): Promise<ManifestResult> {
  const files = listOf(values, 'filename')
  if (files.length === 0) throw new UsageError('found no file, expected at least one -f FILE (- is standard input)')
  if (files.filter(file => file === '-').length > 1)
    throw new UsageError('found "-f -" twice, expected standard input to be named once')
  const settings: Settings = {
    image: textOf(values, 'image') ?? releasedImage,
    turns: choiceOf(values, 'turns', ['self', 'controller'] as const),
    canRestartAll: (numberOf(values, 'kubernetes-minor') ?? restartAllMinor) >= restartAllMinor,
  }
  const admission = await loadAdmission(settings)
  const manifests = await readManifests(files, io.stdin)
  const { objects, problems } = objectsOf(manifests.documents)
  const found = podsOf(objects)
  return {
    documents: manifests.documents,
    explanations: explain(found.pods, objects, admission, settings),
    problems: [...manifests.problems, ...problems, ...found.problems],
  }
}

async function loadAdmission(settings: Settings): Promise<Admission> {
  const [{ decide }, { patchOf }] = await Promise.all([
    import('../../webhook/decide/decide.ts'),
    import('../../webhook/patch/patch.ts'),
  ])
  return { decide, patchOf: (pod, decision) => patchOf(pod, decision, settings) }
}
