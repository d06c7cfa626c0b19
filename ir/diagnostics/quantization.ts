/** Diagnostics H345 to H347: networks that are quantised, read as the networks of reals that they approximate. */
import { defineDiagnostic } from './diagnostic.ts';

/** What was taken out of the network, and how much that changes its outputs. */
interface Roundings {
  readonly count: number;
  /** Roundings that have become clips. */
  readonly clips: number;
  /** As a fraction of the median largest output. */
  readonly error: number;
}

const explain =
  'CKKS computes on real numbers and cannot round. A quantised model (QuantizeLinear and DequantizeLinear, QLinear ' +
  'operators) is therefore read as the float network that it approximates: roundings are left out, and the bounds of ' +
  'the integers become clips where values reach them. How much that changes the outputs is measured on the calibration ' +
  'samples; it is part of the predicted error and of what `verify` measures, since both compare with the model itself.';

export const roundingRead = defineDiagnostic<Roundings>({
  code: 'H345',
  severity: 'warning',
  title: 'the roundings of a quantised model are left out',
  explain,
  message: ({ count, clips, error }) =>
    `the model is quantised: without its ${describeCount(count, clips)}, which encrypted values cannot have, the outputs ` +
    `change by ${percent(error)} of the median largest output`,
  notes: () => ['the predicted error includes this; the float model that was quantised has no such part'],
});

export const roundingTooLarge = defineDiagnostic<Roundings & { maxError: number }>({
  code: 'H346',
  severity: 'error',
  title: 'the roundings of a quantised model exceed the allowed error',
  explain,
  message: ({ count, clips, error, maxError }) =>
    `the model is quantised: without its ${describeCount(count, clips)}, which encrypted values cannot have, the outputs ` +
    `change by ${percent(error)} of the median largest output; --max-error allows ${percent(maxError)}`,
  notes: () => ['compile the float model that was quantised: it is as fast, and has no such error'],
});

export const roundingNeedsSamples = defineDiagnostic<{ count: number }>({
  code: 'H347',
  severity: 'error',
  title: 'a quantised model needs calibration samples',
  explain,
  message: ({ count }) =>
    `the model is quantised (${plural(count)}), and there are no calibration samples to measure that on`,
  notes: () => ['pass a few hundred representative inputs with --calibrate FILE.npz'],
});

function describeCount(count: number, clips: number): string {
  const inPlace = clips === 0 ? '' : ` (${clips} of them clips now, for values reach their bounds)`;
  return `${plural(count)}${inPlace}`;
}

function plural(count: number): string {
  return count === 1 ? '1 rounding' : `${count} roundings`;
}

function percent(error: number): string {
  return `${String(Number((100 * error).toPrecision(3)))}%`;
}
