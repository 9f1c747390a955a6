// The page in a browser: Chromium, as Debian packages it. Where there is none, this says so and tests nothing. With
// REPEER_SHOTS=DIRECTORY it leaves pictures there, to be looked at.
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { type FleetOptions, fleet, now, type Stand } from './fixtures/fleet.ts'
import { type Site, startSite } from './fixtures/site.ts'

const program = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
  file => file !== undefined && existsSync(file),
)
const shots = process.env.REPEER_SHOTS

let browser: Browser | undefined
t.before(async () => {
  if (program) browser = await chromium.launch({ executablePath: program, args: ['--no-sandbox', '--disable-gpu'] })
})
t.teardown(() => browser?.close())
const skip = program ? false : 'no Chromium is installed (apt-get install chromium)'

type Opened = { readonly site: Site; readonly page: Page; readonly complaints: readonly string[] }

/** @param path what is looked at */
async function open(
  t: Test,
  show: (site: Site) => void,
  { path = '/', width = 1200, height = 860, dark = false } = {},
): Promise<Opened> {
  const site = await startSite(t)
  show(site)
  const context = await (browser as Browser).newContext({
    viewport: { width, height },
    colorScheme: dark ? 'dark' : 'light',
  })
  t.teardown(() => context.close())
  await context.clock.setSystemTime(now)
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', message => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  page.on('pageerror', error => complaints.push(String(error)))
  await page.addInitScript(
    `addEventListener('securitypolicyviolation', event => console.error('violation', event.violatedDirective))`,
  )
  await page.goto(`${site.url}${path}`)
  await page.waitForSelector('#live[data-state="live"]')
  return { site, page, complaints }
}

async function shot(page: Page, name: string): Promise<void> {
  if (shots === undefined) return
  mkdirSync(shots, { recursive: true })
  await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true })
}

async function widthBeyond(page: Page): Promise<number> {
  return page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')
}

function hour({ history }: Site, pods: number, group = 'chain/mychain-1', namespace = 'chain'): void {
  const reasons = [
    ['Normal', 'PeersChanged', 'addresses changed; the sidecar compares'],
    ['Normal', 'TellingNode', 'telling the running node its peers'],
    ['Normal', 'AwaitingTurn', 'awaiting-turn: another node of the group restarts first'],
    ['Normal', 'TurnGranted', 'may restart now'],
    ['Normal', 'RestartingNode', 'restarting the node since validator-2 moved to 10.1.0.14'],
    ['Normal', 'NodeRestarted', 'restarted the node; it is back, and connected to all that answer'],
    ['Warning', 'RestartHeld', 'list-malformed: the new peer list cannot be parsed (entry 3 of persistent_peers)'],
  ] as const
  for (let index = 0; index < 70; index++) {
    const [type, reason, message] = reasons[(index * index + (index >> 3)) % reasons.length] ?? reasons[0]
    const at = now - 2_350_000 + Math.floor(index / 10) * 330_000 + (index % 10) * 9_000
    history.add({ at, group, namespace, pod: `validator-${index % pods}`, type, reason, message })
  }
}

const four: Record<number, Stand> = { 1: 'restarting', 2: 'awaiting-turn' }
const forty: Record<number, Stand> = {
  3: 'restarting',
  4: 'awaiting-turn',
  11: 'awaiting-turn',
  17: 'telling',
  22: 'list-malformed',
  30: 'lacking',
}
const thousand: Record<number, Stand> = Object.fromEntries([
  ...Array.from({ length: 14 }, (_, index) => [index * 3 + 40, 'restarting']),
  ...Array.from({ length: 60 }, (_, index) => [index * 2 + 100, 'awaiting-turn']),
  [333, 'dead'],
  [612, 'list-malformed'],
  [801, 'lacking'],
  [900, 'unread'],
])

const sizes: readonly (readonly [number, Record<number, Stand>, FleetOptions])[] = [
  [4, four, {}],
  [40, forty, { peers: 6 }],
  [1000, thousand, { peers: 20 }],
]

for (const [size, stands, options] of sizes) {
  for (const dark of [false, true]) {
    for (const width of [1200, 360]) {
      // A light one that is wide and a dark one that is narrow say all; the others are for pictures.
      if (dark === (width === 1200) && shots === undefined) continue
      const name = `${size}-${dark ? 'dark' : 'light'}-${width}`
      t.test(`${size} pods, ${dark ? 'dark' : 'light'}, ${width} pixels wide`, { skip }, async t => {
        const { page, complaints } = await open(
          t,
          site => {
            site.show(fleet(size, { ...options, stands }))
            hour(site, size)
          },
          { width, dark },
        )
        t.equal(await widthBeyond(page), 0, 'nothing is cut off or scrolled to the side')
        t.equal(await page.locator('tbody tr').count(), size, 'the table has every node')
        const links = await page.locator(size > 60 ? '.cells a' : '.ring a').count()
        t.equal(links, size, 'so has the picture')
        t.same(complaints, [], 'no violation of the policy, no error')
        await shot(page, name)
      })
    }
  }
}

t.test('it follows what happens, without being loaded again', { skip }, async t => {
  const { site, page, complaints } = await open(t, site => site.show(fleet(4)))
  t.equal(await page.locator('h1').textContent(), 'All 4 nodes are connected')
  await page.evaluate('window.same = true')
  await page.locator('summary').click()
  await page.locator('.ring a[href="/pods/chain/validator-2"]').focus()
  site.show(fleet(4, { stands: { 1: 'restarting' } }))
  await page.waitForSelector('.node.busy')
  t.equal(await page.locator('h1').textContent(), '1 node of 4 being worked on')
  t.equal(await page.locator('#status').textContent(), '1 node of 4 being worked on', 'and is told to who listens')
  t.ok(await page.evaluate('window.same'), 'it is the same page')
  t.ok(await page.locator('details[open]').count(), 'what was opened stays open')
  t.equal(await page.evaluate(`document.activeElement.getAttribute('href')`), '/pods/chain/validator-2')
  site.show()
  await page.waitForSelector('#empty')
  t.equal(await page.locator('#g0').count(), 0, 'a group that is gone goes')
  site.show(fleet(4))
  await page.waitForSelector('#g0')
  t.equal(await page.locator('#empty').count(), 0)
  t.same(complaints, [])
})

t.test('the keyboard: past the top, through the picture, to the table, into a pod', { skip }, async t => {
  const { page } = await open(t, site => site.show(fleet(4, { stands: four })))
  const stops: string[] = []
  for (let presses = 0; presses < 30 && !stops.includes('summary'); presses++) {
    await page.keyboard.press('Tab')
    const stop = await page.evaluate<string>(
      `document.activeElement.localName === 'summary' ? 'summary' : document.activeElement.getAttribute('href') ?? ''`,
    )
    stops.push(stop)
  }
  const pods = [0, 1, 2, 3].map(index => `/pods/chain/validator-${index}`)
  t.same(stops.slice(0, 7), ['#main', '/', '/groups/chain%2Fmychain-1', ...pods])
  t.equal(stops.at(-1), 'summary')
  await page.keyboard.press('Enter')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await page.waitForURL('**/pods/chain/validator-0')
  t.equal(await page.locator('h1').textContent(), 'validator-0')
})

t.test('a thousand squares are no thousand stops', { skip }, async t => {
  const { page } = await open(t, site => site.show(fleet(1000, { peers: 4 })))
  const stops = await page.evaluate<number>(
    `[...document.querySelectorAll('a, summary')].filter(link => link.tabIndex >= 0 && link.checkVisibility()).length`,
  )
  t.ok(stops < 20, `${stops}`)
})

t.test('what a screen reader is told', { skip }, async t => {
  const { page } = await open(t, site => site.show(fleet(4, { stands: four })))
  const tree = await page.locator('body').ariaSnapshot()
  t.match(tree, /main/)
  t.match(tree, /group "chain\/mychain-1: nodes and connections/)
  t.match(tree, /link "validator-1: restarting, node2 moved to 10\.1\.0\.14"/)
  t.match(tree, /img "The last hour: restarts 0/)
  t.match(tree, /status/)
  const nameless = await page.evaluate(
    `[...document.querySelectorAll('a')].filter(link => !(link.ariaLabel ?? link.textContent).trim()).length`,
  )
  t.equal(nameless, 0, 'each link has a name')
  const large = await open(t, site => site.show(fleet(1000, { peers: 4, stands: thousand })))
  t.match(await large.page.locator('body').ariaSnapshot(), /img "chain\/mychain-1: 1,000 nodes, 922 connected, 78 not"/)
})

t.test('one pod in words, and a replica that does not lead', { skip }, async t => {
  const { page, site, complaints } = await open(
    t,
    site => {
      site.show(fleet(4, { stands: { ...four, 3: 'list-malformed' } }))
      hour(site, 4)
    },
    { path: '/pods/chain/validator-3' },
  )
  t.match(await page.locator('main').textContent(), /Somebody has to change something/)
  await shot(page, 'pod-light')
  await page.emulateMedia({ colorScheme: 'dark' })
  await page.setViewportSize({ width: 360, height: 800 })
  t.equal(await widthBeyond(page), 0)
  await shot(page, 'pod-dark-360')
  site.showState({ leader: 'repeer-controller-7d9f-abcde' })
  await page.waitForSelector('#follower')
  t.match(await page.locator('main').textContent(), /port-forward pod\/repeer-controller-7d9f-abcde/)
  await shot(page, 'follower')
  t.same(complaints, [])
})

t.test('hostile names do nothing', { skip }, async t => {
  const names = [
    '<script>window.hit=1</script>',
    '"onmouseover="window.hit=1',
    '\u202egnp.exe',
    `'><img src=x onerror=window.hit=1>`,
  ]
  const { page, complaints } = await open(t, site => {
    site.show(fleet(4, { name: index => names[index] ?? '', stands: four, group: `chain/${names[0]}` }))
    for (const pod of names)
      site.history.add({
        at: now,
        group: 'chain/x',
        namespace: 'chain',
        pod,
        type: 'Warning',
        reason: pod,
        message: pod,
      })
  })
  t.equal(await page.evaluate(`'hit' in window`), false)
  t.equal(await page.locator('main script, main img').count(), 0)
  t.equal(await widthBeyond(page), 0)
  t.same(complaints, [])
  await shot(page, 'hostile')
})

t.test('several groups, one of them stopped', { skip }, async t => {
  const { page } = await open(t, site => {
    const stopped = fleet(7, {
      namespace: 'osmosis',
      group: 'osmosis/sentries',
      stands: { 2: 'dead', 3: 'awaiting-turn' },
    })
    const why = 'not Ready 5 minutes after its turn'
    const state = { ...stopped.state, stopped: [{ key: 'osmosis/validator-2', why }] }
    site.show(fleet(4), { ...stopped, state }, fleet(20, { namespace: 'stellar', group: 'stellar/core', peers: 5 }))
    hour(site, 4)
    hour(site, 7, 'osmosis/sentries', 'osmosis')
  })
  t.match(await page.locator('h1').textContent(), /1 group stopped/)
  await shot(page, 'groups')
})
