/** Outcomes of scikit-learn's models as Markdown. */
import { column, table } from '../../../bench/markdown.ts';
import { formatError, formatLimit } from '../../../ir/maths/error-unit.ts';
import { formatPercent } from '../../../cli/render/units.ts';
import { isLikeLibrary, type Measured, type Outcome } from './run.ts';

type Success = Outcome & Measured;

function isSuccess(outcome: Outcome): outcome is Success {
  return 'samples' in outcome;
}

/** Whether a model compiles, runs, and answers like the library. */
export function passes(outcome: Outcome): boolean {
  return isSuccess(outcome) && isLikeLibrary(outcome);
}

/** `bench/sklearn.md`. */
export function renderReport(outcomes: readonly Outcome[]): string {
  const measured = outcomes.filter(isSuccess);
  const failures = outcomes.flatMap((outcome) => ('failure' in outcome ? [outcome] : []));
  return [
    '# scikit-learn’s models',
    'Written by `npm run sklearn-cases -- --write`, with scikit-learn 1.9.1 and skl2onnx 1.20.0. Models of the library’s own data sets, exported with default options and, where the name says so, without ZipMap; compiled for throughput with up to 500 samples that they were trained on, and run encrypted on up to 200 that they were not. Compared with what the library itself says of these.',
    `${outcomes.filter(passes).length} of ${outcomes.length} models answer like the library: at least 99 % of labels, values within the error that was asked for.`,
    table<Success>(
      [
        column('model', ({ name }) => name),
        column('samples', ({ samples }) => samples),
        column('same labels', ({ sameLabels }) => (sameLabels === undefined ? '' : formatPercent(sameLabels))),
        column('error', ({ error }) => (error === undefined ? '' : formatError(error))),
        column('allowed', ({ maxError }) => formatLimit(maxError)),
        column('like the library', (outcome) => (isLikeLibrary(outcome) ? 'yes' : '**no**')),
        column('compile', ({ compileSeconds }) => `${compileSeconds.toFixed(1)} s`),
        column('N', ({ polyModulusDegree }) => polyModulusDegree),
        column('batch', ({ batch }) => batch),
        column('a sample', ({ evaluateSeconds, samples }) => `${((1000 * evaluateSeconds) / samples).toFixed(1)} ms`),
      ],
      measured,
    ),
    ...(failures.length === 0 ? [] : ['## Failures']),
    ...failures.map(({ name, failure }) => `- **${name}**: ${failure.replaceAll(/\s+/g, ' ')}`),
  ].join('\n\n');
}
