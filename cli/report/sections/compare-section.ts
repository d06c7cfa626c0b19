/** A plan beside another. */
import { clientProfile, clientTimes } from '../../../costs/client-costs.ts';
import { evaluationMilliseconds } from '../../../costs/plan-statistics.ts';
import { modulusBits } from '../../../ir/parameters.ts';
import type { Plan } from '../../../ir/plan/plan.ts';
import { formatError, formatLimit } from '../../../ir/maths/error-unit.ts';
import { formatBytes, formatMilliseconds } from '../../render/units.ts';
import { drawStackedBars, familyParts, figure, formatTick, partsLegend, table, timeUnit } from '../drawing/charts.ts';
import { html, Html, shorten } from '../drawing/html.ts';
import type { Plotting } from '../drawing/plotting.ts';
import { familyOfOp, opFamilies, tally, type Tally } from '../figures/tally.ts';
import { trafficOf } from '../figures/traffic.ts';

/** A plan with what its readers call it: the names of files, since both may be of one model. */
export interface NamedPlan {
  readonly name: string;
  readonly plan: Plan;
}

interface Measure {
  readonly what: string;
  readonly of: (plan: Plan) => number;
  readonly format: (value: number) => string;
  /** Says something only where one of the plans takes several samples at once. */
  readonly isOfBatches?: boolean;
}

const count = (value: number): string => value.toLocaleString('en-US');
const bytes = (value: number): string => formatBytes(Math.round(value));

const measures: readonly Measure[] = [
  { what: 'evaluation of a run, modelled', of: evaluationMilliseconds, format: formatMilliseconds },
  {
    what: 'evaluation of a sample, modelled',
    of: (plan) => evaluationMilliseconds(plan) / plan.client.batch,
    format: formatMilliseconds,
    isOfBatches: true,
  },
  { what: 'samples of a run', of: ({ client }) => client.batch, format: count, isOfBatches: true },
  {
    what: 'encryption and decryption of a run, modelled',
    of: ({ program }) => {
      const { encryption, decryption } = clientTimes(program, clientProfile);
      return encryption + decryption;
    },
    format: formatMilliseconds,
  },
  { what: 'predicted error', of: ({ client }) => client.predictedMaxError, format: formatError },
  { what: 'allowed error', of: ({ client }) => client.maxError, format: formatLimit },
  {
    what: 'typical error by approximation alone',
    of: ({ accuracy }) => accuracy?.approximation.typical ?? NaN,
    format: formatError,
  },
  { what: 'typical error by noise alone', of: ({ accuracy }) => accuracy?.noise?.typical ?? NaN, format: formatError },
  { what: 'N', of: ({ client }) => client.parameters.polyModulusDegree, format: String },
  { what: 'bits of modulus', of: ({ client }) => modulusBits(client.parameters), format: String },
  { what: 'levels', of: ({ client }) => client.parameters.primes.length - 1, format: String },
  { what: 'Galois keys', of: ({ statistics }) => statistics.galoisKeys, format: count },
  { what: 'evaluation keys, sent once', of: (plan) => trafficOf(plan).keyBytes, format: bytes },
  { what: 'upload of a request', of: (plan) => trafficOf(plan).uploadBytes, format: bytes },
  { what: 'download of a request', of: (plan) => trafficOf(plan).downloadBytes, format: bytes },
  { what: 'peak memory of the server', of: ({ statistics }) => statistics.peakBytes, format: bytes },
  { what: 'weight tiles', of: ({ statistics }) => statistics.weightTiles, format: count },
  { what: 'rotations', of: ({ statistics }) => statistics.rotations, format: count },
  { what: 'products of ciphertexts', of: ({ statistics }) => statistics.multiplyCipher, format: count },
  { what: 'rescales', of: ({ statistics }) => statistics.rescales, format: count },
];

export function compareSection(plotting: Plotting, own: NamedPlan, other: NamedPlan): Html {
  const both = [own, other];
  const names = both.map(({ name }) => shorten(name, 60));
  const tallies = both.map(({ plan }) => tally(plan, 1, () => 0)[0]);
  const used = opFamilies.flatMap((_, family) =>
    tallies.some((each) => byFamily(each, 'counts')[family] !== 0) ? [family] : [],
  );
  const { name: unit, factor } = timeUnit(Math.max(...both.map(({ plan }) => evaluationMilliseconds(plan))));
  const pictures = [
    {
      of: 'milliseconds',
      factor,
      label: 'Modelled time of both plans',
      valueLabel: unit,
      format: (time: number) => formatMilliseconds(time / factor),
    },
    { of: 'counts', factor: 1, label: 'Operations of both plans', valueLabel: 'operations', format: formatTick },
  ] as const;
  return html`<section id="compare">
    <h2>Compared</h2>
    ${table(
      [{ title: '' }, ...[...names, 'change'].map((title) => ({ title, align: 'right' as const }))],
      measures.flatMap(({ what, of, format, isOfBatches = false }) => {
        if (isOfBatches && both.every(({ plan }) => plan.client.batch === 1)) return [];
        const values = both.map(({ plan }) => of(plan));
        const [mine = 0, theirs = 0] = values;
        if (values.every((value) => Number.isNaN(value) || value === 0)) return [];
        return [[what, ...values.map((value) => (Number.isNaN(value) ? '' : format(value))), change(mine, theirs)]];
      }),
    )}
    <p class="muted">The change is from ${names[0]} to ${names[1]}.</p>
    ${partsLegend(familyParts.filter((_, family) => used.includes(family)))}
    <div class="row">
      ${pictures.map(({ of, factor, label, valueLabel, format }) =>
        figure(
          (size) =>
            drawStackedBars(
              plotting,
              tallies.map((each, k) => ({
                name: names[k] ?? '',
                values: byFamily(each, of).map((value) => factor * value),
              })),
              { label, valueLabel, format, parts: familyParts },
              size,
            ),
          `${label}.`,
        ),
      )}
    </div>
  </section>`;
}

function change(from: number, to: number): string {
  if (from === to || Number.isNaN(from) || Number.isNaN(to) || from === 0) return '';
  const ratio = to / from;
  return ratio > 2 || ratio < 0.5
    ? `× ${Number(ratio.toPrecision(2))}`
    : `${to > from ? '+' : '−'}${Number(Math.abs(100 * (ratio - 1)).toPrecision(2))}%`;
}

function byFamily(own: Tally | undefined, of: 'counts' | 'milliseconds'): number[] {
  const sums = opFamilies.map(() => 0);
  for (const [code, value] of (own?.[of] ?? new Float64Array()).entries()) {
    const family = familyOfOp[code] ?? 0;
    sums[family] = (sums[family] ?? 0) + value;
  }
  return sums;
}
