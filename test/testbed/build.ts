// `node test/testbed/build.ts GROUP...`: builds groups of programs.ts into the cache, such as helm, without a cluster.
import { buildPrograms } from './programs.ts'

const folders = await buildPrograms(process.argv.slice(2), line => process.stderr.write(`${line}\n`))
process.stdout.write(`${folders.join('\n')}\n`)
