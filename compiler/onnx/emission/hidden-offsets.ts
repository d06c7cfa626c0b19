/**
 * Masks of minus infinity. Exporters add −∞ to scores, or choose it in their place, so that a softmax gives nothing to what may
 * not be seen. Values of the network are finite, so an offset of −∞ is written as the least number there is; a softmax leaves
 * out what has it, exactly, and nothing else may read it.
 */
import { nonFiniteWeights } from '../../../ir/diagnostics/import.ts';
import type { TensorModule } from '../../../ir/tensor/ops.ts';
import { ImportFailure } from '../proto/failure.ts';

const hiddenOffset = -Number.MAX_VALUE;

/** The offsets, with `hiddenOffset` for minus infinity. */
export function finiteOffsets(offsets: Float64Array): Float64Array {
  return offsets.includes(-Infinity) ? offsets.map((x) => (x === -Infinity ? hiddenOffset : x)) : offsets;
}

/** Throws `ImportFailure` (H108) where a node of the module has an offset that only a softmax may read. */
export function refuseHiddenOffsets({ nodes }: TensorModule): void {
  for (const { op, attrs, origins } of nodes) {
    const index = op === 'scale-shift' ? attrs.offsets.values.indexOf(hiddenOffset) : -1;
    if (index < 0) continue;
    const tensor = 'an offset of what no softmax inside of the network reads';
    throw new ImportFailure((at) => nonFiniteWeights({ tensor, value: -Infinity, index }, { ...at, nodes: origins }));
  }
}
