/** The remedy of a model that does not compile as exactly as was asked: what was tried and does. */
import type { LeastAccuracy, NoAccuracy } from './least-accuracy.ts';
import { formatError, formatLimit } from '../ir/maths/error-unit.ts';

/** Such as `--max-error 6% compiles (5% does not): N = 16384, 0.76 s, 216 MiB of keys, 1.2 GiB of memory, 98% of labels kept`. */
export function accuracyThatCompiles({ option, value, figures, refused }: LeastAccuracy): string {
  const { predictedError, labelsKept, polyModulusDegree, milliseconds, keyBytes, peakBytes } = figures;
  const parts = [
    `N = ${polyModulusDegree}`,
    `${Number((milliseconds / 1000).toPrecision(2))} s on one thread by the cost model`,
    `${readable(keyBytes)} of keys`,
    `${readable(peakBytes)} of memory`,
    `predicted error ${formatError(predictedError)}`,
    ...(labelsKept === undefined ? [] : [`${Number((100 * labelsKept).toFixed(1))}% of the labels as the model's`]),
  ];
  const bound = refused === undefined ? '' : ` (${formatLimit(refused)} does not)`;
  return `${option} ${formatLimit(value)} compiles${bound}: ${parts.join(', ')}`;
}

/** What to do where no accuracy compiles; undefined where none was tried. */
export function noAccuracyCompiles({ option, refused, hasActivations }: NoAccuracy): string | undefined {
  if (refused === undefined) return undefined;
  const remedy = hasActivations
    ? 'fewer activations may do, or x² in place of them: hepc advise shows what that takes'
    : 'less depth may do';
  return `no larger ${option} compiles, up to ${formatLimit(refused)} was tried; ${remedy}`;
}

function readable(bytes: number): string {
  return bytes < 2 ** 30 ? `${Math.ceil(bytes / 2 ** 20)} MiB` : `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
