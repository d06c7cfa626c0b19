/** What `hepc advise` says. */
import type { Advice, AdvisedError } from '../../compiler/advise.ts';
import { formatError, formatLimit } from '../../ir/maths/error-unit.ts';
import { renderTable } from './table.ts';
import { formatBytes, formatMilliseconds, formatPercent } from './units.ts';

export interface AdviceContext {
  /** The command that makes the plan of an error. */
  readonly command: (maxError: number) => string;
  /** What is left to the client after decryption. */
  readonly after: readonly string[];
}

type Planned = Extract<AdvisedError, { readonly figures: unknown }>;

/** The errors that lead to a plan, each plan once: with the least error that makes it. */
export function plansByError({ errors }: Advice): Planned[] {
  const plans = errors.flatMap((each) => ('figures' in each ? [each] : []));
  return plans.filter(({ figures }, i) => {
    const before = plans[i - 1]?.figures;
    return (
      before === undefined || JSON.stringify({ ...before, maxError: 0 }) !== JSON.stringify({ ...figures, maxError: 0 })
    );
  });
}

const columns = [
  ...['max error', 'predicted', 'same labels', 'degrees', 'levels', 'N', 'time', 'keys', 'inputs', 'memory'].map(
    (title) => ({
      title,
      align: 'right' as const,
    }),
  ),
];

export function renderAdvice(advice: Advice, { command, after }: AdviceContext): string {
  const plans = plansByError(advice);
  const rows = plans.map(({ maxError, figures }) => [
    formatLimit(maxError),
    formatError(figures.predictedError),
    figures.labelsKept === undefined ? '' : formatPercent(figures.labelsKept),
    figures.degrees.length > 4 ? `up to ${Math.max(...figures.degrees)}` : figures.degrees.join(', '),
    String(figures.levels),
    String(figures.polyModulusDegree),
    formatMilliseconds(figures.milliseconds),
    formatBytes(figures.keyBytes),
    formatBytes(figures.uploadBytes),
    formatBytes(figures.peakBytes),
  ]);
  const refused = advice.errors.flatMap((each) =>
    'refused' in each ? [`  ${formatLimit(each.maxError)}: no plan (hepc explain ${each.refused})\n`] : [],
  );
  return [
    renderTable(columns, rows),
    ...refused,
    '\n',
    ...plans.map(({ maxError }) => `  ${command(maxError)}\n`),
    ...describeModel(advice, after),
  ].join('');
}

const normalise =
  '  batch normalisation before an activation brings the ranges of its elements together, so that lower degrees do\n';

function describeModel({ activations, squares }: Advice, after: readonly string[]): string[] {
  const prices = activations.map(({ nodes, kind, range: [least, most], degree, levels }) => {
    const [node] = nodes;
    const name = node === undefined ? kind : `"${node.name || node.output}" (${node.opType})`;
    const [from, to] = [least, most].map((value) => Number(value.toPrecision(2)));
    return `  ${name} takes ${levels} levels: degree ${degree} on ${from} to ${to}\n`;
  });
  const square =
    squares === undefined
      ? []
      : [
          `  with x² in place of every activation, once trained again: N = ${squares.polyModulusDegree}, ${squares.levels} levels, ` +
            `${formatMilliseconds(squares.milliseconds)}, ${formatBytes(squares.keyBytes)} of keys\n`,
        ];
  const left = after.map((line) => `  left to the client: ${line}\n`);
  const lines = [...prices, ...(prices.length === 0 ? [] : [normalise]), ...square, ...left];
  return lines.length === 0 ? [] : ['\n', ...lines];
}
