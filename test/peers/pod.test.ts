// Names inside the pod: valid for Kubernetes, different from each other, and no path that leaves the input directory.
import { posix } from 'node:path'
import t from 'tap'
import { annotation, containerName, inputFile, path, sourceFile, statusPort, volumeName } from '../../peers/pod.ts'

t.test('names', t => {
  for (const name of [...Object.values(containerName), ...Object.values(volumeName), statusPort.name])
    t.match(name, /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/)
  for (const name of Object.values(annotation)) t.match(name, /^repeer\.dev\/[a-z]([-a-z0-9]{0,61}[a-z])?$/)
  t.ok(
    statusPort.name.length <= 15 && statusPort.number > 1023 && statusPort.number < 32768,
    'a port that neither root nor the kernel takes',
  )
  for (const names of [containerName, volumeName, annotation, inputFile, path])
    t.equal(new Set(Object.values(names)).size, Object.values(names).length)
  t.end()
})

t.test('files', t => {
  const inside = (file: string) => posix.join(path.input, file).startsWith(`${path.input}/`)
  const mounted = sourceFile({ kind: 'ConfigMap', name: 'node0', key: 'config.toml' })
  t.equal(mounted, 'sources/configmap/node0/config.toml')
  t.not(mounted, sourceFile({ kind: 'Secret', name: 'node0', key: 'config.toml' }))
  for (const file of [mounted, ...Object.values(inputFile)]) t.ok(inside(file), file)
  t.end()
})
