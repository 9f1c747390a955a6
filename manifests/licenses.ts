// The licences of what went into a bundle.
import { copyFileSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Metafile } from 'esbuild'

/** The licence of repeer and of each package that went into the bundle. */
export function stageLicenses(root: string, metafile: Metafile, licenses: string): void {
  mkdirSync(licenses, { recursive: true })
  copyFileSync(join(root, 'LICENSE'), join(licenses, 'repeer.txt'))
  for (const folder of packageFolders(metafile)) {
    const file = readdirSync(join(root, folder)).find(name => /^licen[cs]e/i.test(name))
    if (file !== undefined)
      copyFileSync(join(root, folder, file), join(licenses, `${packageName(folder).replace('/', '+')}.txt`))
  }
}

function packageFolders(metafile: Metafile): string[] {
  const folders = Object.keys(metafile.inputs).map(
    input => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0],
  )
  return [...new Set(folders.filter(folder => folder !== undefined))]
}

function packageName(folder: string): string {
  return folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length)
}
