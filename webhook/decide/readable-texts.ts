// The files of a container that can be read at admission.
import type { DecideInput } from './decision.ts'
import { dataOf } from './pod/content.ts'
import type { ContainerView, PodView } from './pod/pod-view.ts'
import { visibleKeys } from './pod/visible-keys.ts'

/** The texts of the ConfigMaps' keys that a container sees as files, in the order of its mounts. */
export function readableTexts(input: Pick<DecideInput, 'configMap'>, pod: PodView, container: ContainerView): string[] {
  return visibleKeys(pod, container).flatMap(({ kind, name, key }) => {
    const data = kind === 'ConfigMap' ? dataOf(input.configMap(name)) : undefined
    return Object.entries(data ?? {}).flatMap(([shown, text]) => (key === undefined || key === shown ? [text] : []))
  })
}
