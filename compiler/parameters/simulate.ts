/** Runs lowered programs in the clear, to measure ranges and to predict errors. */
import { continuousOutputs } from '../../ir/client/continuous.ts';
import type { ClientModule } from '../../ir/client/ops.ts';
import type { ClientSteps } from '../../ir/client/steps.ts';
import type { HeModule } from '../../ir/he/module.ts';
import { evaluateClient } from '../../ir/interpret/client.ts';
import { evaluateHe } from '../../ir/interpret/he.ts';
import { evaluateTile } from '../../ir/interpret/tile.ts';
import { NoiseModel } from '../../ir/interpret/noise.ts';
import { PlaintextSlots } from '../../ir/interpret/plaintext-slots.ts';
import { TensorInterpreter } from '../../ir/interpret/tensor.ts';
import type { ValueId } from '../../ir/op.ts';
import { largestAbsolute } from '../../ir/maths/averages.ts';
import { errorUnit, largestOutput } from '../../ir/maths/error-unit.ts';
import type { PlanModule } from '../../ir/plan/plan.ts';
import type { TensorModule } from '../../ir/tensor/ops.ts';
import { fillSlots, readSlots } from '../../ir/tile/packing.ts';
import { sentOutputs } from '../../ir/tile/sent-outputs.ts';
import { nextPowerOfTwo } from '../../ir/tile/layout.ts';
import type { TileModule } from '../../ir/tile/ops.ts';
import type { Sample } from '../../ir/interface.ts';
import { affordableSamples, type Care, noiseSamples } from './affordable-samples.ts';
import { shrinkBatch } from './shrink-batch.ts';

/** The most samples that ranges are measured on. */
const rangeSamples = 32;

/** The most samples that the slots of the outputs are measured on. */
const outputSamples = 8;

/** The most samples whose outputs are computed to choose those that the error is predicted on. */
const referenceSamples = 256;

/** The most imagined keys that the error is predicted under. */
const keys = { quick: 4, thorough: 12 } as const satisfies Record<Care, number>;

/** Evenly spaced, so that sorted data is covered as well. */
function thin<T>(items: readonly T[], most: number): T[] {
  if (items.length <= most) return [...items];
  return Array.from({ length: most }, (_, i) => items[Math.floor((i * items.length) / most)]).filter(
    (item) => item !== undefined,
  );
}

/** A program and its packing, made small enough to simulate. */
interface Simulation {
  readonly tile: TileModule;
  readonly program: HeModule | PlanModule;
  readonly batches: readonly (readonly Sample[])[];
}

/** With no more neighbouring slots than there are samples, where the program allows it; else the whole batch. */
export function simulation(tile: TileModule, program: HeModule | PlanModule, samples: readonly Sample[]): Simulation {
  const full = tile.nodes[0]?.type.batchTile ?? 1;
  const few = Math.min(full, nextPowerOfTwo(samples.length));
  const shrunken = few === full ? undefined : shrinkBatch(tile, program, few);
  const size = shrunken === undefined ? full : few;
  const batches: Sample[][] = [];
  for (let from = 0; from < samples.length; from += size) batches.push(samples.slice(from, from + size));
  return { ...(shrunken ?? { tile, program }), batches };
}

/**
 * The largest absolute element of every tile value over the samples. What stands in other slots, and partial sums, do
 * not count: all operations but decryption are exact modulo the modulus of their level, so that what exceeds it on the
 * way does no harm. Values of the same name have the same elements, whatever the module: those in `known` are not
 * measured again, and all others are added.
 */
export function measureRanges(
  tile: TileModule,
  samples: readonly Sample[],
  names: readonly string[] = [],
  known = new Map<string, number>(),
): number[] {
  const nameOf = (id: ValueId): string => names[id] ?? `%${id}`;
  if (!tile.nodes.every(({ op, id }) => op === 'unpack' || known.has(nameOf(id)))) {
    const ranges = measureAll(tile, samples);
    for (const { op, id } of tile.nodes) if (op !== 'unpack') known.set(nameOf(id), ranges[id] ?? 0);
  }
  // An output has the range of its operand, and constants that are in no slot.
  return tile.nodes.map(({ op, id }) => (op === 'unpack' ? 0 : (known.get(nameOf(id)) ?? 0)));
}

function measureAll(tile: TileModule, samples: readonly Sample[]): number[] {
  const ranges = tile.nodes.map(() => 0);
  for (const sample of thin(samples, rangeSamples)) {
    evaluateTile(tile, sample, (id, elements) => {
      const range = largestAbsolute(elements);
      // Also true for what is no number.
      if (!(range <= (ranges[id] ?? 0))) ranges[id] = range;
    });
  }
  return ranges;
}

/**
 * The largest absolute value over all slots of the output ciphertexts, which decryption has to hold. `inputsFor` gives what
 * the program reads for a sample, if that is not the sample.
 */
export function measureOutputs(
  fullTile: TileModule,
  fullProgram: HeModule,
  samples: readonly Sample[],
  inputsFor = (sample: Sample): Sample => sample,
): number {
  const affordable = affordableSamples(workOf(fullTile, fullProgram), fullProgram.slots, 'quick');
  const few = thin(samples, Math.min(outputSamples, affordable)).map(inputsFor);
  const { tile, program, batches } = simulation(fullTile, fullProgram, few);
  let largest = 0;
  for (const batch of batches) {
    for (const slots of evaluateHe(program, packBatch(tile, batch)))
      largest = Math.max(largest, largestAbsolute(slots));
  }
  return largest;
}

/** What the error is predicted on, and measured against. */
export interface Reference {
  /** With the outputs of the model without any approximation, by name. */
  readonly chosen: Readonly<Record<Care, readonly ReferenceSample[]>>;
  /** `errorUnit` over all samples. */
  readonly unit: number;
  /** What is computed of the outputs before anybody sees them, where errors can be measured on it. */
  readonly post?: PostReference;
  /** The outputs of the model on the samples on which it has been run. */
  readonly answers: ReadonlyMap<Sample, Sample>;
}

export interface ReferenceSample {
  readonly sample: Sample;
  readonly outputs: Sample;
}

interface PostReference {
  readonly module: ClientModule;
  /** `errorUnit` of the outputs that errors are measured on. */
  readonly unit: number;
}

/**
 * Noise grows with the values that it meets, so the largest error of many samples is on those with the largest
 * outputs: half of the samples that stand for all are these, the other half is spread evenly.
 */
export function referenceOn(module: TensorModule, all: readonly Sample[], { post }: ClientSteps = {}): Reference {
  const interpreter = new TensorInterpreter(module);
  const rows = thin(all, referenceSamples).map((sample) => {
    const outputs = interpreter.evaluate(sample);
    return { sample, outputs, largest: largestOutput(outputs.values()) };
  });
  const descending = rows.toSorted((x, y) => y.largest - x.largest);
  const choose = (most: number): ReferenceSample[] => {
    const hardest = descending.slice(0, most / 2);
    const rest = rows.filter((row) => !hardest.includes(row));
    return [...hardest, ...thin(rest, most - hardest.length)];
  };
  return {
    chosen: { quick: choose(noiseSamples.quick), thorough: choose(noiseSamples.thorough) },
    unit: errorUnit(rows.map(({ outputs }) => outputs.values())),
    answers: new Map(rows.map(({ sample, outputs }) => [sample, outputs])),
    ...postReference(
      post,
      rows.map(({ outputs }) => outputs),
    ),
  };
}

function postReference(post: ClientModule | undefined, rows: readonly Sample[]): Pick<Reference, 'post'> {
  if (post === undefined || continuousOutputs(post).size === 0) return {};
  const answers = rows.map((outputs) => continuousAnswers(post, outputs));
  return { post: { module: post, unit: errorUnit(answers.map((answer) => answer.values())) } };
}

/** What the client computes of decrypted values, as far as errors can be measured on it. */
function continuousAnswers(post: ClientModule, outputs: Sample): Sample {
  const names = continuousOutputs(post);
  return new Map(
    [...evaluateClient(post, outputs)].flatMap(([name, value]): [string, Float64Array][] =>
      names.has(name) && value instanceof Float64Array ? [[name, value]] : [],
    ),
  );
}

/**
 * The largest error of a managed program under simulated noise against the reference, in its units. Stops
 * at the first batch of samples whose error exceeds `errorLimit`. A large program is predicted on fewer samples, those with
 * the largest outputs, as `affordable-samples.ts` says.
 */
export function predictError(
  fullTile: TileModule,
  fullProgram: HeModule | PlanModule,
  { chosen, unit, post }: Reference,
  { seed, errorLimit, care }: { readonly seed: number; readonly errorLimit: number; readonly care: Care },
): number {
  if (fullProgram.parameters === undefined) return Infinity;
  const elements = countElements(chosen[care][0]?.outputs);
  const samples = chosen[care].slice(0, affordableSamples(workOf(fullTile, fullProgram), elements, care));
  const { tile, program, batches } = simulation(
    fullTile,
    fullProgram,
    samples.map(({ sample }) => sample),
  );
  let worst = 0;
  let done = 0;
  let key: SimulatedKey | undefined;
  for (const [i, batch] of batches.entries()) {
    if (key === undefined || i % Math.ceil(batches.length / keys[care]) === 0) {
      const noise = new NoiseModel(fullProgram.parameters, seed + i);
      key = { noise, plaintexts: new PlaintextSlots(program, noise) };
    }
    const results = unpackBatch(tile, evaluateHe(program, packBatch(tile, batch), key), batch.length);
    for (const [k, outputs] of results.entries()) {
      const exact = samples[done + k]?.outputs ?? new Map<string, Float64Array>();
      worst = Math.max(worst, largestDifference(outputs, exact) / unit);
      if (post === undefined) continue;
      const [answer, right] = [outputs, exact].map((values) => continuousAnswers(post.module, values));
      worst = Math.max(worst, largestDifference(answer ?? outputs, right ?? exact) / post.unit);
    }
    done += batch.length;
    if (worst > errorLimit) break;
  }
  return worst;
}

/** Slots times operations that a sample takes. A batch has its samples side by side: one run is all of them. */
export function workOf({ nodes }: TileModule, { slots, columns }: HeModule | PlanModule): number {
  return (slots / (nodes[0]?.type.batchTile ?? 1)) * columns.op.length;
}

function countElements(outputs: Sample = new Map()): number {
  return [...outputs.values()].reduce((sum, { length }) => sum + length, 0);
}

/** Between the values of the same names; what is infinite or no number in both is no difference. */
export function largestDifference(values: Sample, exact: Sample): number {
  let largest = 0;
  for (const [name, own] of values) {
    const other = exact.get(name);
    own.forEach((value, e) => {
      const right = other?.[e] ?? 0;
      if (!Object.is(value, right)) largest = Math.max(largest, Math.abs(value - right));
    });
  }
  return largest;
}

/** Part of the noise belongs to the keys, so the samples are shared out to several imagined ones. */
interface SimulatedKey {
  readonly noise: NoiseModel;
  readonly plaintexts: PlaintextSlots;
}

/** Slot vectors of all packs in order. */
export function packBatch(tile: TileModule, batch: readonly Sample[]): Float64Array[] {
  return tile.nodes.flatMap((node) => {
    if (node.op !== 'pack') return [];
    const values = batch.map((sample) => sample.get(node.attrs.name) ?? new Float64Array());
    return fillSlots(node.type, node.attrs.index.indices, node.attrs.factor, values);
  });
}

export function unpackBatch(
  tile: TileModule,
  ciphertexts: readonly Float64Array[],
  count: number,
): Map<string, Float64Array>[] {
  const results = Array.from({ length: count }, () => new Map<string, Float64Array>());
  const sent = sentOutputs(tile);
  let from = 0;
  for (const node of tile.nodes) {
    if (node.op !== 'unpack') continue;
    const own = sent.get(node.id)?.map((is) => (is ? ciphertexts[from++] : undefined)) ?? [];
    const { name, factor, index, constants } = node.attrs;
    const picks = { index: index?.indices, constants: constants?.values };
    readSlots(node.type, factor, own, count, picks).forEach((values, k) => results[k]?.set(name, values));
  }
  return results;
}
