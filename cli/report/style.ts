/** How a report looks, light and dark. The one style element of the page; nothing in it is from a model. */
import { seriesProperties } from './drawing/loss-cost-chart.ts';
import { shadeCount } from './drawing/cells.ts';

interface Theme {
  readonly base: string;
  /** From small to large. */
  readonly shades: readonly string[];
  readonly families: readonly string[];
  readonly series: string;
}

const lightTheme: Theme = {
  base:
    '--page:#f7f7f4;--panel:#fff;--text:#1c1e21;--muted:#5a6270;--line:#dddfe3;--accent:#1f5fa8;' +
    '--empty:#eeeeea;--gone:#f3d9cf',
  shades: [
    '#d3e3f3',
    '#bcd6ed',
    '#a1c6e6',
    '#83b4dd',
    '#669fd2',
    '#4a89c5',
    '#3373b3',
    '#1f5d9f',
    '#104785',
    '#08306b',
  ],
  families: ['#c2503a', '#e39a34', '#2f6db5', '#86b4e3', '#4a9c6d', '#8e6bb0', '#9aa3ad', '#c77fa6'],
  series: seriesProperties.light,
};

const darkTheme: Theme = {
  base:
    '--page:#15171a;--panel:#1d2024;--text:#e6e8eb;--muted:#a2aab5;--line:#363b42;--accent:#7fb4ee;' +
    '--empty:#272b30;--gone:#56352b',
  shades: [
    '#1c3d5e',
    '#214c76',
    '#285b8d',
    '#316ba3',
    '#3f7db7',
    '#5591c8',
    '#70a6d6',
    '#90bce3',
    '#b4d3ef',
    '#dcecfa',
  ],
  families: ['#de7059', '#f0b45c', '#5b96db', '#a9cdf0', '#6cbd8e', '#ae8fcd', '#7d8691', '#d99bbd'],
  series: seriesProperties.dark,
};

function propertiesOf({ base, shades, families, series }: Theme): string {
  const list = (name: string, colors: readonly string[], from: number): string =>
    colors.map((color, k) => `--${name}-${k + from}:${color}`).join(';');
  return `:root{${base};${list('shade', shades, 1)};${list('family', families, 0)};${series}}`;
}

const fills = [
  ...Array.from({ length: shadeCount }, (_, k) => `.shade-${k + 1}{fill:var(--shade-${k + 1})}`),
  '.empty{fill:var(--empty)}',
  '.gone{fill:var(--gone)}',
  '.busy{fill:var(--accent)}',
].join('\n');

export const style = `${propertiesOf(lightTheme)}
@media (prefers-color-scheme:dark){${propertiesOf(darkTheme)}}
:root{color-scheme:light dark}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);font:15px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
main,header,footer{max-width:76rem;margin:0 auto;padding:0 1.25rem}
header{padding-top:1.75rem}
h1{font-size:1.6rem;line-height:1.25;margin:0 0 .35rem;overflow-wrap:anywhere}
h2{font-size:1.2rem;margin:0 0 .5rem}
h3{font-size:1rem;margin:1.25rem 0 .35rem;overflow-wrap:anywhere}
p{margin:.4rem 0}
a{color:var(--accent)}
nav{display:flex;flex-wrap:wrap;gap:.25rem 1rem;margin:.75rem 0 1rem}
section{background:var(--panel);border:1px solid var(--line);border-radius:.5rem;padding:1.1rem 1.25rem;margin:0 0 1rem}
footer{color:var(--muted);font-size:.85rem;padding-bottom:2rem}
code{font:.86em/1.4 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;overflow-wrap:anywhere}
.muted,figcaption,.legend{color:var(--muted);font-size:.86rem}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:.75rem;margin:0 0 1rem;padding:0;list-style:none}
.tiles li{background:var(--panel);border:1px solid var(--line);border-radius:.5rem;padding:.6rem .85rem}
.tiles strong{display:block;font-size:1.25rem;font-weight:600;line-height:1.3}
.tiles span{color:var(--muted);font-size:.82rem}
.warning{border-left:.25rem solid var(--family-1);padding:.1rem .75rem;margin:.75rem 0}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.3rem 1.25rem;margin:0}
dt{color:var(--muted)}
dd{margin:0;overflow-wrap:anywhere}
figure{margin:0 0 .75rem;min-width:0}
figcaption{max-width:48rem}
.on-narrow{display:none}
.row{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,30rem),1fr));gap:.5rem 2rem;align-items:start}
.chart{display:block;max-width:100%;height:auto;color:var(--text);fill:currentColor;font:12px system-ui,-apple-system,"Segoe UI",sans-serif}
.chart text{white-space:pre}
.legend{display:flex;flex-wrap:wrap;gap:.1rem 1.1rem;align-items:center}
figure svg+svg{margin-top:0}
.swatch{width:.8em;height:.8em;vertical-align:-.05em;margin-right:.1em}
table{border-collapse:collapse;font-size:.86rem;margin:.35rem 0 .75rem}
th,td{text-align:left;padding:.2rem .9rem .2rem 0;border-bottom:1px solid var(--line);vertical-align:top}
th{color:var(--muted);font-weight:500;white-space:nowrap}
.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
tr.chosen td{font-weight:600}
summary{cursor:pointer;color:var(--accent)}
.network{position:relative;max-width:54rem}
.network ol{list-style:none;margin:0;padding:0}
.network li{display:flex;height:5.75rem;padding:.2rem 0}
.indent{flex:none}
.rail{position:absolute;left:0;top:0;overflow:visible;stroke:var(--muted);stroke-width:1.5px;fill:none}
.rail circle{fill:var(--panel);stroke:var(--accent);stroke-width:2px}
.card{flex:1;min-width:0;border:1px solid var(--line);border-radius:.4rem;height:5.35rem;padding:.3rem .75rem;overflow:hidden}
.card div{white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
.card .muted{font-size:.82rem}
.share{display:block;width:100%;height:.25rem;margin-top:.2rem}
.share rect{fill:var(--accent)}
@media (max-width:40rem){
main,header,footer{padding-left:.75rem;padding-right:.75rem}
section{padding:.85rem .85rem}
dl{grid-template-columns:1fr;gap:0}
dd{margin-bottom:.5rem}
.on-wide{display:none}
.on-narrow{display:block}
.row{grid-template-columns:1fr}
thead{display:none}
table,tbody{display:block}
tr{display:flex;flex-wrap:wrap;gap:0 .9rem;padding:.3rem 0;border-bottom:1px solid var(--line)}
td{border:0;padding:0;overflow-wrap:anywhere;min-width:0}
td.blank{display:none}
td.number{white-space:normal}
td:first-child:not(.number){flex-basis:100%;font-weight:500}
td:not(:first-child)::before,td.number::before{content:attr(data-name) " ";color:var(--muted);font-weight:400}
td:not(:first-child)[data-name=""]::before{content:none}
.network li{height:7rem}
.card{height:6.6rem}
.card .muted{white-space:normal}
}
@media print{section{break-inside:avoid}}
${fills}
`;
