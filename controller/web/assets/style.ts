// The style sheet, served as a file of its own: no page has a style in itself, and its policy permits none. Kept as a
// text in a module, so that the bundle of the image and of npm holds it without a step of its own.

export const styleSheet = `
:root {
  color-scheme: light dark;
  --ground: #f5f6f4; --card: #ffffff; --ink: #1d2524; --dim: #5a6765; --line: #dfe4e1; --faint: #b9c3bf;
  --good: #2c7a5c; --good-soft: #e3f1ea; --busy: #2a66a8; --busy-soft: #e3edf8; --hold: #8a6100; --hold-soft: #f8efda;
  --care: #b3261e; --care-soft: #fbe6e3; --dim-soft: #eceeec; --accent: #1f6f78;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #101514; --card: #171e1d; --ink: #e4eae8; --dim: #97a5a2; --line: #283230; --faint: #43514d;
    --good: #62c49b; --good-soft: #173329; --busy: #7fb2ea; --busy-soft: #182b41; --hold: #dcb052; --hold-soft: #352a12;
    --care: #f58a80; --care-soft: #3c1d1a; --dim-soft: #232b29; --accent: #6fc3cb;
  }
}
* { box-sizing: border-box; }
html { font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "Noto Sans", "DejaVu Sans", sans-serif; }
body { margin: 0; background: var(--ground); color: var(--ink); font-variant-numeric: tabular-nums; }
a { color: inherit; text-decoration-color: var(--faint); text-underline-offset: 3px; }
a:hover { text-decoration-color: currentColor; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
main:focus { outline: none; }
code, pre { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: 0.9em; }
pre { overflow-x: auto; padding: 10px 14px; background: var(--dim-soft); border-radius: 8px; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; margin: 0; }
.skip { position: absolute; left: 12px; top: -60px; background: var(--card); padding: 8px 14px; border-radius: 8px; z-index: 2; }
.skip:focus { top: 8px; }
.top { display: flex; align-items: center; gap: 14px; max-width: 1180px; margin: 0 auto; padding: 16px 24px 0; }
.brand { display: flex; align-items: center; gap: 8px; font-weight: 650; letter-spacing: 0.01em; text-decoration: none; }
svg.mark { width: 22px; height: 22px; fill: var(--accent); stroke: var(--accent); stroke-width: 2; }
svg.mark path { fill: none; }
.top nav { color: var(--dim); }
.top nav::before { content: "/"; margin-right: 14px; color: var(--faint); }
.live { margin-left: auto; color: var(--dim); font-size: 0.87rem; white-space: nowrap; }
.live::before { content: ""; display: inline-block; width: 8px; height: 8px; margin-right: 8px; border-radius: 50%; background: var(--faint); }
.live[data-state="live"]::before { background: var(--good); }
.live[data-state="lost"] { color: var(--care); }
.live[data-state="lost"]::before { background: var(--care); }
main { max-width: 1180px; margin: 0 auto; padding: 8px 24px 24px; display: grid; gap: 18px; grid-template-columns: minmax(0, 1fr); }
footer { max-width: 1180px; margin: 0 auto; padding: 0 24px 40px; color: var(--dim); font-size: 0.87rem; }
h1 { font-size: 1.75rem; line-height: 1.25; font-weight: 620; letter-spacing: -0.015em; margin: 0; text-wrap: balance; }
h2 { font-size: 1.1rem; line-height: 1.35; font-weight: 620; margin: 0; overflow-wrap: anywhere; }
h2 a { text-decoration: none; }
h2 a:hover { text-decoration: underline; }
h3 { font-size: 0.87rem; font-weight: 600; color: var(--dim); margin: 18px 0 4px; }
h3:first-child { margin-top: 0; }
p { margin: 6px 0; }
.overview { padding: 22px 0 4px; display: grid; gap: 12px; grid-template-columns: minmax(0, 1fr); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 14px; padding: 20px 22px; min-width: 0; }
.card > header { display: flex; flex-wrap: wrap; align-items: center; gap: 8px 16px; justify-content: space-between; margin-bottom: 12px; }
.tally { display: flex; flex-wrap: wrap; gap: 6px; }
.chip { display: inline-flex; align-items: baseline; gap: 6px; padding: 1px 10px 1px 8px; border-radius: 999px; font-size: 0.87rem; background: var(--dim-soft); color: var(--dim); max-width: 100%; overflow-wrap: anywhere; }
.chip .sign { font-weight: 700; }
.chip.good { background: var(--good-soft); color: var(--good); } .chip.busy { background: var(--busy-soft); color: var(--busy); }
.chip.hold { background: var(--hold-soft); color: var(--hold); } .chip.care { background: var(--care-soft); color: var(--care); }
.calm .chip { background: none; padding-left: 0; font-size: inherit; }
.stop { background: var(--care-soft); color: var(--care); padding: 8px 14px; border-radius: 10px; overflow-wrap: anywhere; }
.split { display: grid; grid-template-columns: minmax(0, 1.35fr) minmax(0, 1fr); gap: 12px 32px; align-items: start; }
.picture { min-width: 0; }
.ring { display: block; width: 100%; height: auto; max-height: 560px; overflow: visible; }
.ring.few { max-height: 330px; }
.lines path { fill: none; stroke-width: 1.4; vector-effect: non-scaling-stroke; }
.lines .whole { stroke: var(--good); opacity: 0.5; }
.many .lines .whole { opacity: 0.16; stroke-width: 1; }
.lines .missing { stroke: var(--care); stroke-width: 1.8; stroke-dasharray: 5 4; }
.node { text-decoration: none; }
.node .disc { fill: var(--dim-soft); stroke: var(--dim); stroke-width: 1.6; }
.node .halo { fill: var(--card); }
.node .sign { fill: var(--dim); font-weight: 700; }
.node .name { fill: var(--ink); font-size: 13.5px; }
.many .node .name { font-size: 12px; }
.node.good .disc { fill: var(--good-soft); stroke: var(--good); } .node.good .sign { fill: var(--good); }
.node.busy .disc { fill: var(--busy); stroke: var(--busy); } .node.busy .sign { fill: var(--card); }
.node.hold .disc { fill: var(--hold-soft); stroke: var(--hold); } .node.hold .sign { fill: var(--hold); }
.node.care .disc { fill: var(--care); stroke: var(--care); } .node.care .sign { fill: var(--card); }
.node.busy .halo { animation: breathe 2.4s ease-in-out infinite; fill: var(--busy-soft); }
.node:hover .disc { stroke-width: 3; }
.node:hover .name { text-decoration: underline; }
.node:focus-visible { outline: none; }
.node:focus-visible .halo { stroke: var(--accent); stroke-width: 3; animation: none; }
.node:focus-visible .name { font-weight: 700; }
@keyframes breathe { 50% { opacity: 0.25; } }
@media (prefers-reduced-motion: reduce) { .node.busy .halo { animation: none; } }
.cells { display: grid; grid-template-columns: repeat(auto-fill, minmax(15px, 1fr)); gap: 3px; padding: 4px 0 10px; }
.cells a { aspect-ratio: 1; border-radius: 4px; background: var(--good); opacity: 0.5; display: grid; place-items: center; font-size: 11px; line-height: 1; font-weight: 700; color: var(--card); text-decoration: none; }
.cells .busy { background: var(--busy); opacity: 1; } .cells .hold { background: var(--hold); opacity: 1; }
.cells .care { background: var(--care); opacity: 1; } .cells .dim { background: var(--faint); opacity: 1; }
.cells a:hover { outline: 2px solid var(--ink); outline-offset: 1px; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 18px; color: var(--dim); font-size: 0.87rem; margin: 8px 0 0; }
.key::before { content: ""; display: inline-block; width: 20px; margin-right: 8px; vertical-align: middle; border-top: 2px solid var(--good); opacity: 0.7; }
.key.missing::before { border-top: 2px dashed var(--care); opacity: 1; }
.rows { list-style: none; margin: 0; padding: 0; }
.rows li { padding: 7px 0; border-top: 1px solid var(--line); }
.rows li:first-child { border-top: 0; }
.rows div { display: flex; flex-wrap: wrap; align-items: baseline; gap: 2px 10px; }
.rows a { font-weight: 560; overflow-wrap: anywhere; }
.rows p { margin: 2px 0 0; color: var(--dim); font-size: 0.87rem; overflow-wrap: anywhere; }
.rows time { margin-left: auto; }
time { color: var(--dim); font-size: 0.87rem; white-space: nowrap; }
.place { font-size: 0.87rem; color: var(--dim); min-width: 2.6em; }
.place.has { color: var(--busy); font-weight: 650; } .place.next { color: var(--ink); }
.turns li { padding: 5px 0; }
.turns p { margin-left: calc(2.6em + 10px); }
.quiet { color: var(--dim); font-size: 0.87rem; overflow-wrap: anywhere; }
.strip { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 2px 12px; margin: 18px 0 10px; font-size: 0.8rem; color: var(--dim); }
.overview .strip { margin: 4px 0 0; }
.lanes { display: grid; grid-template-rows: repeat(4, 18px); align-items: center; line-height: 1; }
.strip svg { width: 100%; height: 72px; display: block; }
.rail { stroke: var(--line); stroke-width: 1; vector-effect: non-scaling-stroke; }
.tick { stroke: var(--line); stroke-width: 1; vector-effect: non-scaling-stroke; }
.blind { fill: var(--dim-soft); opacity: 0.7; }
.mark.restarts, .bullet.restarts { fill: var(--busy); background: var(--busy); }
.mark.lists, .bullet.lists { fill: var(--good); background: var(--good); }
.mark.turns, .bullet.turns { fill: var(--accent); background: var(--accent); }
.mark.waits, .bullet.waits { fill: var(--hold); background: var(--hold); }
.mark.warning, .bullet.warning { fill: var(--care); background: var(--care); }
.strip figcaption { grid-column: 2; display: flex; justify-content: space-between; }
.happenings { list-style: none; margin: 0; padding: 0; }
.happenings li { display: grid; grid-template-columns: 8px minmax(0, 1fr) auto; gap: 0 10px; align-items: baseline; padding: 3px 0; }
.happenings .text { overflow-wrap: anywhere; }
.happenings b { font-weight: 600; }
.bullet { width: 8px; height: 8px; border-radius: 50%; }
.bullet.warning { border-radius: 1px; }
details { margin-top: 12px; border-top: 1px solid var(--line); padding-top: 10px; }
summary { cursor: pointer; color: var(--dim); width: max-content; max-width: 100%; }
summary:hover { color: var(--ink); }
.scroll { overflow: auto; max-height: 460px; margin-top: 8px; }
table { border-collapse: collapse; width: 100%; min-width: 540px; font-size: 0.93rem; }
th, td { text-align: left; vertical-align: top; padding: 5px 16px 5px 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
thead th { position: sticky; top: 0; background: var(--card); color: var(--dim); font-weight: 600; font-size: 0.87rem; white-space: nowrap; overflow-wrap: normal; }
tbody th { font-weight: 500; min-width: 8em; }
td .chip, td code { white-space: nowrap; }
.number { text-align: right; }
.groups { list-style: none; margin: 0; padding: 0; columns: 2 320px; column-gap: 32px; }
.groups li { display: flex; flex-wrap: wrap; gap: 4px 12px; justify-content: space-between; padding: 5px 0; border-bottom: 1px solid var(--line); break-inside: avoid; overflow-wrap: anywhere; }
.pod .lead { font-size: 1.1rem; overflow-wrap: anywhere; }
.pod h1 { overflow-wrap: anywhere; min-width: 0; }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 240px), 1fr)); gap: 10px 28px; margin: 18px 0 0; }
dt { color: var(--dim); font-size: 0.87rem; } dd { margin: 0; overflow-wrap: anywhere; }
@media (max-width: 760px) {
  .top, main, footer { padding-left: 14px; padding-right: 14px; }
  .card { padding: 16px 14px; border-radius: 12px; }
  .split { grid-template-columns: minmax(0, 1fr); }
  h1 { font-size: 1.4rem; }
  .ring .node .name { font-size: 20px; }
  .ring.many .node .name { display: none; }
  .ring.many { transform: scale(1.35); }
  .picture { overflow: clip; }
  .happenings li { grid-template-columns: 8px minmax(0, 1fr); }
  .happenings time { grid-column: 2; }
  .rows time { margin-left: 0; }
}
@media print { .live, .skip { display: none; } .card { break-inside: avoid; } }
`

export const iconSvg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><g fill="#1f7f88" stroke="#1f7f88" stroke-width="2"><path fill="none" d="M8 22 16 9l8 13Z"/><circle cx="16" cy="9" r="4"/><circle cx="8" cy="22" r="4"/><circle cx="24" cy="22" r="4"/></g></svg>`
