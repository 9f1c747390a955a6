// The image that the installed webhook injects now: what running pods are brought to where no image is named.
import { ownNamespace, webhook } from '../../peers/installed.ts'
import { type Cluster, isStatus } from '../cluster/cluster-access.ts'
import { messageOf } from '../cluster/cluster-error.ts'

type Deployment = {
  readonly spec?: {
    readonly template?: {
      readonly spec?: {
        readonly containers?: readonly {
          readonly name: string
          readonly args?: readonly string[]
          readonly env?: readonly { readonly name: string; readonly value?: string }[]
        }[]
      }
    }
  }
}

/** Throws an Error that says what to do where the Deployment cannot be read or names no image. */
export async function injectedImage(cluster: Cluster): Promise<string> {
  const { name: deployment, container: name } = webhook
  const where = `Deployment ${deployment} in namespace ${ownNamespace}`
  let found: Deployment
  try {
    found = (await cluster.get(`/apis/apps/v1/namespaces/${ownNamespace}/deployments/${deployment}`)) as Deployment
  } catch (error) {
    if (isStatus(error, 404)) throw new Error(`found no ${where}; name the image with --image IMAGE`)
    if (!isStatus(error, 403)) throw error
    throw new Error(
      `${where} may not be read (permission get on deployments); name the image with --image IMAGE: ${messageOf(error)}`,
    )
  }
  const container = found.spec?.template?.spec?.containers?.find(candidate => candidate.name === name)
  const image =
    container &&
    (flagOf(container.args ?? []) ?? container.env?.find(variable => variable.name === 'REPEER_IMAGE')?.value)
  if (!image)
    throw new Error(
      `${where}: found no --image among the arguments of container ${name}; name the image with --image IMAGE`,
    )
  return image
}

/** --image=IMAGE, or --image and the next argument; the last one counts, as for the webhook. */
function flagOf(args: readonly string[]): string | undefined {
  return args
    .flatMap((arg, index) =>
      arg === '--image' ? [args[index + 1]] : arg.startsWith('--image=') ? [arg.slice('--image='.length)] : [],
    )
    .filter(image => image !== undefined && image !== '')
    .at(-1)
}
