/**
 * What errors are measured against: the imported model on the calibration samples, and beside it the network that plans
 * compute, polynomials for activations, in the clear. The difference of both is the same in every run and is known for all
 * samples; only noise is predicted on a few of them.
 */
import { continuousOutputs } from '../../ir/client/continuous.ts';
import type { ClientModule } from '../../ir/client/ops.ts';
import type { ClientSteps } from '../../ir/client/steps.ts';
import { elementCount } from '../../ir/constant.ts';
import type { Sample } from '../../ir/interface.ts';
import { evaluateClient } from '../../ir/interpret/client.ts';
import { Decisions } from '../../ir/interpret/decisions.ts';
import { TensorInterpreter } from '../../ir/interpret/tensor.ts';
import { errorUnit, largestOutput } from '../../ir/maths/error-unit.ts';
import { productsOf } from '../../ir/tensor/products.ts';
import { seededRandom } from '../../ir/random.ts';
import type { TensorModule } from '../../ir/tensor/ops.ts';
import { type Care, noiseSamples } from './affordable-samples.ts';
import { ErrorHistogram } from './error-distribution.ts';

/** Products that evaluating a network on the samples may take, some seconds; of more samples so many are measured. */
const mostProducts = 4e9;

/** Elements of all outputs that are kept. */
const mostElements = 2 ** 24;

/** Measured whatever that takes. */
const leastSamples = 256;

export interface Reference {
  /** The samples that were measured: all of them, or as many as are affordable, evenly spaced. */
  readonly rows: readonly ReferenceSample[];
  /** Of those the ones that noise is predicted on. */
  readonly chosen: Readonly<Record<Care, readonly ReferenceSample[]>>;
  /** Of how many samples `rows` are. */
  readonly samples: number;
  /** `errorUnit` over all rows. */
  readonly unit: number;
  /** What is computed of the outputs before anybody sees them, where errors can be measured on it. */
  readonly post?: PostReference;
  readonly decisions: Decisions;
  /** The outputs of the model on the rows. */
  readonly answers: ReadonlyMap<Sample, Sample>;
}

export interface ReferenceSample {
  readonly sample: Sample;
  /** Of the model without any approximation, by name. */
  readonly outputs: Sample;
}

interface PostReference {
  readonly module: ClientModule;
  /** `errorUnit` of the outputs that errors are measured on. */
  readonly unit: number;
}

/** What a network that stands for the model computes on the rows of a reference, without noise. */
export interface ClearRun {
  /** By sample. */
  readonly outputs: ReadonlyMap<Sample, Sample>;
  /** Of all elements, in units of the reference. */
  readonly errors: ErrorHistogram;
  /** Of the continuous outputs of the client's steps, in their unit. */
  readonly postErrors: ErrorHistogram;
}

/**
 * Noise grows with the values that it meets, so the largest error of many samples is on those with the largest
 * outputs: half of the samples that stand for all are these, the other half is spread evenly.
 */
export function referenceOn(module: TensorModule, all: readonly Sample[], { post }: ClientSteps = {}): Reference {
  const interpreter = new TensorInterpreter(module);
  const rows = thin(all, measuredSamples(module)).map((sample) => ({ sample, outputs: interpreter.evaluate(sample) }));
  const largest = new Map(rows.map((row) => [row, largestOutput(row.outputs.values())]));
  const descending = rows.toSorted((x, y) => (largest.get(y) ?? 0) - (largest.get(x) ?? 0));
  const choose = (most: number): ReferenceSample[] => {
    const hardest = descending.slice(0, most / 2);
    const known = new Set(hardest);
    const rest = rows.filter((row) => !known.has(row));
    return [...hardest, ...thin(rest, most - hardest.length)];
  };
  return {
    rows,
    chosen: { quick: choose(noiseSamples.quick), thorough: choose(noiseSamples.thorough) },
    samples: all.length,
    unit: errorUnit(rows.map(({ outputs }) => outputs.values())),
    decisions: new Decisions(module, post),
    answers: new Map(rows.map(({ sample, outputs }) => [sample, outputs])),
    ...postReference(
      post,
      rows.map(({ outputs }) => outputs),
    ),
  };
}

/** @param network with the outputs of the model; undefined where it computes exactly what the model does */
export function runInClear({ rows, unit, post }: Reference, network: TensorModule | undefined): ClearRun {
  const interpreter = network && new TensorInterpreter(network);
  const outputs = new Map<Sample, Sample>();
  const [errors, postErrors] = [new ErrorHistogram(), new ErrorHistogram()];
  for (const row of rows) {
    const own = interpreter?.evaluate(row.sample) ?? row.outputs;
    outputs.set(row.sample, own);
    eachDifference(own, row.outputs, (difference) => {
      errors.add(difference / unit);
    });
    if (post === undefined) continue;
    const [answer, right] = [continuousAnswers(post.module, own), continuousAnswers(post.module, row.outputs)];
    eachDifference(answer, right, (difference) => {
      postErrors.add(difference / post.unit);
    });
  }
  return { outputs, errors, postErrors };
}

/**
 * The part of the rows that are decided otherwise than by the model where outputs have noise of this deviation, in units of
 * the reference: normal, drawn with the seed.
 */
export function changedDecisions(
  { rows, unit, decisions }: Reference,
  { outputs }: ClearRun,
  { noise, seed }: { readonly noise: number; readonly seed: number },
): number {
  if (!decisions.exist) return 0;
  const random = seededRandom(seed).fork('decisions');
  const noisy = (values: Float64Array): Float64Array => values.map((value) => value + noise * unit * random.gaussian());
  const changed = rows.filter((row) => {
    const own = outputs.get(row.sample) ?? row.outputs;
    return !decisions.agree(new Map([...own].map(([name, values]) => [name, noisy(values)])), row.outputs);
  });
  return changed.length / rows.length;
}

/** The difference of every element from that of the same name; what is infinite or no number in both is none. */
export function eachDifference(values: Sample, exact: Sample, visit: (difference: number) => void): void {
  for (const [name, own] of values) {
    const other = exact.get(name);
    own.forEach((value, e) => {
      const right = other?.[e] ?? 0;
      visit(Object.is(value, right) ? 0 : value - right);
    });
  }
}

/** Between the values of the same names; what is infinite or no number in both is no difference. */
export function largestDifference(values: Sample, exact: Sample): number {
  let largest = 0;
  eachDifference(values, exact, (difference) => (largest = Math.max(largest, Math.abs(difference))));
  return largest;
}

/** What the client computes of decrypted values, as far as errors can be measured on it. */
export function continuousAnswers(post: ClientModule, outputs: Sample): Sample {
  const names = continuousOutputs(post);
  return new Map(
    [...evaluateClient(post, outputs)].flatMap(([name, value]): [string, Float64Array][] =>
      names.has(name) && value instanceof Float64Array ? [[name, value]] : [],
    ),
  );
}

/** Evenly spaced, so that sorted data is covered as well. */
export function thin<T>(items: readonly T[], most: number): T[] {
  if (items.length <= most) return [...items];
  return Array.from({ length: most }, (_, i) => items[Math.floor((i * items.length) / most)]).filter(
    (item) => item !== undefined,
  );
}

function measuredSamples(module: TensorModule): number {
  const elements = module.nodes.reduce((sum, { op, type }) => sum + (op === 'output' ? elementCount(type) : 0), 0);
  const affordable = Math.min(mostProducts / Math.max(1, productsOf(module)), mostElements / Math.max(1, elements));
  return Math.max(leastSamples, Math.floor(affordable));
}

function postReference(post: ClientModule | undefined, rows: readonly Sample[]): Pick<Reference, 'post'> {
  if (post === undefined || continuousOutputs(post).size === 0) return {};
  const answers = rows.map((outputs) => continuousAnswers(post, outputs));
  return { post: { module: post, unit: errorUnit(answers.map((answer) => answer.values())) } };
}
