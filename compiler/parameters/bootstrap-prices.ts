/** What the search of layouts knows of bootstraps: the chain that they share with the network, and what one costs. */
import type { CostTable } from '../../costs/op-costs.ts';
import { programCost } from '../../costs/program-cost.ts';
import { HeBuilder } from '../../ir/he/module.ts';
import { PlaintextBuilder } from '../../ir/he/plaintexts.ts';
import { slotsOf } from '../../ir/parameters.ts';
import { withoutBootstraps } from '../../passes/he/bootstrapping/expand-bootstraps.ts';
import type { BootstrapPrices } from '../layouts/cost.ts';
import type { BootstrappedChain } from './bootstrapped-chains.ts';

/** By the program of a single bootstrap, expanded. */
export function bootstrapPrices({ parameters, effect }: BootstrappedChain, table: CostTable): BootstrapPrices {
  const { level, scale, outputLevel, outputScale } = effect;
  const builder = new HeBuilder();
  const x = builder.add('input', { level, scale });
  const result = builder.add('bootstrap', { a: x, level: outputLevel, scale: outputScale });
  builder.add('output', { a: result, level: outputLevel, scale: outputScale });
  const program = withoutBootstraps({
    level: 'he',
    name: 'bootstrap',
    slots: slotsOf(parameters),
    parameters,
    bootstrapping: effect,
    columns: builder.build(),
    plaintexts: new PlaintextBuilder().build(),
    packed: [],
    origins: [[]],
  });
  return { parameters, base: level, milliseconds: programCost({ ...program, parameters }, table) };
}
