/** Answers, as JSON and for people. */
import { joinSamples, joinTexts, withSamples } from '../../ir/batch-axis.ts';
import type { Answer, AnswerValue, ModelPort } from '../../ir/interface.ts';
import { indexOfLargest } from '../../ir/interpret/decisions.ts';
import { formatShape } from '../render/units.ts';

/** What is said of an output beside its values. */
export type AnswerPort = Pick<ModelPort, 'name' | 'shape' | 'batchAxis'> &
  Partial<Pick<ModelPort, 'elements' | 'keys'>>;

export type Nested = number | string | boolean | readonly Nested[] | Readonly<Record<string, number>>;

/**
 * For each output, nested lists with an axis of samples where the model has it: what a file of samples looks like in JSON.
 * Maps are objects, in a list.
 */
export function nestOutputs(outputs: readonly AnswerPort[], samples: readonly Answer[]): Record<string, Nested> {
  return Object.fromEntries(outputs.map((port) => [port.name, nestAnswers(port, samples)]));
}

function nestAnswers(port: AnswerPort, samples: readonly Answer[]): Nested {
  if (port.keys !== undefined) return samples.map((sample) => Object.fromEntries(entriesOf(sample.get(port.name))));
  const shape = shapeOfAnswers(port, samples.length);
  if (port.elements === 'string') return nest(joinTextAnswers(port, samples), shape);
  const values = Array.from(joinAnswers(port, samples));
  return nest(port.elements === 'boolean' ? values.map((x) => x !== 0) : values, shape);
}

function entriesOf(value: AnswerValue | undefined): readonly (readonly [number | string, number])[] {
  return value instanceof Map ? [...value] : [];
}

/** The numbers of one output for all samples, in the order in which the model has them; of maps their values. */
export function joinAnswers(
  { name, shape, batchAxis = 0 }: AnswerPort,
  samples: readonly Answer[],
): Float64Array<ArrayBuffer> {
  return joinSamples(
    samples.map((sample) => numbersIn(sample.get(name))),
    shape,
    batchAxis,
  );
}

export function joinTextAnswers({ name, shape, batchAxis = 0 }: AnswerPort, samples: readonly Answer[]): string[] {
  return joinTexts(
    samples.map((sample) => textsIn(sample.get(name))),
    shape,
    batchAxis,
  );
}

export function shapeOfAnswers({ shape, batchAxis = 0 }: AnswerPort, count: number): readonly number[] {
  return withSamples(shape, batchAxis, count);
}

function numbersIn(value: AnswerValue | undefined): Float64Array {
  if (value instanceof Float64Array) return value;
  return value instanceof Map ? Float64Array.from(value.values()) : new Float64Array();
}

function textsIn(value: AnswerValue | undefined): readonly string[] {
  return Array.isArray(value) ? (value as readonly string[]) : [];
}

function nest(values: readonly (number | string | boolean)[], shape: readonly number[]): Nested {
  const [extent, ...rest] = shape;
  if (extent === undefined) return values[0] ?? 0;
  const size = values.length / extent;
  return Array.from({ length: extent }, (_, i) => nest(values.slice(i * size, (i + 1) * size), rest));
}

const mostShown = 10;
/** A vector of up to so many values is taken for the scores of classes. */
const mostScores = 1000;

/** A line or two for each output of each sample, the first of which is number `first`. */
export function describeAnswers(outputs: readonly AnswerPort[], samples: readonly Answer[], first = 0): string {
  return samples
    .flatMap((sample, k) =>
      outputs.map((port) => {
        const { name, shape } = port;
        const head = `sample ${first + k}, ${name}${shape.length === 0 ? '' : ` ${formatShape(shape)}`}`;
        return `${head}: ${describeAnswer(port, sample.get(name))}\n`;
      }),
    )
    .join('');
}

function describeAnswer({ shape, elements = 'real' }: AnswerPort, value: AnswerValue = new Float64Array()): string {
  if (value instanceof Float64Array) {
    if (elements === 'real') return isScores(shape) ? describeScores(value) : describeValues(value);
    return shown(Array.from(value, (item) => String(elements === 'boolean' ? item !== 0 : item)));
  }
  if (Array.isArray(value)) return shown(textsIn(value).map((text) => JSON.stringify(text)));
  return shown(entriesOf(value).map(([key, x]) => `${key}: ${formatValue(x)}`));
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
  return shown(Array.from(values, formatValue));
}

function shown(items: readonly string[]): string {
  const list = items.slice(0, mostShown).join(' ');
  return items.length > mostShown ? `${list} … (${items.length} values)` : list;
}

function formatValue(value: number): string {
  return String(Number(value.toPrecision(4)));
}
