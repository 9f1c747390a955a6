// Nodes among a pod's native sidecars: init containers with restartPolicy Always. repeer follows containers alone:
// init containers start one after another, each when the one before has started, and a sidecar that is one itself
// would have to be put before the node among others' containers. Whoever runs a node so should know.
import type { DecideInput } from '../decision.ts'
import type { PodView } from '../pod/pod-view.ts'
import { isHelper, isNode, recognise } from './find-profile.ts'

/** What to say of each, in the pod's order. */
export function nativeSidecarNodes(input: Pick<DecideInput, 'configMap'>, pod: PodView): string[] {
  // Labels speak for the pod's containers.
  const unlabelled = { ...pod, labels: {} }
  return pod.initContainers
    .filter(container => container.restartPolicy === 'Always' && !isHelper(container))
    .flatMap(container => {
      const recognised = recognise(input, unlabelled, container)
      return isNode(recognised)
        ? [
            `init container ${container.name} runs a node (${recognised.profile}), and init containers are not followed: move it to spec.containers`,
          ]
        : []
    })
}
