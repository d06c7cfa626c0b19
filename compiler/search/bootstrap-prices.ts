/** What is known of bootstraps before there is a program: the chain that they share with the network, and what one takes. */
import type { CostTable } from '../../costs/op-costs.ts';
import { programCost } from '../../costs/program-cost.ts';
import { HeBuilder, type HeModule } from '../../ir/he/module.ts';
import { PlaintextBuilder } from '../../ir/he/plaintexts.ts';
import { type Parameters, slotsOf } from '../../ir/parameters.ts';
import { withoutBootstraps } from '../../passes/he/bootstrapping/expand-bootstraps.ts';
import type { BootstrapPrices } from '../layouts/cost.ts';
import type { BootstrappedChain } from '../parameters/bootstrapped-chains.ts';

/** By the program of a single bootstrap, expanded. */
export function bootstrapPrices(chain: BootstrappedChain, table: CostTable): BootstrapPrices {
  const { parameters, effect } = chain;
  return { parameters, base: effect.level, milliseconds: programCost(singleBootstrap(chain), table) };
}

function singleBootstrap({ parameters, effect }: BootstrappedChain): HeModule & { readonly parameters: Parameters } {
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
  return { ...program, parameters };
}
