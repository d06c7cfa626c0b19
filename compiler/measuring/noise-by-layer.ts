/** How far the noise of each layer moves the outputs: the program once more for each, with noise in that layer alone. */
import { layersOf } from '../../ir/he/layers.ts';
import type { HeModule } from '../../ir/he/module.ts';
import { evaluateHe } from '../../ir/interpret/he.ts';
import { NoiseModel } from '../../ir/interpret/noise.ts';
import { PlaintextSlots } from '../../ir/interpret/plaintext-slots.ts';
import type { Sample } from '../../ir/interface.ts';
import type { PlanModule } from '../../ir/plan/plan.ts';
import type { TileModule } from '../../ir/tile/ops.ts';
import { largestDifference, type ReferenceSample } from '../parameters/reference.ts';
import { packBatch, simulation, unpackBatch, workOf } from '../parameters/simulate.ts';
import { ErrorSpread } from './error-spread.ts';

/** The most samples, and imagined keys that they are shared out to. */
const most = { samples: 6, keys: 3 } as const;

/** Slots times operations that all runs together may take: half a second or less. */
const mostWork = 1.5e8;

export interface NoiseByLayer {
  /** With noise in all layers; typical errors. */
  readonly whole: number;
  /** By layer, in the order of `layersOf` the program. */
  readonly layers: readonly number[];
  readonly samples: number;
}

export interface NoiseSetting {
  /** Those with the largest outputs first. */
  readonly candidates: readonly ReferenceSample[];
  /** What errors are given in. */
  readonly unit: number;
  readonly seed: number;
}

/**
 * A row has the same noise whichever others have any, so that the errors of layers add up to the whole, but for products of
 * errors. Undefined where the program is too large for that many runs.
 */
export function noiseByLayer(
  fullTile: TileModule,
  fullProgram: HeModule | PlanModule,
  { candidates, unit, seed }: NoiseSetting,
): NoiseByLayer | undefined {
  const { parameters } = fullProgram;
  const { names, ofRow } = layersOf(fullProgram);
  const runs = names.length + 2;
  const affordable = Math.floor(mostWork / (runs * workOf(fullTile, fullProgram)));
  const samples = candidates.slice(0, Math.min(most.samples, affordable)).map(({ sample }) => sample);
  if (samples.length === 0 || parameters === undefined) return undefined;
  const { tile, program, batches } = simulation(fullTile, fullProgram, samples);
  const quiet = new PlaintextSlots(program);
  const keys = batches.slice(0, most.keys).map((_, k) => keyOf(program, new NoiseModel(parameters, seed + k)));
  const whole = new ErrorSpread();
  const layers = names.map(() => new ErrorSpread());
  for (const [run, batch] of batches.entries()) {
    const key = keys[run % keys.length];
    if (key === undefined) continue;
    const inputs = packBatch(tile, batch);
    const exact = unpackBatch(tile, evaluateHe(program, inputs, { plaintexts: quiet }), batch.length);
    const measure = (spread: ErrorSpread, has: (row: number) => boolean): void => {
      key.noise.restart(run);
      const outputs = evaluateHe(program, inputs, { ...key, noisy: { has, quiet } });
      for (const [k, own] of unpackBatch(tile, outputs, batch.length).entries())
        spread.add(largestDifference(own, exact[k] ?? nothing) / unit);
    };
    measure(whole, () => true);
    for (const [layer, spread] of layers.entries()) measure(spread, (row) => ofRow[row] === layer);
  }
  return { whole: whole.typical, layers: layers.map(({ typical }) => typical), samples: samples.length };
}

const nothing: Sample = new Map();

function keyOf(program: HeModule | PlanModule, noise: NoiseModel) {
  return { noise, plaintexts: new PlaintextSlots(program, noise) };
}
