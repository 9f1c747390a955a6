// The page's one script, served as a file of its own: it hears by /events that something has changed, fetches the same
// page again and puts in place what differs. The server writes all markup; nothing is made of a text here. Without it
// the page is whole, and stands still. Kept as a text in a module: see style.ts.

export const pageScript = `'use strict'
{
  const live = document.getElementById('live')
  const status = document.getElementById('status')
  const main = document.getElementById('main')
  const written = new Map()
  let known, fetching = false, again = false, readAt = Date.now(), lost

  for (const part of main.querySelectorAll('[data-part]')) written.set(part.id, part.outerHTML)

  function ago(seconds) {
    if (seconds < 1) return 'now'
    if (seconds < 60) return Math.floor(seconds) + ' s ago'
    if (seconds < 3600) return Math.floor(seconds / 60) + ' min ago'
    return seconds < 172800 ? Math.floor(seconds / 3600) + ' h ago' : Math.floor(seconds / 86400) + ' d ago'
  }

  function tellTimes() {
    for (const time of document.querySelectorAll('time')) {
      const text = ago((Date.now() - Date.parse(time.dateTime)) / 1000)
      if (time.textContent === text) continue
      time.title ||= time.textContent
      time.textContent = text
    }
  }

  function say(state, text) {
    live.dataset.state = state
    live.textContent = text
  }

  // Who had the focus is found again by what it leads to, in the part in which it was.
  function focusIn(part) {
    const element = document.activeElement
    if (!part.contains(element)) return undefined
    const name = element.localName === 'a' ? 'a[href="' + CSS.escape(element.getAttribute('href')) + '"]' : element.localName
    const all = [...part.querySelectorAll(name)]
    return { name, index: all.indexOf(element) }
  }

  function replace(part, next) {
    const open = [...part.querySelectorAll('details[open]')].map(details => details.id)
    const scrolled = [...part.querySelectorAll('.scroll')].map(box => box.scrollTop)
    const focus = focusIn(part)
    part.replaceWith(next)
    for (const id of open) document.getElementById(id)?.setAttribute('open', '')
    next.querySelectorAll('.scroll').forEach((box, index) => { box.scrollTop = scrolled[index] ?? 0 })
    if (focus) {
      const all = next.querySelectorAll(focus.name)
      const found = all[focus.index] ?? all[0]
      found?.focus({ preventScroll: true })
    }
  }

  function take(page) {
    const fresh = page.getElementById('main')
    if (!fresh) return
    const parts = [...fresh.querySelectorAll('[data-part]')]
    const ids = new Set(parts.map(part => part.id))
    for (const old of main.querySelectorAll('[data-part]'))
      if (!ids.has(old.id)) { old.remove(); written.delete(old.id) }
    let before
    for (const part of parts) {
      const markup = part.outerHTML
      const present = document.getElementById(part.id)
      if (!present) before ? before.after(part) : main.prepend(part)
      else if (written.get(part.id) !== markup) replace(present, part)
      written.set(part.id, markup)
      before = document.getElementById(part.id)
    }
    document.title = page.title
    tellTimes()
  }

  async function refresh() {
    if (fetching) { again = true; return }
    fetching = true
    try {
      const answer = await fetch(location.pathname, { cache: 'no-store' })
      if (answer.ok) take(new DOMParser().parseFromString(await answer.text(), 'text/html'))
      readAt = Date.now()
    } catch {}
    fetching = false
    if (again) { again = false; setTimeout(refresh, 200) }
  }

  function listen() {
    const events = new EventSource('/events')
    events.addEventListener('state', event => {
      const { version, headline } = JSON.parse(event.data)
      clearTimeout(lost)
      lost = undefined
      readAt = Date.now()
      say('live', 'live')
      if (known !== undefined && version !== known) refresh()
      known = version
      if (status.textContent !== headline) status.textContent = headline
    })
    events.addEventListener('error', () => {
      // The server ends each stream after some seconds, and the browser comes again: only a longer silence is told.
      lost ??= setTimeout(() => say('lost', 'no answer since ' + new Date(readAt).toLocaleTimeString()), 5000)
      // Refused: too many look, or this replica is gone. The browser gives up for good.
      if (events.readyState === EventSource.CLOSED) setTimeout(listen, 10000)
    })
    addEventListener('pagehide', () => events.close(), { once: true })
  }

  tellTimes()
  setInterval(tellTimes, 1000)
  listen()
}
`
