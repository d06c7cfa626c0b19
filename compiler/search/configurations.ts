/** How a ciphertext's slots may be shared among samples: powers of two of them side by side. */
import type { PolyModulusDegree } from '../../ir/parameters.ts';
import { nextPowerOfTwo } from '../../ir/tile/layout.ts';
import type { SlotShape } from '../kernels/parts/kernel-option.ts';
import type { Batching } from './measure.ts';
import type { Goal } from './objective.ts';

export interface Configuration extends Batching {
  readonly degree: PolyModulusDegree;
  readonly slots: SlotShape;
}

/**
 * For a batch all powers of two up to it: smaller tiles take several runs. Without one every second power of two, which
 * finds the best tile within a factor of two. A tile shape leaves no choice.
 */
export function configurationsFor(
  degree: PolyModulusDegree,
  { batch, tile: shape, near }: Goal,
  hoists: boolean,
): Configuration[] {
  const slots = degree / 2;
  if (near !== undefined && degree > near.degree) return [];
  if (shape !== undefined) {
    const virtualSlots = shape.rows * shape.columns;
    const batchTile = Math.floor(slots / virtualSlots);
    if (batchTile < 1) return [];
    const samples = Math.min(batchTile, batch ?? batchTile);
    const runs = Math.ceil((batch ?? samples) / samples);
    return [{ degree, slots: { virtualSlots, batchTile, hoists, tile: shape }, samples, runs }];
  }
  const isFree = batch === undefined;
  const most = isFree ? slots : Math.min(slots, nextPowerOfTwo(batch));
  const found: Configuration[] = [];
  for (let tile = 1; tile <= most; tile *= isFree ? 4 : 2) {
    if (near !== undefined && !isNear(tile, near.slots.batchTile)) continue;
    const samples = isFree ? tile : Math.min(tile, batch);
    found.push({
      degree,
      slots: { virtualSlots: slots / tile, batchTile: tile, hoists },
      samples,
      runs: isFree ? 1 : Math.ceil(batch / samples),
    });
  }
  return found;
}

function isNear(tile: number, other: number): boolean {
  return tile <= 2 * other && other <= 2 * tile;
}
