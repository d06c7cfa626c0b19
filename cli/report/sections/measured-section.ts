/** What a run has taken beside what the cost model says. */
import { clientProfile, clientTimes } from '../../../costs/client-costs.ts';
import { evaluationMilliseconds } from '../../../costs/plan-statistics.ts';
import { median } from '../../../ir/maths/averages.ts';
import type { Layers } from '../../../ir/he/layers.ts';
import type { Plan } from '../../../ir/plan/plan.ts';
import type { RunTrace } from '../../../ir/plan/run-trace.ts';
import { formatMilliseconds, plural } from '../../render/units.ts';
import { drawStackedBars, figure, partsLegend, seriesParts, table, timeUnit } from '../drawing/charts.ts';
import { html, type Html, shorten } from '../drawing/html.ts';
import type { Plotting } from '../drawing/plotting.ts';
import { measuredByLayer } from '../figures/measured.ts';
import { sum, type Tally } from '../figures/tally.ts';
import { timelineOf } from '../figures/timeline.ts';

const moments = 2000;
const mostLayers = 30;
const sides = ['modelled', 'measured'] as const;

export function measuredSection(
  plotting: Plotting,
  plan: Plan,
  trace: RunTrace,
  layers: Layers,
  tallies: readonly Tally[],
): Html {
  const { keys, encryption, decryption } = clientTimes(plan.program, clientProfile);
  const rows: readonly (readonly [what: string, modelled: number | undefined, measured: number])[] = [
    ['keys, once', keys, trace.keygenMs],
    ['preparation, once', undefined, trace.prepareMs],
    ['encryption', encryption, median(trace.encryptMs)],
    ['evaluation', evaluationMilliseconds(plan), median(trace.evaluateMs)],
    ['decryption', decryption, median(trace.decryptMs)],
  ];
  const right = ['modelled', 'measured', 'measured / modelled'].map((title) => ({ title, align: 'right' as const }));
  return html`<section id="measured">
    <h2>Measured</h2>
    <p>
      ${plural(trace.evaluateMs.length, 'run')} on the engine ${shorten(trace.engine, 100)} with
      ${plural(trace.threads, 'thread')}${trace.evaluateMs.length > 1 ? '; times are medians' : ''}. The cost model is
      that of one thread${trace.engine === plan.engine ? '' : ` of the engine ${plan.engine}`}.
    </p>
    ${table(
      [{ title: '' }, ...right],
      rows.map(([what, modelled, measured]) => [
        what,
        modelled === undefined ? '' : formatMilliseconds(modelled),
        formatMilliseconds(measured),
        modelled === undefined || modelled === 0 ? '' : (measured / modelled).toFixed(2),
      ]),
    )}
    ${byLayer(plotting, plan, trace, layers, tallies)}
  </section>`;
}

function byLayer(
  plotting: Plotting,
  plan: Plan,
  trace: RunTrace,
  layers: Layers,
  tallies: readonly Tally[],
): Html | undefined {
  const measured = measuredByLayer(trace, timelineOf(plan, layers, moments));
  if (measured === undefined) return undefined;
  const modelled = tallies.map(({ milliseconds }) => sum(milliseconds));
  const most = [...modelled.keys()]
    .sort((x, y) => (measured[y] ?? 0) - (measured[x] ?? 0))
    .slice(0, mostLayers)
    .sort((x, y) => x - y);
  const { name: unit, factor } = timeUnit(Math.max(...modelled, ...measured));
  const bars = most.flatMap((layer) => [
    { name: layers.names[layer] ?? '', values: [factor * (modelled[layer] ?? 0), 0] },
    { name: '', values: [0, factor * (measured[layer] ?? 0)] },
  ]);
  return html`<h3>By layer</h3>
    ${partsLegend(seriesParts(sides))}
    ${figure(
      (size) =>
        drawStackedBars(
          plotting,
          bars,
          {
            label: 'Modelled and measured time by layer',
            valueLabel: unit,
            format: (time) => formatMilliseconds(time / factor),
            parts: seriesParts(sides),
          },
          size,
        ),
      'Measured by the progress that the engine reported, about a hundred times in the last evaluation: layers that run ' +
        'within one report share it as the model has it, and what comes before the first report counts for the first layers.' +
        (most.length < modelled.length ? ` The ${most.length} layers that took the most time.` : ''),
    )}`;
}
