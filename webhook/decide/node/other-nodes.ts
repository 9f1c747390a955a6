// The nodes of a pod besides the one that is followed. repeer follows one node of a pod; whoever looks at it should
// know of the other.
import { mostNotFollowed, type OtherNode } from '../../../peers/plan.ts'
import type { DecideInput } from '../decision.ts'
import type { ContainerView, PodView } from '../pod/pod-view.ts'
import { cousinOf, genericAdvice } from './find-cousin.ts'
import { isHelper, isNode, recognise } from './find-profile.ts'

/** The other containers that run nodes, in the pod's order. */
export function otherNodes(
  input: Pick<DecideInput, 'configMap' | 'quote'>,
  pod: PodView,
  chosen: ContainerView,
): OtherNode[] {
  // Labels speak for the pod, and so for the one that is followed.
  const unlabelled = { ...pod, labels: {} }
  return pod.containers
    .filter(container => container !== chosen && !isHelper(container))
    .flatMap(container => {
      const recognised = recognise(input, unlabelled, container)
      const program = isNode(recognised) ? recognised.profile : cousinOf(container)?.name
      return program === undefined ? [] : [{ container: container.name, program }]
    })
    .slice(0, mostNotFollowed)
}

/** Said at admission. */
export function otherNodesWarning(others: readonly OtherNode[]): string[] {
  return others.map(
    ({ container, program }) =>
      `container ${container} runs a second node (${program}), which is not followed: repeer follows one node of a pod; repeer.dev/container chooses`,
  )
}

/** What to write so that one of them is followed, for a pod whose likeliest node has nothing to follow. */
export function otherNodesAdvice(
  input: Pick<DecideInput, 'configMap' | 'quote'>,
  pod: PodView,
  others: readonly OtherNode[],
): string[] {
  return others.flatMap(({ container: name, program }) => {
    const container = pod.containers.find(candidate => candidate.name === name)
    const cousin = container && cousinOf(container)
    if (container && cousin?.name === program) return [genericAdvice(input, pod, container, cousin)]
    return [
      `container ${name} runs a second node (${program}); to have that one followed, write repeer.dev/container: ${name}`,
    ]
  })
}
