// `npx node test/testbed/save-images.ts FOLDER`: the images that the scenarios run, as archives for a cluster that
// cannot be given them otherwise: `kind load image-archive`, `k3d image import`, `ctr images import`.
import { mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { packImage } from './image.ts'
import { buildImages } from './images.ts'
import { buildPrograms } from './programs.ts'
import { interchain, nodeUtils, stellar } from './seed-images.ts'

const [folder] = process.argv.slice(2)
if (!folder) throw new Error('found no argument, expected the folder for the archives')
mkdirSync(folder, { recursive: true })
const [cometbft = '', interchainSecurity = ''] = await buildPrograms(['cometbft', 'interchain-security'], line =>
  process.stderr.write(`${line}\n`),
)
for (const image of [...buildImages(cometbft), interchain(interchainSecurity), nodeUtils(), stellar()]) {
  const file = join(folder, `${image.name.replaceAll(/[/:@]/g, '-')}.tar`)
  renameSync(await packImage(folder, image), file)
  process.stdout.write(`${image.name} ${file}\n`)
}
