/**
 * The search for a plan: polynomial modulus degrees from the smallest, for each of them ways to share the slots among
 * samples, for each of those the cheapest layouts by estimate. Of all proposals at one degree the last few are lowered,
 * and what their programs cost exactly decides; errors are predicted from the cheapest on, until one is small enough.
 *
 *   N ─► batch tile ─► layout search by an aim ─► proposals ─► lowered, priced ─► within the limits ─► accurate ─► plan
 *
 * A larger degree is searched where no smaller one has an accurate plan within the limits, or where the costs of its
 * operations leave it a chance.
 */
import { programCost } from '../../costs/program-cost.ts';
import { type PolyModulusDegree, polyModulusDegrees } from '../../ir/parameters.ts';
import type { NodeRef } from '../../ir/diagnostics/diagnostic.ts';
import { formatError, formatLimit } from '../../ir/maths/error-unit.ts';
import type { MemoryDemand } from '../../ir/diagnostics/memory.ts';
import type { CandidateReport, ConfigurationReport, Verdict } from '../../ir/plan/search-report.ts';
import type { PassManager } from '../../passes/manager.ts';
import type { Progress } from './progress.ts';
import { PlacedWeights } from '../lowering/placed-weights.ts';
import { networkDepth } from '../layouts/network-depth.ts';
import { carriesDepth } from '../parameters/chains.ts';
import {
  acceptPlan,
  type AcceptedProgram,
  type LoweredPlan,
  type LoweringContext,
  lowerProposal,
} from './lowered-plan.ts';
import type { Prediction } from '../parameters/simulate.ts';
import type { Configuration } from './configurations.ts';
import { type Aim, type BrokenLimit, compromises, isBetter, type Score } from './objective.ts';
import type { Overflow } from './pack-network.ts';
import type { Price, UnmetNeed } from './price.ts';
import { bootstrapPrices } from './bootstrap-prices.ts';
import { latencyAim, type Proposal, Proposer, signatureOf } from './propose.ts';

/** Proposals of the first configuration that may be lowered. */
const finalistsPerDegree = 3;

/** Of every other configuration of that degree. */
const finalistsPerShape = 2;

/** What an estimate may be above the exact cost: sharing between layers and pruned tiles are not in it. */
const estimateExcess = 1.3;

/**
 * Products, and slots of them all, beyond which only the cheapest proposal is lowered: estimates are good there, and the
 * weights of every program that is lowered are in memory, 64 MiB or more.
 */
const largeProductCount = 50_000;

const largeSlotCount = 2 ** 23;

/** Of weights that the programs of a degree share. */
const mostPlacedBytes = 2 ** 27;

/** Where the least error of a program exceeds the allowed one this many times, no other program of its degree is tried. */
const hopelessErrorRatio = 3;

export interface Found {
  readonly plan: LoweredPlan;
  readonly accepted: AcceptedProgram;
}

type UnsettledReport = Omit<CandidateReport, 'verdict' | 'reason'>;

/** A plan that may be the best if a chain that is accurate enough costs no more than the shortest one. */
interface PricedPlan {
  readonly plan: LoweredPlan;
  readonly score: Score;
  readonly report: UnsettledReport;
}

/** A plan that is right but for a limit. */
export interface NearMiss {
  readonly broken: readonly BrokenLimit[];
  readonly degree: PolyModulusDegree;
  /** Where memory is a limit that it exceeds. */
  readonly demand: MemoryDemand | undefined;
}

export interface SearchOutcome {
  readonly found: Found | undefined;
  /** Where the values of the network are too large, whatever the plan. */
  readonly overflow: Overflow | undefined;
  readonly configurations: readonly ConfigurationReport[];
  readonly candidates: readonly CandidateReport[];
  /** The plan that exceeds the limits least. */
  readonly nearest: NearMiss | undefined;
  /** The plan that needs the fewest bytes of those that do not fit the engine's memory. */
  readonly smallest: Price | undefined;
  /** How the program with the least error errs. */
  readonly leastError: Prediction | undefined;
  /** Depth of the last program that was lowered, with the nodes on its deepest way. */
  readonly deepest: { readonly depth: number; readonly path: readonly NodeRef[] } | undefined;
}

/** @param rival a plan of another network that does: only what is better is looked for */
export function searchPlans(
  configurations: readonly Configuration[],
  manager: PassManager,
  context: LoweringContext,
  rival?: Found,
): SearchOutcome {
  return new PlanSearch(configurations, manager, context, rival).run();
}

class PlanSearch {
  private readonly given: readonly Configuration[];
  private readonly depth: number;
  private readonly manager: PassManager;
  private readonly context: LoweringContext;
  private readonly rival: Found | undefined;
  private readonly configurations: ConfigurationReport[] = [];
  private readonly candidates: CandidateReport[] = [];
  private found: Found | undefined;
  private overflow: Overflow | undefined;
  private nearest: NearMiss | undefined;
  private smallest: Price | undefined;
  /** Whether some plan of the degree that is searched was out of memory or limits. */
  private isShort = false;
  private leastError: Prediction | undefined;
  private deepest: SearchOutcome['deepest'];

  constructor(
    configurations: readonly Configuration[],
    manager: PassManager,
    context: LoweringContext,
    rival: Found | undefined,
  ) {
    this.given = configurations;
    this.depth = networkDepth(context.tensor).depth;
    this.manager = manager;
    this.context = context;
    this.rival = rival;
  }

  run(): SearchOutcome {
    const { progress, profile } = this.context;
    const { capabilities } = profile;
    let left = 1;
    const { bootstrapped } = this.context;
    const degrees = polyModulusDegrees.filter((each) => each <= capabilities.largestDegree);
    for (const degree of bootstrapped === undefined ? degrees : [bootstrapped.parameters.polyModulusDegree]) {
      if (this.overflow !== undefined) break;
      if (bootstrapped === undefined && !carriesDepth(degree, this.depth, capabilities)) {
        this.skip(degree, 1, `no modulus chain carries ${this.depth} levels`);
      } else if (this.best !== undefined && !this.mayPay(degree, this.best)) {
        this.skip(degree, 1, 'every operation costs more here: even half of those of the best plan would');
      } else {
        // Larger degrees may not be searched: the largest that there is gets all that is left.
        const share = degree === capabilities.largestDegree ? left : left / 2;
        this.searchDegree(degree, progress.part(1 - left, 1 - left + share));
        left -= share;
      }
    }
    const { found, overflow, configurations, candidates, nearest, smallest, leastError, deepest } = this;
    return { found, overflow, configurations, candidates, nearest, smallest, leastError, deepest };
  }

  private searchDegree(degree: PolyModulusDegree, progress: Progress): void {
    const { goal, profile, client, tensor, maps } = this.context;
    const layouts = progress.part(0, 0.4);
    layouts.begin(`choosing layouts for N = ${degree}`);
    const { bootstrapped } = this.context;
    const spareLevels =
      bootstrapped === undefined
        ? [1, 2].filter((more) => carriesDepth(degree, this.depth + more, profile.capabilities)).length
        : Math.max(0, bootstrapped.effect.circuit.residual - this.depth);
    const bootstraps = bootstrapped && bootstrapPrices(bootstrapped, profile.costs);
    const network = { module: tensor, maps, depth: this.depth, spareLevels, bootstraps };
    const proposers = this.given
      .filter((configuration) => configuration.degree === degree)
      .map((configuration) => new Proposer(network, configuration, goal, profile, client))
      .map((proposer) => ({ proposer, least: proposer.least() }))
      .sort((a, b) => a.least - b.least);
    const proposals: { proposal: Proposal; configuration: number }[] = [];
    const seen = new Set<string>();
    const indices = new Map<Proposer, number>();
    for (const [turn, { proposer, least }] of proposers.entries()) {
      const bound = estimateExcess * Math.min(this.bestCost(), ...proposals.map(({ proposal }) => proposal.estimate));
      const { batchTile } = proposer.configuration.slots;
      if (least > bound) {
        this.skip(degree, batchTile, 'its products alone cost more than the best plan');
        continue;
      }
      indices.set(proposer, this.configurations.length);
      const wanted = proposals.length > 0 ? finalistsPerShape : finalistsPerDegree;
      const aims = this.aims(proposer);
      for (const [k, aim] of aims.entries()) {
        const part = layouts.share(turn, proposers.length).share(k, aims.length);
        const result = proposer.propose(aim, k === 0 ? wanted : 1, bound, part);
        if (k === 0) this.note(proposer, result.search.states, result.search.exact, result.proposals[0]);
        for (const proposal of result.proposals) {
          const signature = signatureOf(proposal);
          if (seen.has(signature)) continue;
          seen.add(signature);
          proposals.push({ proposal, configuration: indices.get(proposer) ?? 0 });
        }
      }
    }
    const before = this.found;
    this.isShort = false;
    const isWithin = this.weigh(proposals, progress.part(0.4, 0.7));
    // What was within the means on the shortest chain may not be on the one that is accurate enough.
    const isDone = isWithin && (this.found !== before || !this.isShort);
    const [cheapest] = proposals.toSorted((a, b) => a.proposal.estimate - b.proposal.estimate);
    if (isDone || cheapest === undefined || this.overflow !== undefined) return;
    // Nothing of it keeps the limits, or fits: give up some of the objective for what is short.
    const bytes = this.smallest === undefined ? undefined : profile.memory.limit;
    const limits = { ...goal.limits, memoryBytes: goal.limits.memoryBytes ?? bytes };
    const more: { proposal: Proposal; configuration: number }[] = [];
    const again = progress.part(0.7, 0.85);
    again.begin(`choosing smaller layouts for N = ${degree}`);
    for (const [turn, [proposer, configuration]] of [...indices].entries()) {
      const aims = compromises({ ...goal, limits }, proposer.aim(), cheapest.proposal.choice.cost);
      for (const [k, aim] of aims.entries()) {
        const part = again.share(turn, indices.size).share(k, aims.length);
        for (const proposal of proposer.propose(aim, finalistsPerShape, Infinity, part).proposals) {
          const signature = signatureOf(proposal);
          if (!seen.has(signature)) more.push({ proposal, configuration });
          seen.add(signature);
        }
      }
    }
    this.weigh(more, progress.part(0.85, 1));
  }

  /** What to minimise: the objective first, then what decides between equals or what estimates of it are rough in. */
  private aims(proposer: Proposer): Aim[] {
    const primary = proposer.aim();
    return primary.name === 'latency' || primary.name === 'throughput' ? [primary] : [primary, latencyAim()];
  }

  /** Lowers what may be the best, and accepts the best that is accurate. Returns whether any keeps the limits. */
  private weigh(
    proposals: readonly { readonly proposal: Proposal; readonly configuration: number }[],
    progress: Progress,
  ): boolean {
    const { goal } = this.context;
    const lowered: PricedPlan[] = [];
    let isWithin = false;
    let bestCost = this.bestCost();
    const ordered = proposals.toSorted((a, b) => a.proposal.estimate - b.proposal.estimate);
    const placed = new PlacedWeights(ordered.length > 1 ? mostPlacedBytes : 0);
    for (const [turn, { proposal, configuration }] of ordered.entries()) {
      const { estimate, aim, products } = proposal;
      const report = { configuration, aim: aim.name, estimate };
      // Estimates of memory are rough: keys that layers share count for each of them.
      if (goal.objective !== 'memory' && estimate > estimateExcess * bestCost) {
        this.report(report, 'not lowered', 'its estimate is far above the best plan');
        continue;
      }
      if (isLarge(proposal) && lowered.length > 0) {
        this.report(report, 'not lowered', `a program of ${products} products, and there is a cheaper one`);
        continue;
      }
      const part = progress.part(0, 0.5).share(turn, ordered.length);
      part.begin(`weighing a plan at N = ${proposal.configuration.degree}`);
      const plan = lowerProposal(proposal, this.manager, { ...this.context, placed, progress: part });
      if ('needs' in plan) {
        this.overflow = plan;
        return false;
      }
      const { packed, priced } = plan;
      this.deepest = { depth: packed.depth, path: packed.path };
      if ('needs' in priced) {
        this.unmet(priced, plan, report);
        continue;
      }
      isWithin = true;
      bestCost = Math.min(bestCost, priced.score[0]);
      lowered.push({ plan, score: priced.score, report: costed(report, priced) });
    }
    this.accept(lowered, progress.part(0.5, 1));
    return isWithin;
  }

  /** From the cheapest on, until one is accurate: what that takes above the shortest chain, others take as well. */
  private accept(lowered: readonly PricedPlan[], progress: Progress): void {
    const { maxError } = this.context;
    const ordered = lowered.toSorted((a, b) => (isBetter(a.score, b.score) ? -1 : 1));
    let isHopeless = false;
    let isSettled = false;
    for (const [turn, { plan, score, report }] of ordered.entries()) {
      const best = this.best?.accepted.score;
      if (isSettled || (best !== undefined && !isBetter(score, best))) {
        const isOpen = best !== undefined && isBetter(score, best);
        const reason = isOpen
          ? 'it began dearer than the chosen one, whose longer chain it was not tried on'
          : 'another plan is cheaper';
        this.report({ ...report, isBound: true }, 'costlier', reason);
        continue;
      }
      if (isHopeless) {
        this.report(report, 'inaccurate', 'a cheaper plan of the same degree is far from accurate');
        continue;
      }
      const part = progress.share(turn, ordered.length);
      const accepted = acceptPlan(plan, this.manager, { ...this.context, progress: part });
      if ('needs' in accepted) {
        this.unmet(accepted, plan, report);
        if (accepted.needs === 'less-error')
          isHopeless = (accepted.least?.error ?? Infinity) > hopelessErrorRatio * maxError;
      } else if (best !== undefined && !isBetter(accepted.score, best)) {
        const reason = 'on the chain that is accurate enough another plan is cheaper';
        this.report(predicted(report, accepted), 'costlier', reason);
      } else {
        this.replace();
        this.found = { plan, accepted };
        isSettled = true;
        const reason = `predicted error ${formatError(accepted.prediction.error)} of ${formatLimit(maxError)}`;
        this.report(predicted(report, accepted), 'chosen', reason);
      }
    }
  }

  /** Notes why a plan will not do, for the report and for the diagnostic where none does. */
  private unmet(need: UnmetNeed, { proposal, packed }: LoweredPlan, report: UnsettledReport): void {
    switch (need.needs) {
      case 'fewer-levels':
        this.report(report, 'too deep', `no modulus chain carries its ${packed.depth} levels`);
        break;
      case 'less-memory': {
        this.isShort = true;
        if (need.price.neededBytes < (this.smallest?.neededBytes ?? Infinity)) this.smallest = need.price;
        const reason = 'its keys and ciphertexts do not fit the memory of the engine';
        this.report(costed(report, need.price), 'memory', reason);
        break;
      }
      case 'wider-limits': {
        this.isShort = true;
        this.missed(need, proposal.configuration.degree);
        const rows = need.broken.map(({ option, needed, most }) => `${option}: ${needed} of ${most}`);
        this.report(costed(report, need.price), 'limit', rows.join(', '));
        break;
      }
      case 'less-error': {
        const { least } = need;
        if (least !== undefined && !(least.error >= (this.leastError?.error ?? NaN))) this.leastError = least;
        const error = Number.isFinite(least?.error) ? { error: least?.error } : {};
        this.report({ ...report, ...error }, 'inaccurate', describeMiss(least, this.context));
      }
    }
  }

  /** What was chosen so far is no longer. */
  private replace(): void {
    const before = this.candidates.findIndex(({ verdict }) => verdict === 'chosen');
    const report = this.candidates[before];
    if (report !== undefined)
      this.candidates[before] = { ...report, verdict: 'costlier', reason: 'another plan is cheaper' };
  }

  private missed(
    { broken, price }: Extract<UnmetNeed, { readonly needs: 'wider-limits' }>,
    degree: PolyModulusDegree,
  ): void {
    const excess = (limits: readonly BrokenLimit[]): number =>
      limits.reduce((worst, { needed, most }) => Math.max(worst, needed / most), 0);
    if (this.nearest === undefined || excess(broken) < excess(this.nearest.broken))
      this.nearest = { broken, degree, demand: price.demand };
  }

  /** What has to be beaten. */
  private get best(): Found | undefined {
    return this.found ?? this.rival;
  }

  private bestCost(): number {
    return this.best?.accepted.score[0] ?? Infinity;
  }

  /**
   * Whether a larger degree can pay. One of its ciphertexts does what two of half the slots do at most, so that a plan
   * there takes at least half of the operations of the best plan here, each at the price that it has there.
   */
  private mayPay(degree: PolyModulusDegree, { accepted }: Found): boolean {
    const { goal, profile } = this.context;
    const { parameters } = accepted.program;
    // Keys and ciphertexts take twice as many bytes there.
    if (goal.objective === 'memory' || goal.objective === 'upload' || parameters === undefined) return false;
    const there = { ...accepted.program, parameters: { ...parameters, polyModulusDegree: degree } };
    const share = parameters.polyModulusDegree / degree;
    return share * programCost(there, profile.costs) < programCost(accepted.program, profile.costs);
  }

  private skip(degree: PolyModulusDegree, batchTile: number, skipped: string): void {
    this.configurations.push({ polyModulusDegree: degree, batchTile, states: 0, exact: true, skipped });
  }

  private note({ configuration }: Proposer, states: number, exact: boolean, best: Proposal | undefined): void {
    const { degree, slots } = configuration;
    const nothing = best === undefined && 'nothing is cheaper than the best plan';
    const end = nothing === false ? { estimate: best?.estimate } : { skipped: nothing };
    this.configurations.push({ polyModulusDegree: degree, batchTile: slots.batchTile, states, exact, ...end });
  }

  private report(report: UnsettledReport, verdict: Verdict, reason: string): void {
    this.candidates.push({ ...report, verdict, reason });
  }
}

function predicted(report: UnsettledReport, accepted: AcceptedProgram): UnsettledReport {
  return { ...costed(report, accepted), error: accepted.prediction.error };
}

function costed(report: UnsettledReport, { score, measures, budget }: Price): UnsettledReport {
  const keyBudget = budget.budgetBytes === undefined ? budget.maxKeys : measures.galoisKeys;
  return { ...report, cost: score[0], measures, keyBudget };
}

function describeMiss(
  least: Prediction | undefined,
  { maxError, maxDisagreement }: Pick<LoweringContext, 'maxError' | 'maxDisagreement'>,
): string {
  if (least === undefined) return 'no chain carries it';
  if (least.error <= maxError && maxDisagreement !== undefined)
    return `changes ${formatError(least.changed)} of the labels, allowed are ${formatLimit(maxDisagreement)}`;
  if (least.error === Infinity) return 'outgrows all bounds under the noise of any chain';
  return `reaches an error of ${formatError(least.error)} or more, allowed is ${formatLimit(maxError)}`;
}

/** Whether lowering it takes more than seconds. */
function isLarge({ products, configuration: { slots } }: Proposal): boolean {
  return products > largeProductCount || products * slots.virtualSlots > largeSlotCount;
}
