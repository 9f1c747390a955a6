import fc from 'fast-check'
import t from 'tap'
import { choosePeers, nothingKnown } from '../../discovery/choose.ts'
import { applyBody, changeSentence, decideOutput, listedIn, metadataText, readCurrent } from '../../discovery/output.ts'
import { parsePeers } from '../../peers/formats/index.ts'
import { inherited } from '../fixtures/inherited.ts'
import { at, current, found, peerSet, spec } from './fixtures/specs.ts'

const chosen = (...hosts: string[]) => ({ peers: hosts.map(host => at(host)), problems: [] })
const text = (...hosts: string[]) => hosts.map(host => `${host}:26656\n`).join('')

t.test('a list is written where it differs from what stands there, and not where it does not', async t => {
  const rows = [
    ['no ConfigMap', undefined, text('a')],
    ['another list', current({ list: text('b') }), text('a')],
    ['the same', current({ list: text('a') }), undefined],
    ['the same, in a ConfigMap that is not followed yet', current({ list: text('a') }, { labelled: false }), text('a')],
    ['the same peers, written otherwise', current({ list: 'a:26656 # by hand' }), text('a')],
    ['no such key', current({ other: 'x' }), text('a')],
  ] as const
  for (const [name, there, written] of rows) t.equal(decideOutput(spec(), chosen('a'), there).text, written, name)
})

t.test('fewer than minPeers are not written, and what stands there stays', async t => {
  const few = decideOutput(spec({ minPeers: 2 }), chosen('a'), current({ list: text('b', 'c') }))
  t.equal(few.text, undefined)
  t.strictSame(
    few.listed.map(({ host }) => host),
    ['b', 'c'],
  )
  t.match(few.refusal, {
    reason: 'TooFewPeers',
    message: /found 1 peers, expected at least spec.minPeers 2; the list of 2 stays/,
  })
  t.strictSame(decideOutput(spec(), chosen(), undefined).refusal, {
    reason: 'TooFewPeers',
    message: 'found 0 peers, expected at least spec.minPeers 1',
  })
  t.equal(
    decideOutput(spec({ minPeers: 0 }), chosen(), current({ list: text('b') })).text,
    '',
    'unless it is asked for',
  )
})

t.test('a list that no ConfigMap holds is not written', async t => {
  const many = Array.from(
    { length: 1000 },
    (_, index) => `${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(60)}.${index}.example`,
  )
  const long = { peers: many.flatMap(host => Array.from({ length: 5 }, (_, port) => at(host, port + 1))), problems: [] }
  t.match(decideOutput(spec(), long, undefined).refusal, {
    reason: 'TooLong',
    message: /^found a list of \d+ bytes, expected at most 921600: set spec\.limit$/,
  })
  // 9216 lines of 100 bytes are 900 KiB.
  const lines = Array.from({ length: 9216 }, (_, index) => at(String(index).padStart(93, 'a')))
  const just = decideOutput(spec(), { peers: lines, problems: [] }, undefined)
  t.equal(just.text?.length, 900 * 1024, 'just as long as is written')
  const more = [...lines.slice(1), at('a'.repeat(94))]
  t.match(decideOutput(spec(), { peers: more, problems: [] }, undefined).refusal, { reason: 'TooLong' }, 'a byte more')
})

t.test('property: never shrunk to nothing, whatever the source says and whatever stands there', async t => {
  const hosts = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { maxLength: 5 })
  const answer = fc.oneof(
    fc.constant(nothingKnown),
    hosts.map(some => found(...some)),
    hosts.map(some => ({ ...found(...some), incomplete: true })),
  )
  fc.assert(
    fc.property(
      hosts,
      fc.array(answer, { maxLength: 8 }),
      fc.integer({ min: 1, max: 3 }),
      (first, answers, minPeers) => {
        const given = spec({ minPeers })
        let there = first.length > 0 ? current({ list: text(...first), other: 'x' }) : undefined
        for (const answer of answers) {
          const before = listedIn(there, given.output)
          const decision = decideOutput(given, choosePeers(answer, given, before), there)
          if (decision.text !== undefined) there = current({ ...there?.data, list: decision.text })
          const after = listedIn(there, given.output)
          if (before.length > 0 && after.length === 0) return false
          if (before.length >= minPeers && after.length < minPeers) return false
          if (answer.incomplete && after.length < before.length) return false
          if (JSON.stringify(after) !== JSON.stringify(decision.listed)) return false
          // And what is carried out is not carried out again.
          if (decideOutput(given, choosePeers(answer, given, after), there).text !== undefined) return false
        }
        return there === undefined || there.data.other === (first.length > 0 ? 'x' : undefined)
      },
    ),
  )
  t.pass()
})

t.test('property: an apply names the two keys of the PeerSet, and no other of the ConfigMap', async t => {
  const key = fc.oneof(fc.stringMatching(/^[a-z]{1,4}$/), fc.constantFrom(...inherited))
  fc.assert(
    fc.property(fc.dictionary(key, fc.string()), key, fc.boolean(), (data, name, hasMetadata) => {
      const set = peerSet({
        output: { configMap: 'peers', key: name, format: 'generic-list', metadataKey: hasMetadata ? 'meta-data' : '' },
      })
      if ('invalid' in set.spec) return false
      const body = applyBody(set, set.spec.output, current(data), 'a:1', 'about') as { data: object; metadata: object }
      const expected = hasMetadata ? { [name]: 'a:1', 'meta-data': 'about' } : { [name]: 'a:1' }
      return (
        JSON.stringify(body.data) === JSON.stringify(expected) &&
        Object.keys(body.metadata).join() === 'name,namespace,labels'
      )
    }),
  )
  t.pass()
})

t.test('an apply is a labelled ConfigMap in the namespace of the output', async t => {
  const set = peerSet()
  if ('invalid' in set.spec) throw new Error(set.spec.invalid)
  t.strictSame(applyBody(set, { ...set.spec.output, namespace: 'b' }, undefined, 'a:1', 'about'), {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'peers', namespace: 'b', labels: { 'repeer.dev/peer-list': 'discovered' } },
    data: { list: 'a:1', discovery_metadata: 'about' },
  })
})

t.test('it is owned where it was created for the PeerSet, in its own namespace', async t => {
  const owners = (set: ReturnType<typeof peerSet>, there: Parameters<typeof applyBody>[2]) => {
    if ('invalid' in set.spec) throw new Error(set.spec.invalid)
    return (applyBody(set, set.spec.output, there, '', '') as { metadata: { ownerReferences?: { uid: string }[] } })
      .metadata.ownerReferences
  }
  t.match(owners(peerSet(), undefined), [{ kind: 'PeerSet', name: 'set', uid: 'uid-1' }])
  t.match(owners(peerSet(), current({}, { owners: ['uid-1'] })), [{ uid: 'uid-1' }], 'and stays so')
  t.equal(owners(peerSet(), current({})), undefined, 'one that was there')
  t.equal(owners(peerSet(), current({}, { owners: ['uid-0'] })), undefined, 'one of a PeerSet before')
  const abroad = { output: { configMap: 'peers', key: 'list', format: 'generic-list', namespace: 'b' } }
  t.equal(owners(peerSet(abroad), undefined), undefined, 'owners do not reach over namespaces')
})

t.test('what is kept of a ConfigMap, and what it lists', async t => {
  const raw = {
    metadata: {
      uid: 'u',
      labels: { 'repeer.dev/peer-list': 'discovered' },
      annotations: { 'repeer.dev/hand-over-to': 'set' },
    },
    data: { list: text('a'), big: 'x'.repeat(1000) },
  }
  const kept = readCurrent(raw, ['list', 'absent', 'constructor'])
  t.strictSame(kept, current({ list: text('a') }, { uid: 'u', handsOverTo: 'set' }))
  t.strictSame(listedIn(kept, spec().output), parsePeers('generic-list', 'a:26656', { source: 't' }))
  t.strictSame(listedIn(current({ list: '[' }), spec().output), [], 'what cannot be read lists nobody')
  t.strictSame(listedIn(undefined, spec().output), [])
  const bare = current({}, { uid: '', labelled: false })
  t.strictSame(readCurrent({}, ['list']), bare)
  t.strictSame(readCurrent({ metadata: {}, data: null }, ['list']), bare)
  const owned = { metadata: { ownerReferences: [{ uid: 'uid-1' }, {}, { uid: 'uid-2' }] } }
  t.strictSame(readCurrent(owned, []).owners, ['uid-1', 'uid-2'])
})

t.test('what is said of it', async t => {
  t.equal(
    metadataText({ namespace: 'a', name: 'set' }, { at: 0, considered: 4, source: 'pods', peers: [at('a')] }).replace(
      /p1:\w+/,
      'HASH',
    ),
    'discovered_at=1970-01-01T00:00:00.000Z,peer_count=1,candidates=4,source=pods,peer_set=a/set,hash=HASH',
  )
  t.equal(changeSentence([at('a'), at('b')], [at('b'), at('c')]), '2 peers, 1 new, 1 gone: +c:26656 -a:26656')
  const [a, b, c, d] = [at('a', 1), at('b', 2), at('c', 3), at('d', 4)]
  t.equal(changeSentence([], [a, b, c]), '3 peers, 3 new, 0 gone: +a:1 +b:2 +c:3')
  t.equal(changeSentence([a, b, c, d], []), '0 peers, 0 new, 4 gone: -a:1 -b:2 -c:3 ...')
})
