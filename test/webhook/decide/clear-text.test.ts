// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the shell's own. A list that stands in clear text is never
// called absent without its place, wherever it is and whatever a script says; and decide never throws and ends in time.
import fc from 'fast-check'
import t from 'tap'
import { decide } from '../../../webhook/decide/decide.ts'
import { type Change, ids, input, list, skipped } from '../fixtures/pods/build.ts'

/** Where a list stands, and what names the place. */
type Place = { readonly change: (text: string) => Change; readonly named: RegExp }

const volumes = [
  { name: 'v', configMap: { name: 'm' } },
  { name: 'data', emptyDir: {} },
]
const places: Readonly<Record<string, Place>> = {
  'a literal variable': {
    change: text => ({ container: { env: [{ name: 'NOTES', value: text }] } }),
    named: /env NOTES/,
  },
  'a variable of a ConfigMap': {
    change: text => ({
      container: { env: [{ name: 'NOTES', valueFrom: { configMapKeyRef: { name: 'm', key: 'k' } } }] },
      maps: { m: { k: text } },
    }),
    named: /ConfigMap m\/k/,
  },
  envFrom: {
    change: text => ({ container: { envFrom: [{ configMapRef: { name: 'm' } }] }, maps: { m: { ANY: text } } }),
    named: /ConfigMap m\/ANY/,
  },
  'a mounted file': {
    change: text => ({
      pod: { volumes },
      container: { volumeMounts: [{ name: 'v', mountPath: '/m' }] },
      maps: { m: { 'any.json': text } },
    }),
    named: /ConfigMap m\/any.json/,
  },
  'an argument': {
    change: text => ({ container: { args: ['start', '--home', '/h', '--any', text] } }),
    named: /args\[4\]/,
  },
  'a script': {
    change: text => ({ container: { command: ['sh', '-c', `X='${text}'; gaiad start --home /h`] } }),
    named: /command\[2\]/,
  },
  'a comment': {
    change: text => ({ container: { command: ['sh', '-c', `# ${text}\ngaiad start --home /h`] } }),
    named: /command\[2\]/,
  },
  'an init container': {
    change: text => ({
      pod: {
        volumes,
        initContainers: [{ name: 'i', args: [text], volumeMounts: [{ name: 'data', mountPath: '/d' }] }],
      },
      container: { volumeMounts: [{ name: 'data', mountPath: '/d' }] },
    }),
    named: /container i args\[0\]/,
  },
  'another container': {
    change: text => ({
      pod: {
        containers: [
          { name: 'gaiad', command: ['gaiad', 'start', '--home', '/h'] },
          { name: 'other', env: [{ name: 'X', value: text }] },
        ],
      },
    }),
    named: /container other env X/,
  },
}

const node = { command: ['gaiad', 'start', '--home', '/h'], volumeMounts: [] }
const at = (place: Place, text: string) => {
  const change = place.change(text)
  return input({ maps: {}, ...change, container: { ...node, ...change.container } })
}

for (const [what, place] of Object.entries(places)) {
  const decision = decide(at(place, `x ${list}; y`))
  if (!decision.inject) {
    t.equal(decision.reason, 'no-peers', what)
    t.match(decision.message, place.named, what)
    t.notMatch(decision.message, new RegExp(ids[0]), `${what}: its place, not what stands there`)
  } else t.ok(decision.plan.sources.length > 0, what)
}

t.test('what is no list is not named', t => {
  for (const text of ['x', ids[0], `${ids[0]}@`, 'a@b:1', `${ids[0].slice(1)}@host:26656`])
    t.notMatch(skipped(decide(at(places['a literal variable'] as Place, text))).message, /peers stand/, text)
  t.end()
})

t.test('at most so many places, and so many characters', t => {
  const env = Array.from({ length: 9 }, (_, n) => ({ name: `N${n}`, value: `: ${list}` }))
  t.match(skipped(decide(input({ maps: {}, container: { ...node, env } }))).message, /env N4 and 4 more,/)
  // Longer than what is parsed, and so not charged to the content budget; `repeer explain` sees such keys.
  const maps = { m: Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`k${n}`, 'x'.repeat(600_000)])) }
  t.match(
    skipped(decide(input({ maps, container: { ...node, envFrom: [{ configMapRef: { name: 'm' } }] } }))).message,
    /only the first 4194304 characters/,
  )
  t.end()
})

/** Script text around the list, whole or broken. */
const fragments = fc.constantFrom(
  ...'if then else fi case esac in for do done while { } ( ) ; && || | > < << EOF " \' ` $( ${ } $X PEERS= = [ ] \\ # \n gaiad start --home exec sed -i config.toml echo --p2p.persistent_peers --p2p.seeds $PEERS'.split(
    ' ',
  ),
)
const noise = fc.array(fragments, { maxLength: 12 }).map(parts => parts.join(' '))
const hosts = fc.domain().map(host => `${ids[0]}@${host}:26656`)

t.test('a list that a script composes of what a program prints: said of what, once', t => {
  const messageOf = (script: string) =>
    skipped(decide(input({ maps: {}, container: { ...node, command: ['sh', '-c', script] } }))).message
  const run = 'exec gaiad start --home /h'
  const edited = messageOf(
    `ID=$(curl -s h:8081/id)\nsed -i "s/persistent_peers = .*/persistent_peers = \\"$ID@h:26656\\"/" /h/config/config.toml\n${run}`,
  )
  t.match(edited, /command\[2\] .* is composed of what curl prints; name its list/)
  t.equal(edited.split('composed of').length, 2, 'once')
  t.match(messageOf(`PEERS="$(wget -qO- x)@h:26656"\n${run}`), /command\[2\] PEERS is composed of what wget prints/)
  const grown = messageOf(`for p in $(wget -qO- x); do PEERS="$PEERS,$p@h:26656"; done\n${run}`)
  t.match(grown, /PEERS is composed of what wget prints;/)
  t.notMatch(grown, /variable PEERS/)
  t.notMatch(messageOf(`MAIL="$(whoami)@example.com"\n${run}`), /composed/)
  t.end()
})

t.test('whatever a script says', t => {
  fc.assert(
    fc.property(noise, hosts, noise, fc.constantFrom(...Object.values(places)), (before, entry, after, place) => {
      const scripts: readonly Change[] = [
        { container: { command: ['sh', '-c', `${before} ${entry} ${after}`] } },
        { container: { command: ['sh', '-c', `exec gaiad start --home /h\n${before} ${entry} ${after}`] } },
        {
          pod: { volumes: [{ name: 'v', configMap: { name: 'm' } }] },
          container: { command: ['bash', '/m/run.sh'], image: 'gaia', volumeMounts: [{ name: 'v', mountPath: '/m' }] },
          maps: { m: { 'run.sh': `${before} ${entry} ${after}` } },
        },
        place.change(`${before.replaceAll(/["'#]/g, '')} ${entry}`),
      ]
      return scripts.every(change => {
        const decision = decide(input({ maps: {}, ...change, container: { ...node, ...change.container } }))
        if (decision.inject) return decision.plan.sources.length > 0
        return decision.reason !== 'no-peers' || /peers stand in|composed of/.test(decision.message)
      })
    }),
    { numRuns: 300 },
  )
  t.pass('never called absent')
  t.end()
})
