/** What stands in the slots of outputs is the same whether all of a network is run or its last ops alone. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { chooseLayouts } from '../../../../compiler/layouts/choose-layouts.ts';
import { defaultCosts } from '../../../../compiler/layouts/cost.ts';
import { lowerToHe } from '../../../../compiler/lowering/to-he.ts';
import { measureOutputs } from '../../../../compiler/parameters/simulate.ts';
import { lastOps, mostProducts } from '../../../../compiler/search/last-ops.ts';
import { packNetwork } from '../../../../compiler/search/pack-network.ts';
import { PassManager } from '../../../../passes/manager.ts';
import { arbitraryNetwork, networkSamples } from '../../../support/arbitrary-networks.ts';
import { denseChain } from '../../../support/tiny-networks.ts';

test('of any network and packing', () => {
  const slots = fc.record({ batchTile: fc.constantFrom(1, 4), virtualSlots: fc.constantFrom(4, 16, 64, 256) });
  fc.assert(
    fc.property(arbitraryNetwork, slots, fc.nat(), (module, shape, seed) => {
      const samples = networkSamples(module, 4, seed);
      const manager = new PassManager(samples);
      const choice = chooseLayouts(module, shape, defaultCosts);
      const network = packNetwork(module, choice, { samples, manager, weights: 'plain' });
      if ('needs' in network) return;
      const all = measureOutputs(network.tile, network.program, samples);
      const last = lastOps(network.tile);
      const program = lowerToHe(last.tile, 'plain').module;
      const alone = measureOutputs(last.tile, program, samples, last.inputsFor);
      expect(Math.abs(alone - all) / Math.max(1, all)).toBeLessThan(1e-9);
    }),
    { numRuns: 100 },
  );
});

test('of a chain the last layer is left', () => {
  const module = denseChain([16, 12, 8, 4]);
  const choice = chooseLayouts(module, { virtualSlots: 64, batchTile: 1 }, defaultCosts);
  const samples = networkSamples(module, 2, 1);
  const network = packNetwork(module, choice, { samples, manager: new PassManager(samples), weights: 'plain' });
  if ('needs' in network) throw new Error('its values overflow');
  const { tile } = lastOps(network.tile);
  expect(tile.nodes.map(({ op }) => op)).toEqual(['pack', 'linear', 'unpack']);
  expect(mostProducts(tile)).toBeLessThan(mostProducts(network.tile));
});
