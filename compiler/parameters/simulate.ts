/** Runs lowered programs in the clear, to measure ranges and to predict errors. */
import type { HeModule } from '../../ir/he/module.ts';
import { evaluateHe } from '../../ir/interpret/he.ts';
import { evaluateTile } from '../../ir/interpret/tile.ts';
import { NoiseModel } from '../../ir/interpret/noise.ts';
import { PlaintextSlots } from '../../ir/interpret/plaintext-slots.ts';
import type { ValueId } from '../../ir/op.ts';
import { largestAbsolute } from '../../ir/maths/averages.ts';
import type { PlanModule } from '../../ir/plan/plan.ts';
import { fillSlots, readSlots } from '../../ir/tile/packing.ts';
import { sentOutputs } from '../../ir/tile/sent-outputs.ts';
import { nextPowerOfTwo } from '../../ir/tile/layout.ts';
import type { TileModule } from '../../ir/tile/ops.ts';
import type { Sample } from '../../ir/interface.ts';
import { affordableSamples, type Care } from './affordable-samples.ts';
import { largestError, NoiseMoments } from './error-distribution.ts';
import {
  type ClearRun,
  continuousAnswers,
  eachDifference,
  type Reference,
  type ReferenceSample,
  thin,
} from './reference.ts';
import { shrinkBatch } from './shrink-batch.ts';

/** The most samples that ranges are measured on. */
const rangeSamples = 32;

/** The most samples that the slots of the outputs are measured on. */
const outputSamples = 8;

/** The most imagined keys that the error is predicted under. */
const keys = { quick: 4, thorough: 12 } as const satisfies Record<Care, number>;

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

/** How a program errs. */
export interface Prediction {
  /**
   * What no sample exceeds with a probability of `certainty`, in units of the reference; Infinity where values outgrow all numbers,
   * as chains of squares do that noise puts beyond the values that they keep small.
   */
  readonly error: number;
  /** Deviation of the noise of outputs, in units of the reference. */
  readonly noise: number;
  /** The part of samples whose labels noise and approximation change; 0 where nobody asks. */
  readonly changed: number;
}

/** That the error of no sample exceeds the prediction. */
const certainty = 0.99;

/**
 * How a managed program errs under simulated noise against the reference. What it computes in the clear is known for all
 * samples; noise is simulated on some. Stops at the first batch of samples whose error exceeds `errorLimit`, and at the
 * largest error of the simulation no prediction is smaller. A large program is predicted on fewer samples, those with the
 * largest outputs, as `affordable-samples.ts` says.
 */
export function predictError(
  fullTile: TileModule,
  fullProgram: HeModule | PlanModule,
  { chosen, unit, post }: Reference,
  clear: ClearRun,
  { seed, errorLimit, care }: { readonly seed: number; readonly errorLimit: number; readonly care: Care },
): Prediction {
  if (fullProgram.parameters === undefined) return { error: Infinity, noise: Infinity, changed: 0 };
  const elements = countElements(chosen[care][0]?.outputs);
  const samples = chosen[care].slice(0, affordableSamples(workOf(fullTile, fullProgram), elements, care));
  const { tile, program, batches } = simulation(
    fullTile,
    fullProgram,
    samples.map(({ sample }) => sample),
  );
  let worst = 0;
  const [noises, postNoises] = [new NoiseMoments(), new NoiseMoments()];
  const compare = (values: Sample, exact: Sample, plain: Sample, scale: number, moments: NoiseMoments): void => {
    eachDifference(values, exact, (difference) => (worst = Math.max(worst, Math.abs(difference) / scale)));
    eachDifference(values, plain, (difference) => {
      moments.add(difference / scale);
    });
  };
  let done = 0;
  let key: SimulatedKey | undefined;
  for (const [i, batch] of batches.entries()) {
    if (key === undefined || i % Math.ceil(batches.length / keys[care]) === 0) {
      const noise = new NoiseModel(fullProgram.parameters, seed + i);
      key = { noise, plaintexts: new PlaintextSlots(program, noise) };
    }
    const results = unpackBatch(tile, evaluateHe(program, packBatch(tile, batch), key), batch.length);
    for (const [k, outputs] of results.entries()) {
      const { sample, outputs: exact } = samples[done + k] ?? nothing;
      const plain = clear.outputs.get(sample) ?? exact;
      compare(outputs, exact, plain, unit, noises);
      if (post === undefined) continue;
      const answersOf = (values: Sample): Sample => continuousAnswers(post.module, values);
      compare(answersOf(outputs), answersOf(exact), answersOf(plain), post.unit, postNoises);
    }
    done += batch.length;
    // Also where the error is no number.
    if (!(worst <= errorLimit)) break;
  }
  const error = Math.max(
    worst,
    largestError(clear.errors, noises.deviation, certainty),
    largestError(clear.postErrors, postNoises.deviation, certainty),
  );
  return { error: Number.isNaN(error) ? Infinity : error, noise: noises.deviation, changed: 0 };
}

const nothing: ReferenceSample = { sample: new Map(), outputs: new Map() };

/** Slots times operations that a sample takes. A batch has its samples side by side: one run is all of them. */
export function workOf({ nodes }: TileModule, { slots, columns }: HeModule | PlanModule): number {
  return (slots / (nodes[0]?.type.batchTile ?? 1)) * columns.op.length;
}

function countElements(outputs: Sample = new Map()): number {
  return [...outputs.values()].reduce((sum, { length }) => sum + length, 0);
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
