/** What a program with rescales divides at each level. */
import type { HeModule } from '../../ir/he/module.ts';
import { refreshedLevel } from '../../ir/he/ops.ts';
import { dividesScale, isCipherProduct, isSum, pauses, usesValueA } from '../../ir/he/traits.ts';
import { rescaleDepth } from '../../passes/he/scales/depth.ts';
import { squaredValues } from '../../passes/he/scales/scale-targets.ts';
import type { RescaleKind } from './chains.ts';

/**
 * Entry l is the kind of the rescales from level l + 1 to l: `cipher` where a product of two ciphertexts is divided, be
 * it after the plaintexts that have multiplied it since. What is refreshed wants that prime large as well: the larger the modulus,
 * the larger may the scale be below a mask.
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
    const code = op[id] ?? 0;
    if (dividesScale(code)) {
      if (holds[x] === 1) kinds[levels[id] ?? 0] = 'cipher';
    } else if (pauses(code)) {
      kinds[refreshedLevel - 1] = 'cipher';
    } else if (isSum(code)) {
      holds[id] = (holds[x] ?? 0) | (holds[b[id] ?? -1] ?? 0);
    } else if (usesValueA(code) && !isCipherProduct(code)) {
      holds[id] = holds[x] ?? 0;
    }
  }
  return kinds;
}
