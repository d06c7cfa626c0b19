/** Decrypted outputs, as JSON and for people. */
import { joinSamples, withSamples } from '../../ir/batch-axis.ts';
import type { Port, Sample } from '../../ir/interface.ts';
import { indexOfLargest } from './accuracy.ts';
import { formatShape } from '../render/units.ts';

export type OutputShape = Pick<Port, 'name' | 'shape' | 'batchAxis'>;

export type Nested = number | readonly Nested[];

/** For each output, nested lists with an axis of samples where the model has it: what a file of samples looks like in JSON. */
export function nestOutputs(outputs: readonly OutputShape[], samples: readonly Sample[]): Record<string, Nested> {
  return Object.fromEntries(
    outputs.map((output) => [output.name, nest(joinAnswers(output, samples), shapeOfAnswers(output, samples.length))]),
  );
}

/** The values of one output for all samples, in the order in which the model has them. */
export function joinAnswers(
  { name, shape, batchAxis = 0 }: OutputShape,
  samples: readonly Sample[],
): Float64Array<ArrayBuffer> {
  const values = samples.map((sample) => sample.get(name) ?? new Float64Array());
  return joinSamples(values, shape, batchAxis);
}

export function shapeOfAnswers({ shape, batchAxis = 0 }: OutputShape, count: number): readonly number[] {
  return withSamples(shape, batchAxis, count);
}

function nest(values: Float64Array, shape: readonly number[]): Nested {
  const [extent, ...rest] = shape;
  if (extent === undefined) return values[0] ?? 0;
  const size = values.length / extent;
  return Array.from({ length: extent }, (_, i) => nest(values.subarray(i * size, (i + 1) * size), rest));
}

const mostShown = 10;
/** A vector of up to so many values is taken for the scores of classes. */
const mostScores = 1000;

/** A line or two for each output of each sample, the first of which is number `first`. */
export function describeAnswers(outputs: readonly OutputShape[], samples: readonly Sample[], first = 0): string {
  return samples
    .flatMap((sample, k) =>
      outputs.map(({ name, shape }) => {
        const values = sample.get(name) ?? new Float64Array();
        const head = `sample ${first + k}, ${name}${shape.length === 0 ? '' : ` ${formatShape(shape)}`}`;
        return `${head}: ${isScores(shape) ? describeScores(values) : describeValues(values)}\n`;
      }),
    )
    .join('');
}

/** Whether an output of this shape has one axis of several elements, and not too many. */
function isScores(shape: readonly number[]): boolean {
  const [classes, ...others] = shape.filter((extent) => extent > 1);
  return classes !== undefined && others.length === 0 && classes <= mostScores;
}

function describeScores(values: Float64Array): string {
  const best = indexOfLargest(values);
  return `largest at ${best} (${formatValue(values[best] ?? 0)}); ${describeValues(values)}`;
}

function describeValues(values: Float64Array): string {
  const shown = Array.from(values.subarray(0, mostShown), formatValue).join(' ');
  return values.length > mostShown ? `${shown} … (${values.length} values)` : shown;
}

function formatValue(value: number): string {
  return String(Number(value.toPrecision(4)));
}
