/** What a program with rescales divides at each level. */
import type { HeModule } from '../../ir/he/module.ts';
import { HE } from '../../ir/he/ops.ts';
import { rescaleDepth } from '../../passes/he/scales/depth.ts';
import { squaredValues } from '../../passes/he/scales/scale-targets.ts';
import type { RescaleKind } from './chains.ts';

/**
 * Entry l is the kind of the rescales from level l + 1 to l: `cipher` where a product of two ciphertexts is divided, be
 * it after the plaintexts that have multiplied it since.
 */
export function rescaleKinds(module: HeModule): RescaleKind[] {
  const { columns } = module;
  const { op, a, b } = columns;
  const { levels, depth } = rescaleDepth(module);
  const kinds = Array.from({ length: depth }, (): RescaleKind => 'plain');
  const squared = squaredValues(columns);
  /** Whether a product of two ciphertexts is in a value since its last rescale. */
  const holds = Uint8Array.from(squared);
  for (let id = 0; id < op.length; id++) {
    const x = a[id] ?? -1;
    const code: number = op[id] ?? 0;
    switch (code) {
      case HE.rescale:
        if (holds[x] === 1) kinds[levels[id] ?? 0] = 'cipher';
        break;
      case HE.input:
      case HE.weight:
      case HE.multiply:
        break;
      case HE.add:
        holds[id] = (holds[x] ?? 0) | (holds[b[id] ?? -1] ?? 0);
        break;
      default:
        holds[id] = holds[x] ?? 0;
    }
  }
  return kinds;
}
