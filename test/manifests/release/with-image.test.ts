import { readFileSync } from 'node:fs'
import t from 'tap'
import { parse } from 'yaml'
import { withImage } from '../../../manifests/release/with-image.ts'

const text = readFileSync(new URL('../../../manifests/base/kustomization.yaml', import.meta.url), 'utf8')
const digest = `sha256:${'a'.repeat(64)}`

t.test('the image of the base, by its digest; nothing else changes', async t => {
  const named = withImage(text, `registry.example.com:5000/team/repeer@${digest}`)
  const images = [{ name: 'repeer', newName: 'registry.example.com:5000/team/repeer', digest }]
  t.same(parse(named), { ...parse(text), images })
  t.equal(withImage(named, `registry.example.com:5000/team/repeer@${digest}`), named, 'twice is as once')
  const comments = (yaml: string) => yaml.split('\n').filter(line => line.startsWith('#'))
  t.same(comments(named), comments(text))
})

t.test('no digest, no entry', async t => {
  for (const image of ['', 'repeer', 'ghcr.io/a/repeer:0.1.0', `repeer@${digest}`, `ghcr.io/a/b@${digest}0`])
    t.throws(() => withImage(text, image), /expected one by its digest/, image)
  t.throws(() => withImage('images: []\n', `ghcr.io/a/b@${digest}`), /found 0 entries/)
  t.throws(() => withImage(text + text, `ghcr.io/a/b@${digest}`), /found 2 entries/)
})
