/** A program is managed once for a chain, as `manageProgram` does it. */
import { expect, test } from 'vitest';
import { chooseLayouts } from '../../../../compiler/layouts/choose-layouts.ts';
import { defaultCosts } from '../../../../compiler/layouts/cost.ts';
import { chainsFor } from '../../../../compiler/parameters/chains.ts';
import { ManagedPrograms } from '../../../../compiler/parameters/managed-programs.ts';
import { manageProgram } from '../../../../compiler/parameters/pipelines.ts';
import { packNetwork } from '../../../../compiler/search/pack-network.ts';
import { defaultProfile } from '../../../../costs/profiles.ts';
import { PassManager } from '../../../../passes/manager.ts';
import { networkSamples } from '../../../support/arbitrary-networks.ts';
import { denseChain } from '../../../support/tiny-networks.ts';

const degree = 8192;

test('a chain that is asked for again runs no pass', () => {
  const module = denseChain([16, 12, 4]);
  const samples = networkSamples(module, 2, 1);
  const manager = new PassManager(samples);
  const choice = chooseLayouts(module, { virtualSlots: degree / 2, batchTile: 1 }, defaultCosts);
  const packed = packNetwork(module, choice, { samples, manager, weights: 'plain' });
  if ('needs' in packed) throw new Error('its values overflow');
  const programs = new ManagedPrograms(packed.program, manager);
  const [rescaling] = programs.rescalings;
  if (rescaling === undefined) throw new Error('there is no way to rescale');
  const [chain] = chainsFor(degree, rescaling, 0, defaultProfile.capabilities);
  if (chain === undefined) throw new Error('there is no chain');
  const managed = programs.manage(chain, {});
  const runs = manager.runs.length;
  expect(programs.manage(chain, {})).toBe(managed);
  expect(manager.runs.length).toBe(runs);
  expect(programs.manage({ ...chain, rangeBits: 1 }, {})).not.toBe(managed);
  expect(managed).toEqual(manageProgram(packed.program, manager, chain, {}));
});
