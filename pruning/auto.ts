/**
 * The search of `auto`: how a model is pruned so that its plan costs least within a loss budget.
 *
 * Several ways are gone step by step, each step from the recovered network of the one before (gradual pruning), until a
 * step loses more than the budget; then the step is halved a few times. What is compared are plans: every network that
 * keeps the budget is compiled, for the layouts that suit it need not be those that it was pruned for.
 *
 *   shrink    neurons, input and output elements go until an axis fits the next smaller power of two, which is what the
 *             slots of a ciphertext and the rotations over them are counted in
 *   tiles     tiles, rotations and ciphertexts by the output error for each millisecond (P2T with T-Err)
 *   gathered  the same, once a permutation has gathered what matters little (P3T)
 *   then      tiles of the plan of the best shrunk network, on top of it
 */
import type { TensorModule } from '../ir/tensor/ops.ts';
import type { PruningPoint } from '../ir/plan/pruning-report.ts';
import { countZeros } from '../passes/pruning/neurons/zero-weights.ts';
import type { PlanCost, Pricing } from './pricing.ts';
import type { PrunedNetwork, Pruner } from './pruner.ts';
import { smallerAxes } from './shrink.ts';

export interface AutoOptions {
  /** As `Metric.degradation` has it. */
  readonly maxDegradation: number;
  /** Of recovery after each step. */
  readonly epochs: number;
  /** Quality of the unpruned network. */
  readonly before: number;
  readonly pricing: Pricing;
  readonly onPoint: (point: PruningPoint) => void;
  /** Default all. */
  readonly ways?: readonly AutoWay[];
}

/** By their names above. */
export const autoWays = ['shrink', 'tiles', 'gathered', 'then'] as const;
export type AutoWay = (typeof autoWays)[number];

export interface AutoResult {
  /** The cheapest within the budget; undefined where none is. */
  readonly best: Attempt | undefined;
  readonly points: readonly PruningPoint[];
  /** The least degradation of any attempt. */
  readonly least: { readonly degradation: number; readonly policy: string };
}

export interface Attempt extends PlanCost {
  readonly network: PrunedNetwork;
  readonly policy: string;
  readonly sparsity: number;
  /** Recoveries on the way to it. */
  readonly steps: number;
  /** Before recovery, and after. */
  readonly prunedQuality: number;
  readonly quality: number;
  readonly degradation: number;
}

/** Of a network without a plan, which is told of nowhere. */
const noPlan: PlanCost = { cost: Infinity, milliseconds: Infinity };

/** How a network was come to. */
type Way = Pick<Attempt, 'policy' | 'sparsity' | 'steps'>;

/** Takes tiles out of a network until a share of the cost that it began with is saved. */
type Saving = (network: PrunedNetwork, saving: number) => PrunedNetwork;

/** Shares of the modelled cost that a way saves at its steps. */
const savings = [0.2, 0.4, 0.55, 0.65, 0.75, 0.82, 0.88, 0.92, 0.95];

/** A shrunk network that loses at most this many times the budget is recovered once more. */
const secondChanceLoss = 6;

/** Epochs of that, as a multiple of those of a step. */
const secondChanceEpochs = 4;

/** Halvings of the step that was too long. */
const refinements = 4;

export async function searchPruning(pruner: Pruner, options: AutoOptions): Promise<AutoResult> {
  return new AutoSearch(pruner, options).run();
}

class AutoSearch {
  private readonly pruner: Pruner;
  private readonly options: AutoOptions;
  private readonly attempts: Attempt[] = [];
  private tried = 0;

  constructor(pruner: Pruner, options: AutoOptions) {
    this.pruner = pruner;
    this.options = options;
  }

  async run(): Promise<AutoResult> {
    const { unpruned } = this.pruner;
    const ways = new Set(this.options.ways ?? autoWays);
    const shrunk = ways.has('shrink') || ways.has('then') ? await this.shrink(unpruned) : undefined;
    if (shrunk !== undefined && ways.has('then')) await this.tilesOfShrunk(shrunk);
    const byError: Saving = (network, saving) => this.pruner.byError(network, saving);
    if (ways.has('tiles')) await this.saveStepByStep(unpruned, 'P2T:Gl/T-Err', byError);
    if (ways.has('gathered')) await this.saveStepByStep(this.pruner.permuted(unpruned), 'P3T:Gl/T-Err', byError);
    const best = this.best();
    const points = this.attempts.map((attempt) => this.pointOf(attempt, attempt === best));
    const [first, ...others] = this.attempts;
    const nearest = others.reduce(
      (least, each) => (each.degradation < (least?.degradation ?? Infinity) ? each : least),
      first,
    );
    return { best, points, least: { degradation: nearest?.degradation ?? NaN, policy: nearest?.policy ?? '' } };
  }

  private best(): Attempt | undefined {
    const accepted = this.attempts.filter((attempt) => this.isAccepted(attempt));
    return accepted.toSorted((a, b) => a.cost - b.cost || a.degradation - b.degradation)[0];
  }

  private async tilesOfShrunk({ network, policy, steps }: Attempt): Promise<void> {
    const plan = this.options.pricing.shrunkPlan(network);
    if (plan === undefined) return;
    const byError: Saving = (from, saving) => this.pruner.byErrorInside(from, plan, saving);
    await this.saveStepByStep(network, `${policy} + P2T:Gl/T-Err`, byError, steps);
  }

  private async saveStepByStep(start: PrunedNetwork, policy: string, prune: Saving, before = 0): Promise<void> {
    let from = { network: start, saving: 0, steps: before };
    let failed: number | undefined;
    for (const saving of savings) {
      const way = { policy, sparsity: saving, steps: from.steps + 1 };
      const attempt = await this.attempt(prune(from.network, saving), way);
      if (!this.isAccepted(attempt)) {
        failed = saving;
        break;
      }
      from = { network: attempt.network, saving, steps: way.steps };
    }
    for (let round = 0; failed !== undefined && round < refinements; round++) {
      const saving = (from.saving + failed) / 2;
      const way = { policy, sparsity: saving, steps: from.steps + 1 };
      const attempt = await this.attempt(prune(from.network, saving), way);
      if (this.isAccepted(attempt)) from = { network: attempt.network, saving, steps: way.steps };
      else failed = saving;
    }
  }

  /** One axis after another to its next smaller power of two, the gentlest first; the cheapest that is accepted. */
  private async shrink(start: PrunedNetwork): Promise<Attempt | undefined> {
    const { pruner } = this;
    const { metric } = pruner.context;
    let network = start;
    let reached: Attempt | undefined;
    let steps = 0;
    const closed = new Set<number>();
    for (;;) {
      const shrunken: { home: number; candidate: PrunedNetwork; loss: number }[] = [];
      for (const axis of smallerAxes(network.module, metric.name !== 'accuracy')) {
        if (closed.has(axis.home)) continue;
        const candidate = pruner.keepOnly(network, axis);
        const quality = await pruner.quality(candidate);
        shrunken.push({ home: axis.home, candidate, loss: metric.degradation(quality, this.options.before) });
      }
      const [next] = shrunken.sort((a, b) => a.loss - b.loss);
      if (next === undefined) return reached;
      const sparsity = zeroShare(next.candidate.module);
      const way = { policy: 'P2:Lc/Dat/Neu', sparsity, steps: steps + 1 };
      let spent = 1;
      let attempt = await this.attempt(next.candidate, way);
      if (this.mayRecover(attempt)) {
        spent = secondChanceEpochs;
        attempt = await this.attempt(next.candidate, { ...way, steps: steps + spent }, secondChanceEpochs);
      }
      if (this.isAccepted(attempt)) {
        steps += spent;
        network = attempt.network;
        if (reached === undefined || attempt.cost < reached.cost) reached = attempt;
      } else {
        closed.add(next.home);
      }
    }
  }

  private async attempt(pruned: PrunedNetwork, way: Way, times = 1): Promise<Attempt> {
    const { policy, sparsity, steps } = way;
    const { epochs, before, pricing, onPoint } = this.options;
    const { context } = this.pruner;
    context.onStep(`recovering candidate ${++this.tried}`);
    const prunedQuality = await this.pruner.quality(pruned);
    const network = await this.pruner.recover(pruned, times * epochs);
    const quality = await this.pruner.quality(network);
    const degradation = context.metric.degradation(quality, before);
    const price = pricing.costOf(network) ?? noPlan;
    const attempt = { network, policy, sparsity, steps, prunedQuality, quality, degradation, ...price };
    if (price === noPlan) return attempt;
    this.attempts.push(attempt);
    onPoint(this.pointOf(attempt, false));
    return attempt;
  }

  /** Too lossy, but not so much that more recovery could not help. */
  private mayRecover(attempt: Attempt): boolean {
    return (
      !this.isAccepted(attempt) &&
      attempt.cost < Infinity &&
      attempt.degradation <= secondChanceLoss * this.options.maxDegradation
    );
  }

  private isAccepted({ degradation, cost }: Attempt): boolean {
    return degradation <= this.options.maxDegradation && cost < Infinity;
  }

  private pointOf(attempt: Attempt, chosen: boolean): PruningPoint {
    const { policy, sparsity, quality, milliseconds } = attempt;
    return { policy, sparsity, quality, milliseconds, accepted: this.isAccepted(attempt), chosen };
  }
}

function zeroShare(module: TensorModule): number {
  const { weights, zeros } = countZeros(module);
  return zeros / Math.max(1, weights);
}
