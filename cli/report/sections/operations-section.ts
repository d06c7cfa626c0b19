/** Operations and their modelled time, by layer and by level. */
import { evaluationMilliseconds } from '../../../costs/plan-statistics.ts';
import { type HeOpName, heOpNames, heOps } from '../../../ir/he/ops.ts';
import type { Plan } from '../../../ir/plan/plan.ts';
import { formatMilliseconds, formatPercent } from '../../render/units.ts';
import { drawStackedBars, familyParts, figure, partsLegend, formatTick, table, timeUnit } from '../drawing/charts.ts';
import { html, Html, shorten } from '../drawing/html.ts';
import type { Plotting } from '../drawing/plotting.ts';
import { familyOfOp, opFamilies, sum, tally, type Tally } from '../figures/tally.ts';

/** Bars of a picture. */
const mostBars = 40;

interface NamedTally extends Tally {
  readonly name: string;
}

export function operationsSection(
  plotting: Plotting,
  plan: Plan,
  layerNames: readonly string[],
  byLayer: readonly Tally[],
): Html {
  const { level } = plan.program.columns;
  const top = plan.program.parameters.primes.length;
  const levels = tally(plan, top, (row) => level[row] ?? 0)
    .map((each, k) => ({ ...each, name: String(k) }))
    .filter(({ counts }) => sum(counts) > 0)
    .reverse();
  const modelled = byLayer.reduce((time, { milliseconds }) => time + sum(milliseconds), 0);
  const whole = evaluationMilliseconds(plan);
  const encodesAgain = whole > 1.01 * modelled;
  const layers = byLayer.map((each, k) => ({ ...each, name: layerNames[k] ?? '' }));
  const families = opFamilies.flatMap((_, family) =>
    layers.some(({ counts }) => counts.some((count, code) => count > 0 && familyOfOp[code] === family)) ? [family] : [],
  );
  return html`<section id="operations">
    <h2>Operations of one run</h2>
    <p class="muted">
      Counted, and weighed by the costs of the engine ${plan.engine}; time is that of one thread. A level is the number
      of rescales that are left: operations on a higher one cost more.
      ${
        encodesAgain
          ? `With weights that find no room in memory, which are encoded anew in every run, it is ${formatMilliseconds(whole)}.`
          : undefined
      }
    </p>
    ${partsLegend(familyParts.filter((_, family) => families.includes(family)))} ${group(plotting, 'layer', layers)}
    ${group(plotting, 'level', levels)}
  </section>`;
}

function group(plotting: Plotting, what: 'layer' | 'level', rows: readonly NamedTally[]): Html {
  const shown = costliest(rows);
  const left = rows.length - shown.length;
  const { name: unit, factor } = timeUnit(Math.max(...shown.map(({ milliseconds }) => sum(milliseconds))));
  const bars = (pick: (row: NamedTally) => Float64Array) =>
    shown.map((row) => ({ name: row.name, values: byFamily(pick(row)) }));
  const note = left === 0 ? '' : ` The ${shown.length} that take the most time; ${left} more are in the table.`;
  return html`<h3>By ${what}</h3>
    <div class="row">
      ${figure(
        (size) =>
          drawStackedBars(
            plotting,
            bars(({ milliseconds }) => milliseconds.map((time) => factor * time)),
            {
              label: `Modelled time by ${what}`,
              valueLabel: unit,
              format: (time) => formatMilliseconds(time / factor),
              parts: familyParts,
            },
            size,
          ),
        `Modelled time by ${what}.${note}`,
      )}
      ${figure(
        (size) =>
          drawStackedBars(
            plotting,
            bars(({ counts }) => counts),
            { label: `Operations by ${what}`, valueLabel: 'operations', format: formatTick, parts: familyParts },
            size,
          ),
        `Operations by ${what}.${note}`,
      )}
    </div>
    <details${new Html(rows.length <= 12 ? ' open' : '')}>
      <summary>Table by ${what}</summary>
      ${operationTable(what, rows)}
    </details>`;
}

/** In their order. */
function costliest(rows: readonly NamedTally[]): readonly NamedTally[] {
  if (rows.length <= mostBars) return rows;
  const times = rows.map(({ milliseconds }) => sum(milliseconds)).sort((x, y) => y - x);
  const least = times[mostBars - 1] ?? 0;
  return rows.filter(({ milliseconds }) => sum(milliseconds) >= least).slice(0, mostBars);
}

function byFamily(values: Float64Array): number[] {
  const sums = opFamilies.map(() => 0);
  for (const [code, value] of values.entries()) {
    const family = familyOfOp[code] ?? 0;
    sums[family] = (sums[family] ?? 0) + value;
  }
  return sums;
}

/** Rows of a table; what is beyond is summed up in one. */
const mostRows = 500;

function operationTable(title: string, rows: readonly NamedTally[]): Html {
  const ops = heOpNames.filter((name) => rows.some(({ counts }) => (counts[heOps[name].code] ?? 0) > 0));
  const total = rows.reduce((time, { milliseconds }) => time + sum(milliseconds), 0);
  const line = (name: string, of: readonly NamedTally[]) => {
    const time = of.reduce((x, { milliseconds }) => x + sum(milliseconds), 0);
    const count = (op: HeOpName): number => of.reduce((x, { counts }) => x + (counts[heOps[op].code] ?? 0), 0);
    return [
      shorten(name, 80),
      ...ops.map((op) => (count(op) === 0 ? '' : count(op).toLocaleString('en-US'))),
      formatMilliseconds(time),
      total === 0 ? '' : formatPercent(time / total),
    ];
  };
  const rest = rows.slice(mostRows);
  return table(
    [{ title }, ...[...ops, 'time', 'share'].map((each) => ({ title: each, align: 'right' as const }))],
    [
      ...rows.slice(0, mostRows).map((row) => line(row.name, [row])),
      ...(rest.length === 0 ? [] : [line(`${rest.length} more`, rest)]),
      line('all', rows),
    ],
  );
}
