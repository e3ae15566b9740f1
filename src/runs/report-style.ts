/** The style sheet of a report's page, which comes after uPlot's. */
export const reportStyle = `
:root {
  color-scheme: light dark;
  --paper: #fcfcfb; --ink: #1c1e21; --muted: #666c75; --line: #e6e6e3; --soft: #f2f2ef;
  --discriminator: #2f62c9; --generator: #d64510; --real: #0e7f74; --good: #1b7f4b; --bad: #c02626;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #141619; --ink: #e7e7e4; --muted: #979da6; --line: #2a2e33; --soft: #1c1f23;
    --discriminator: #7ea6ff; --generator: #ff8a5c; --real: #48c5b7; --good: #5cc98f; --bad: #ff7b7b;
  }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
  -webkit-text-size-adjust: 100%;
}
main, footer { max-width: 1240px; margin: 0 auto; padding: 0 clamp(16px, 4vw, 48px); }
h1, h2 { font-weight: 600; line-height: 1.2; letter-spacing: -0.012em; text-wrap: balance; overflow-wrap: anywhere; }
h1 { font-size: clamp(26px, 3.4vw, 38px); margin: 4px 0 10px; }
h2 { font-size: 17px; margin: 0 0 12px; }
p { margin: 0; }
code, dt { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: 0.86em; }
header { padding: clamp(28px, 5vw, 64px) 0 28px; }
.over { color: var(--muted); font-size: 14px; }
.lead { font-size: 18px; max-width: 75ch; text-wrap: balance; overflow-wrap: anywhere; }
.note { color: var(--muted); font-size: 14px; max-width: 75ch; overflow-wrap: anywhere; }
header .note { margin-top: 8px; }

.figures {
  display: grid; grid-template-columns: repeat(auto-fill, minmax(136px, 1fr)); gap: 18px 16px; margin: 0 0 44px; padding: 18px 0;
  border: 1px solid var(--line); border-width: 1px 0;
}
.figures dt { font: inherit; font-size: 13px; color: var(--muted); }
.figures dd { margin: 2px 0 0; font-size: 21px; line-height: 1.3; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.figures dd small { font-size: 14px; color: var(--muted); }
.state::before { content: ""; display: inline-block; width: 9px; height: 9px; margin: 0 8px 2px 0; border-radius: 50%; background: var(--muted); }
.state.finished::before, .state.converged::before { background: var(--good); }
.state.diverged::before, .state.collapsed::before { background: var(--bad); }
.state.running::before { background: var(--discriminator); }

.columns { display: grid; grid-template-columns: minmax(0, 1fr); gap: 36px clamp(28px, 4vw, 56px); margin: 0 0 48px; }
@media (min-width: 920px) { .columns { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); } }
figure { margin: 0 0 28px; }
figure:last-child { margin-bottom: 0; }
figcaption { display: flex; flex-wrap: wrap; align-items: baseline; gap: 2px 10px; margin-bottom: 8px; }
figcaption h2 { margin: 0; }

#frames img { display: block; width: 100%; height: auto; }
#frames img.pixels { border-radius: 6px; }
@media (min-width: 700px) { #frames img.pixels { image-rendering: pixelated; } }
.player { display: flex; align-items: center; gap: 14px; margin-top: 14px; font-variant-numeric: tabular-nums; }
.player button {
  flex: none; min-width: 76px; padding: 7px 14px; font: inherit; font-size: 14px; color: var(--ink); cursor: pointer;
  background: var(--soft); border: 1px solid var(--line); border-radius: 6px;
}
.player button:hover { border-color: var(--muted); }
.player input { flex: 1; min-width: 0; height: 28px; margin: 0; accent-color: var(--generator); }
.player output { flex: none; min-width: 94px; text-align: right; font-size: 14px; color: var(--muted); }
:focus-visible { outline: 2px solid var(--discriminator); outline-offset: 2px; border-radius: 3px; }

.uplot { font: inherit; width: 100%; }
.u-legend { text-align: left; margin: 2px 0 0; font-size: 13px; font-variant-numeric: tabular-nums; }
.u-legend tbody { display: flex; flex-wrap: wrap; gap: 0 14px; }
.u-inline tr { margin: 0; }
.u-legend tr.step { order: 1; flex-basis: 100%; }
.u-series > * { padding: 2px 6px 2px 0; }
.u-inline.u-live th::after { content: ""; }
.u-legend th, .u-legend .u-label { font-weight: 400; color: var(--muted) !important; border-radius: 3px; }
.u-legend .raw { display: none; }
.u-legend .step th { cursor: default; }
.u-legend tr:not(.step) th::before {
  content: ""; display: inline-block; width: 14px; height: 3px; margin-right: 7px; border-radius: 2px;
  vertical-align: middle; background: var(--mark, var(--muted));
}
.u-legend .discriminator { --mark: var(--discriminator); }
.u-legend .generator { --mark: var(--generator); }
.u-legend .real { --mark: var(--real); }
.u-hz .u-cursor-x { border-right: 1px dashed var(--muted); }
.u-select { background: color-mix(in srgb, var(--discriminator) 14%, transparent); }

.troubles { margin: 0; padding-left: 1.2em; max-width: 75ch; }
.troubles li { margin-bottom: 8px; }
.troubles strong { color: var(--bad); font-weight: 600; }

.scroll { overflow-x: auto; }
.blocks { width: 100%; border-collapse: collapse; font-size: 14.5px; font-variant-numeric: tabular-nums; }
.blocks th, .blocks td { padding: 7px 0 7px 14px; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--line); }
.blocks th:first-child { padding-left: 0; text-align: left; font-weight: 400; }
.blocks thead th { font-size: 0.9em; font-weight: 400; color: var(--muted); }
.blocks tfoot th, .blocks tfoot td { border-bottom: 0; color: var(--muted); }
.bar { display: inline-block; width: 40px; height: 6px; margin-right: 8px; vertical-align: middle; border-radius: 3px; overflow: hidden; background: var(--line); }
.bar i { display: block; height: 100%; background: var(--generator); }

.classes { display: flex; gap: 4px; height: 110px; margin: 0; padding: 0; list-style: none; font-size: 12px; color: var(--muted); }
.classes li { flex: 1; min-width: 0; display: flex; flex-direction: column; justify-content: flex-end; text-align: center; }
.classes i { display: block; min-height: 1px; background: var(--generator); border-radius: 2px 2px 0 0; }

.map { display: flex; gap: 12px; }
.map ol { flex: none; max-width: 40%; display: flex; flex-direction: column; justify-content: space-around; margin: 0; padding: 0; list-style: none; font-size: 13px; }
.map li { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.map ol.ends { justify-content: space-between; }
.map svg { flex: 1; min-width: 0; height: 100%; background: var(--soft); border-radius: 3px; }
.map rect { fill: var(--generator); }
p.ends { display: flex; justify-content: space-between; max-width: none; margin-top: 4px; }

@media (max-width: 599px) {
  .bar { display: none; }
  .blocks { font-size: 12.5px; }
  .blocks th, .blocks td { padding-left: 7px; }
}

section { margin-bottom: 48px; }
.columns section { margin-bottom: 0; }
.settings { columns: 2; column-gap: clamp(28px, 4vw, 56px); margin: 0; border-top: 1px solid var(--line); font-size: 14.5px; }
@media (max-width: 919px) { .settings { columns: 1; } }
.settings div { display: flex; justify-content: space-between; gap: 24px; padding: 6px 0; border-bottom: 1px solid var(--line); break-inside: avoid; }
.settings dt { flex: none; max-width: 65%; padding-top: 1px; color: var(--muted); overflow-wrap: anywhere; }
.settings dd { margin: 0; text-align: right; overflow-wrap: anywhere; }
footer { color: var(--muted); font-size: 13px; padding-top: 20px; padding-bottom: 48px; }
@media print { .player, .u-legend { display: none; } }
`;
