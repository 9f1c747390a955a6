// Manifests from files and standard input: YAML (several documents a file) and JSON, as kubectl reads them.
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { LineCounter, parseAllDocuments, type Tags } from 'yaml'

/** One document of a file. */
export type ManifestDocument = {
  readonly file: string
  /** From 1. */
  readonly index: number
  /** The line where it starts, from 1. */
  readonly line: number
  /** As it stands in the file, comments included. */
  readonly text: string
  readonly value: unknown
}

/** What could not be read, as one line that names file, document and line. */
export type ManifestProblem = { readonly file: string; readonly message: string }

export type Manifests = {
  readonly documents: readonly ManifestDocument[]
  readonly problems: readonly ManifestProblem[]
}

// kubectl reads YAML 1.1 (0644 is octal, `yes` is true) but keeps dates and 12:30 as text.
const notInKubernetes = [
  'tag:yaml.org,2002:timestamp',
  'tag:yaml.org,2002:set',
  'tag:yaml.org,2002:omap',
  'tag:yaml.org,2002:pairs',
]
export const kubernetesYaml = {
  version: '1.1',
  customTags: (tags: Tags): Tags =>
    tags.filter(
      tag =>
        typeof tag === 'string' || (!notInKubernetes.includes(tag.tag) && !('format' in tag && tag.format === 'TIME')),
    ),
} as const

/**
 * Reads all manifests of the named files, in their order. `-` is standard input; a directory stands for its .yaml, .yml
 * and .json files. What cannot be read or parsed is a problem, and the rest is still returned.
 */
export async function readManifests(names: readonly string[], stdin: () => Promise<string>): Promise<Manifests> {
  const documents: ManifestDocument[] = []
  const problems: ManifestProblem[] = []
  for (const name of names) {
    try {
      for (const file of await filesOf(name)) {
        const found = parseManifests(file, file === '-' ? await stdin() : await readFile(file, 'utf8'))
        documents.push(...found.documents)
        problems.push(...found.problems)
      }
    } catch (error) {
      problems.push({ file: name, message: `${name}: cannot be read: ${reasonOf(error)}` })
    }
  }
  return { documents, problems }
}

async function filesOf(name: string): Promise<string[]> {
  if (name === '-' || !(await stat(name)).isDirectory()) return [name]
  const files = (await readdir(name)).filter(file => /\.(ya?ml|json)$/.test(file)).sort()
  if (files.length === 0) throw new Error('found no .yaml, .yml or .json file in this directory, expected at least one')
  return files.map(file => join(name, file))
}

function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code
  if (code === 'ENOENT') return 'found no such file; check its path'
  if (code === 'EACCES') return 'permission denied'
  return error instanceof Error ? error.message : String(error)
}

/** The documents of one file's text; empty ones are left out. */
export function parseManifests(file: string, content: string): Manifests {
  const text = content.replace(/^\uFEFF/, '')
  if (/^\s*[[{]/.test(text)) {
    try {
      return { documents: [{ file, index: 1, line: 1, text, value: JSON.parse(text) as unknown }], problems: [] }
    } catch {
      // Several JSON documents, flow-style YAML or a mistake: the YAML parser, which reads JSON too, tells where.
    }
  }
  const lineCounter = new LineCounter()
  const parsed = parseAllDocuments(text, { ...kubernetesYaml, lineCounter, uniqueKeys: true, prettyErrors: false })
  const documents: ManifestDocument[] = []
  const problems: ManifestProblem[] = []
  const list = Array.isArray(parsed) ? parsed : []
  list.forEach((document, at) => {
    const index = at + 1
    const start = document.contents?.range?.[0] ?? document.range[0]
    const line = lineCounter.linePos(start).line
    const error = document.errors[0]
    if (error) {
      const where = lineCounter.linePos(error.pos[0])
      problems.push({
        file,
        message: `${place(file, index, where.line)}: ${error.message.split('\n')[0]} (column ${where.col}); expected valid YAML or JSON`,
      })
      return
    }
    const value = contentOf(document)
    if (value instanceof Error) problems.push({ file, message: `${place(file, index, line)}: ${value.message}` })
    else if (value !== null && value !== undefined)
      documents.push({ file, index, line, text: text.slice(...sliceOf(document.range)), value })
  })
  return { documents, problems }
}

function contentOf(document: { toJS: (options: { maxAliasCount: number }) => unknown }): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 })
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

function sliceOf(range: readonly [number, number, number]): [number, number] {
  return [range[0], range[2]]
}

/** "file: document 2, line 14". */
export function place(file: string, index: number, line: number): string {
  return `${file === '-' ? 'standard input' : file}: document ${index}, line ${line}`
}
