/** The cheapest layouts of a network for one configuration, by estimate. */
import { type ClientProfile, clientOpCost, clientProfile } from '../../costs/client-costs.ts';
import { opCost } from '../../costs/op-costs.ts';
import type { EngineProfile } from '../../costs/profiles.ts';
import { plaintextBytes } from '../../ir/parameters.ts';
import type { TensorModule } from '../../ir/tensor/ops.ts';
import {
  costOfChoice,
  type LayoutChoice,
  type LayoutSearch,
  leastCost,
  searchLayouts,
} from '../layouts/choose-layouts.ts';
import { type BootstrapPrices, type CostModel, costModel, latencyPrices } from '../layouts/cost.ts';
import type { KernelOption } from '../kernels/parts/kernel-option.ts';
import { KernelCatalogue, type NetworkMaps } from '../layouts/kernel-catalogue.ts';
import type { Progress } from './progress.ts';
import type { Configuration } from './configurations.ts';
import { type Aim, aimOf, type Goal } from './objective.ts';

export interface Proposal {
  readonly configuration: Configuration;
  readonly aim: Aim;
  readonly choice: LayoutChoice;
  readonly search: LayoutSearch;
  /** In the unit of the objective. */
  readonly estimate: number;
  /** Products with plaintexts before pruning. */
  readonly products: number;
}

/** Choices that are looked at for each proposal: many take the same operations, and differ in where elements stand. */
const choicesPerProposal = 8;

export interface Network {
  readonly module: TensorModule;
  readonly maps: NetworkMaps;
  /** Rescales along its longest way. */
  readonly depth: number;
  /** More rescales that the largest chain at hand allows, for moving values. */
  readonly spareLevels: number;
  readonly bootstraps?: BootstrapPrices | undefined;
}

/** Searches the layouts of one configuration, with all kernels kept from one aim to the next. */
export class Proposer {
  readonly configuration: Configuration;
  private readonly network: Network;
  private readonly goal: Goal;
  private readonly profile: EngineProfile;
  private readonly client: ClientProfile;
  private readonly catalogue: KernelCatalogue;
  private readonly primary: CostModel;

  constructor(
    network: Network,
    configuration: Configuration,
    goal: Goal,
    profile: EngineProfile,
    client: ClientProfile = clientProfile,
  ) {
    this.network = network;
    this.configuration = configuration;
    this.goal = goal;
    this.profile = profile;
    this.client = client;
    this.catalogue = new KernelCatalogue(network.module, configuration.slots, network.maps);
    this.primary = this.model(this.aim());
  }

  /** The aim that the objective is. */
  aim(): Aim {
    const { goal, client, network } = this;
    const { degree } = this.configuration;
    // Inputs are near the top level, outputs at the lowest.
    const perByte = (op: 'encrypt' | 'decrypt', level: number, polynomials: number): number =>
      clientOpCost(op, level, degree, client.costs) /
      (polynomials * plaintextBytes({ polyModulusDegree: degree }, level));
    return aimOf(goal.objective, goal.bandwidthMbit, {
      encryption: perByte('encrypt', network.depth, 1),
      decryption: perByte('decrypt', 0, 2),
    });
  }

  /** No plan of this configuration costs less, in the unit of the objective. */
  least(): number {
    return this.inUnit(leastCost(this.catalogue, this.primary));
  }

  /**
   * Up to `finalists` proposals, the cheapest first; none that costs more than `limit` in the unit of the objective,
   * where that is what the aim minimises.
   */
  propose(
    aim: Aim,
    finalists: number,
    limit: number,
    progress?: Progress,
  ): { readonly proposals: Proposal[]; readonly search: LayoutSearch } {
    const search = searchLayouts(this.catalogue, this.model(aim), {
      finalists: finalists * choicesPerProposal,
      limit: aim.name === this.goal.objective ? this.fromUnit(limit) : Infinity,
      spareLevels: this.network.spareLevels,
      onProgress: (done) => progress?.at(done),
    });
    const proposals = search.choices.map((choice): Proposal => {
      const products = productsOf(choice);
      const cost = costOfChoice(this.catalogue, choice, this.primary) + this.encodingAgain(products);
      return { configuration: this.configuration, aim, choice, search, estimate: this.inUnit(cost), products };
    });
    const distinct = new Map(proposals.toReversed().map((proposal) => [signatureOf(proposal), proposal]));
    return { proposals: [...distinct.values()].reverse().slice(0, finalists), search };
  }

  private model(aim: Aim): CostModel {
    const { configuration, network, profile } = this;
    const { depth, bootstraps } = network;
    return costModel({ degree: configuration.degree, profile, primes: depth + 1, prices: aim.prices, bootstraps });
  }

  /** Plaintexts that find no room are encoded in every run; half of the way down on average. */
  private encodingAgain(products: number): number {
    const { degree } = this.configuration;
    const level = this.network.depth / 2;
    const { costs, memory } = this.profile;
    const over = Math.max(0, products - memory.limit / memory.plaintextBytes(degree, level));
    return over * this.aim().prices.millisecond * opCost('encode', level, degree, costs);
  }

  private inUnit(cost: number): number {
    const { samples, runs } = this.configuration;
    switch (this.goal.objective) {
      case 'latency':
      case 'end-to-end':
      case 'upload':
        return cost * runs;
      case 'throughput':
        return cost / samples;
      case 'memory':
        return cost;
    }
  }

  private fromUnit(cost: number): number {
    return cost / this.inUnit(1);
  }
}

/** The time that a choice is estimated to take, whatever it was chosen for. */
export function latencyAim(): Aim {
  return { name: 'latency', prices: latencyPrices };
}

/**
 * Of two proposals with the same signature one is enough: they take the same operations, node by node, and differ in
 * where things stand.
 */
export function signatureOf({ configuration, choice }: Proposal): string {
  const nodes = [...choice.nodes.values()].sort((a, b) => a.node - b.node);
  const parts = nodes.flatMap(({ operands }) =>
    operands.flatMap(({ pack, repack, kernel }) => [
      String(pack?.ciphertexts ?? ''),
      ...[repack, kernel].map((each) => (each === undefined ? '' : countsOf(each))),
    ]),
  );
  return [configuration.degree, configuration.slots.batchTile, ...parts].join(';');
}

function countsOf({ counts, output }: KernelOption): string {
  return [...Object.values<number>({ ...counts }), output.ciphertexts].join(' ');
}

function productsOf({ nodes }: LayoutChoice): number {
  let products = 0;
  for (const { operands } of nodes.values()) {
    for (const { repack, kernel } of operands)
      products += (repack?.counts.products ?? 0) + (kernel?.counts.products ?? 0);
  }
  return products;
}
