/** The page's whole style: no font, image or script from anywhere. Colours have a contrast of at least 4.5 to 1 in both schemes (WCAG 2.2, 1.4.3). */
export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --ground: #ffffff; --card: #f6f7f9; --line: #d3d8df; --ink: #1b2027; --soft: #55606d; --link: #0b57b8;
  --good: #17692f; --good-ground: #e3f4e8; --busy: #0b57b8; --busy-ground: #e4eefb;
  --warn: #7a4b00; --warn-ground: #fdf0d8; --bad: #a3161f; --bad-ground: #fce7e8; --idle: #55606d; --idle-ground: #eceff3;
  --run: #8a94a1; --upload: #2f7dd1; --job: #2b9a4e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14181d; --card: #1c2229; --line: #37404b; --ink: #e8ecf1; --soft: #a9b4c1; --link: #86b9ff;
    --good: #84dba0; --good-ground: #12311d; --busy: #9cc6ff; --busy-ground: #12294a;
    --warn: #f3c776; --warn-ground: #3b2a08; --bad: #ff9ea3; --bad-ground: #45161a; --idle: #b3bdc9; --idle-ground: #2a313a;
    --run: #7d8997; --upload: #5ea5f2; --job: #4cbf72;
  }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 68rem; padding: 1.5rem 1rem 3rem; background: var(--ground); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .25rem; }
h2 { font-size: 1.3rem; line-height: 1.25; margin: 0; }
main > section > h2 { margin: 1.25rem 0 .25rem; }
h3 { font-size: 1.05rem; margin: 1.75rem 0 .5rem; }
h4 { font-size: 1rem; margin: 1rem 0 .25rem; }
a { color: var(--link); }
code { font: .875em/1.5 ui-monospace, monospace; }
article { border: 1px solid var(--line); border-radius: .75rem; padding: 1.25rem; margin-top: 1.5rem; }
.head { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; justify-content: space-between; }
.note, .facts { color: var(--soft); margin: .25rem 0; }
.mark { display: inline-block; padding: .1rem .65rem; border-radius: 1rem; font-weight: 600; white-space: nowrap; }
.good { color: var(--good); background: var(--good-ground); }
.busy { color: var(--busy); background: var(--busy-ground); }
.warn { color: var(--warn); background: var(--warn-ground); }
.bad { color: var(--bad); background: var(--bad-ground); }
.idle { color: var(--idle); background: var(--idle-ground); }
.todo { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .25rem 1rem .75rem; margin-top: 1.25rem; }
.todo h3 { margin-top: .75rem; }
.todo ul, .changes { margin: 0; padding-left: 1.25rem; }
.todo li { margin-bottom: .5rem; }
.todo code { display: block; padding: .5rem .75rem; background: var(--ground); border: 1px solid var(--line); border-radius: .375rem; white-space: pre-wrap; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--line); }
thead th { color: var(--soft); font-weight: 600; }
th[scope=row] { font-weight: 600; white-space: nowrap; }
.steps { list-style: none; margin: 0; padding: 0; }
.steps > li { border-bottom: 1px solid var(--line); padding: .6rem 0; }
.steps ul { margin: .25rem 0 0; padding-left: 1.25rem; }
.steps .links { list-style: none; display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; padding: 0; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; padding: 0; margin: .25rem 0 .75rem; color: var(--soft); }
.legend li::before { content: ""; display: inline-block; width: .8rem; height: .8rem; margin-right: .4rem; border-radius: .15rem; background: var(--run); }
.legend .upload::before { background: var(--upload); }
.legend .job::before { background: var(--job); }
.lane { display: grid; grid-template-columns: 12rem 1fr 15rem; gap: .25rem .75rem; align-items: center; }
.lane svg { display: block; }
.took { color: var(--soft); font-size: .9rem; }
.track { stroke: var(--line); }
rect { stroke-width: 1.5; }
rect.run { fill: var(--run); stroke: var(--run); }
rect.upload { fill: var(--upload); stroke: var(--upload); }
rect.job { fill: var(--job); stroke: var(--job); }
rect.open { fill-opacity: .4; stroke-dasharray: 4 3; }
.ticks { display: flex; justify-content: space-between; color: var(--soft); font-size: .8rem; border-top: 1px solid var(--line); }
@media (max-width: 45rem) {
  body { padding: 1rem .75rem 2rem; }
  article { padding: .9rem; }
  .lane { grid-template-columns: 1fr; margin-bottom: .6rem; }
  .axis .label, .axis .took { display: none; }
  .files, .files tbody, .files tr, .files th, .files td { display: block; }
  .files thead { display: none; }
  .files th[scope=row] { border: 0; padding-bottom: 0; }
  .files td { border: 0; padding: 0 0 0 2.5rem; position: relative; }
  .files td::before { position: absolute; left: 0; color: var(--soft); }
  .both td:nth-of-type(1)::before, .only-in td::before { content: "in"; }
  .both td:nth-of-type(2)::before, .only-out td::before { content: "out"; }
  .files tr { border-bottom: 1px solid var(--line); padding-bottom: .4rem; }
}
@media print {
  :root { color-scheme: light; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  article { border: 0; padding: 0; }
  article + article { break-before: page; }
  .links a::after { content: " (" attr(href) ")"; }
  .steps > li, .lane, .todo, tr { break-inside: avoid; }
  rect, .mark, .legend li::before { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
`;
