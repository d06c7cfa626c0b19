/** No program multiplies by zeros, whatever has been pruned: SEAL refuses such products, and they would be for nothing. */
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { chooseLayouts } from '../../../compiler/layouts/choose-layouts.ts';
import { defaultCosts } from '../../../compiler/layouts/cost.ts';
import { lowerToHe } from '../../../compiler/lowering/to-he.ts';
import { lowerToTile } from '../../../compiler/lowering/to-tile.ts';
import { optimiseProgram } from '../../../compiler/parameters/pipelines.ts';
import type { HeModule } from '../../../ir/he/module.ts';
import { HE } from '../../../ir/he/ops.ts';
import { plaintextAt, plaintextRow } from '../../../ir/he/plaintexts.ts';
import { deadElements } from '../../../passes/tensor/dead-elements.ts';
import { PassManager } from '../../../passes/manager.ts';
import { arbitraryNetwork } from '../../support/arbitrary-networks.ts';
import { withDeadNeurons } from '../../support/dead-neurons.ts';
import { casesOf } from '../../support/setup/suite.ts';

const shapes = fc.record({ batchTile: fc.constantFrom(1, 4), virtualSlots: fc.constantFrom(1, 8, 64, 256) });

/** Plaintexts that something is multiplied by, encrypted or not. */
function* factors({ columns: { op, a, b } }: HeModule): Generator<number> {
  for (let id = 0; id < op.length; id++) {
    if (op[id] === HE['multiply-plain']) yield b[id] ?? -1;
    if (op[id] !== HE.multiply) continue;
    for (const operand of [a[id] ?? -1, b[id] ?? -1]) if (op[operand] === HE.weight) yield a[operand] ?? -1;
  }
}

test.each(['plain', 'encrypted'] as const)('of random networks with %s weights', (weights) => {
  fc.assert(
    fc.property(
      arbitraryNetwork,
      fc.constantFrom(0, 0.5, 0.8),
      fc.nat(),
      fc.boolean(),
      shapes,
      (network, share, seed, drops, slots) => {
        const pruned = withDeadNeurons(network, share, seed);
        const tensor = drops ? new PassManager([]).run(deadElements, pruned, {}) : pruned;
        const tile = lowerToTile(tensor, chooseLayouts(tensor, slots, defaultCosts));
        const program = optimiseProgram(lowerToHe(tile, weights).module, new PassManager([]));
        for (const id of factors(program)) {
          const row = plaintextRow(program.packed, plaintextAt(program.plaintexts, id));
          expect(row.some((weight) => weight !== 0)).toBe(true);
        }
      },
    ),
    { numRuns: casesOf({ normal: 60, nightly: 200 }) },
  );
});
