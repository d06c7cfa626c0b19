/** How a ciphertext's slots may be shared among samples: powers of two of them side by side. */
import { hoists } from '../../costs/op-costs.ts';
import type { EngineProfile } from '../../costs/profiles.ts';
import { type PolyModulusDegree, polyModulusDegrees } from '../../ir/parameters.ts';
import { nextPowerOfTwo } from '../../ir/tile/layout.ts';
import type { SlotShape } from '../kernels/parts/kernel-option.ts';
import type { Batching } from './measure.ts';
import type { Goal } from './objective.ts';

export interface Configuration extends Batching {
  readonly degree: PolyModulusDegree;
  readonly slots: SlotShape;
}

/** All of them, for every degree that the engine takes. */
export function configurationsFor(goal: Goal, { costs, capabilities }: EngineProfile): Configuration[] {
  return polyModulusDegrees
    .filter((degree) => degree <= capabilities.largestDegree)
    .flatMap((degree) => sharings(degree, goal, hoists(costs, degree)));
}

/**
 * Those that a plan like one with the configuration `other` may have: of its degree or a smaller one, with slots that are
 * shared among half to twice as many samples. A shape of weight tiles says how slots are shared.
 */
export function configurationsNear(all: readonly Configuration[], other: Configuration): Configuration[] {
  const isNear = (tile: number): boolean => tile <= 2 * other.slots.batchTile && other.slots.batchTile <= 2 * tile;
  return all.filter(
    ({ degree, slots }) => degree <= other.degree && (slots.tile !== undefined || isNear(slots.batchTile)),
  );
}

/**
 * For a batch all powers of two up to it: smaller tiles take several runs. Without one all
 * that there are. A tile shape leaves no choice.
 */
function sharings(degree: PolyModulusDegree, { batch, tile: shape }: Goal, isHoisting: boolean): Configuration[] {
  const slots = degree / 2;
  if (shape !== undefined) {
    const virtualSlots = shape.rows * shape.columns;
    const batchTile = Math.floor(slots / virtualSlots);
    if (batchTile < 1) return [];
    const samples = Math.min(batchTile, batch ?? batchTile);
    const runs = Math.ceil((batch ?? samples) / samples);
    return [{ degree, slots: { virtualSlots, batchTile, hoists: isHoisting, tile: shape }, samples, runs }];
  }
  const isFree = batch === undefined;
  const most = isFree ? slots : Math.min(slots, nextPowerOfTwo(batch));
  const found: Configuration[] = [];
  for (let tile = 1; tile <= most; tile *= 2) {
    const samples = isFree ? tile : Math.min(tile, batch);
    found.push({
      degree,
      slots: { virtualSlots: slots / tile, batchTile: tile, hoists: isHoisting },
      samples,
      runs: isFree ? 1 : Math.ceil(batch / samples),
    });
  }
  return found;
}
