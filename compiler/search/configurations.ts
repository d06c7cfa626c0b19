/** How a ciphertext's slots may be shared among samples: powers of two of them side by side. */
import type { PolyModulusDegree } from '../../ir/parameters.ts';
import { nextPowerOfTwo } from '../../ir/tile/layout.ts';
import type { SlotShape } from '../kernels/candidate.ts';
import type { Batching } from './measure.ts';
import type { Goal } from './objective.ts';

export interface Configuration extends Batching {
  readonly degree: PolyModulusDegree;
  readonly slots: SlotShape;
}

/**
 * For a batch all powers of two up to it: smaller tiles take several runs. Without one every second power of two, which
 * finds the best tile within a factor of two.
 */
export function configurationsFor(degree: PolyModulusDegree, { batch }: Goal): Configuration[] {
  const slots = degree / 2;
  const isFree = batch === undefined;
  const most = isFree ? slots : Math.min(slots, nextPowerOfTwo(batch));
  const found: Configuration[] = [];
  for (let tile = 1; tile <= most; tile *= isFree ? 4 : 2) {
    const samples = isFree ? tile : Math.min(tile, batch);
    found.push({
      degree,
      slots: { virtualSlots: slots / tile, batchTile: tile },
      samples,
      runs: isFree ? 1 : Math.ceil(batch / samples),
    });
  }
  return found;
}
