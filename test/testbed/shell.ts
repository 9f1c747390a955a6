// `npm run cluster`: a shell inside a cluster with repeer's images loaded and KUBECONFIG set. It ends with the shell.
import { spawnSync } from 'node:child_process'
import { startCluster } from './cluster.ts'
import { buildImages, loadImages } from './images.ts'
import { buildPrograms } from './programs.ts'

const say = (line: string) => process.stderr.write(`${line}\n`)
const [programs = ''] = await buildPrograms(['cometbft'], say)
const cluster = await startCluster(say)
try {
  await loadImages(cluster, buildImages(programs))
  say(`the cluster is ready; KUBECONFIG is set, its folder is ${cluster.dir}. Leave the shell to end it.`)
  const [program = '', ...args] = [...cluster.enter, process.env.SHELL ?? 'bash']
  spawnSync(program, args, { env: { ...cluster.env, PATH: `${programs}:${cluster.env.PATH}` }, stdio: 'inherit' })
} finally {
  await cluster.stop()
}
