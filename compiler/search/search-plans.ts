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
import { hoists } from '../../costs/op-costs.ts';
import { programCost } from '../../costs/program-cost.ts';
import { type PolyModulusDegree, polyModulusDegrees, workerHeapBytes } from '../../ir/parameters.ts';
import type { NodeRef } from '../../ir/diagnostics/diagnostic.ts';
import type { CandidateReport, ConfigurationReport, Verdict } from '../../ir/plan/search-report.ts';
import type { PassManager } from '../../passes/manager.ts';
import type { NetworkMaps } from '../layouts/kernel-catalogue.ts';
import { carriesDepth } from '../parameters/chains.ts';
import {
  acceptPlan,
  type AcceptedProgram,
  type LoweredPlan,
  type LoweringContext,
  lowerProposal,
} from './lowered-plan.ts';
import { configurationsFor } from './configurations.ts';
import { type Aim, type BrokenLimit, brokenLimits, compromises, isBetter } from './objective.ts';
import { latencyAim, type Proposal, Proposer, signatureOf } from './propose.ts';

/** Proposals of one configuration that may be lowered. */
const finalists = 3;

/** What an estimate may be above the exact cost: sharing between layers and pruned tiles are not in it. */
const safety = 1.3;

/** Products beyond which only the cheapest proposal is lowered: that takes seconds, and estimates are good there. */
const largeProgram = 50_000;

/** A program whose least error exceeds the allowed one this many times says that no other at this degree will do. */
const hopelessError = 3;

export interface Found {
  readonly plan: LoweredPlan;
  readonly accepted: AcceptedProgram;
}

/** A plan that is right but for a limit. */
export interface NearMiss {
  readonly broken: readonly BrokenLimit[];
  readonly degree: PolyModulusDegree;
}

export interface SearchOutcome {
  readonly found: Found | undefined;
  readonly configurations: readonly ConfigurationReport[];
  readonly candidates: readonly CandidateReport[];
  /** The plan that exceeds the limits least. */
  readonly nearest: NearMiss | undefined;
  /** Bytes that the smallest plan needs where none fits a worker. */
  readonly leastHeap: number | undefined;
  /** The least error of any program. */
  readonly leastError: number | undefined;
  /** Depth of the last program that was lowered, with the nodes on its deepest way. */
  readonly deepest: { readonly depth: number; readonly path: readonly NodeRef[] } | undefined;
}

export function searchPlans(depth: number, manager: PassManager, context: LoweringContext): SearchOutcome {
  return new PlanSearch(depth, manager, context).run();
}

class PlanSearch {
  private readonly depth: number;
  private readonly manager: PassManager;
  private readonly context: LoweringContext;
  private readonly maps: NetworkMaps = new Map();
  private readonly configurations: ConfigurationReport[] = [];
  private readonly candidates: CandidateReport[] = [];
  private found: Found | undefined;
  private nearest: NearMiss | undefined;
  private leastHeap: number | undefined;
  private leastError: number | undefined;
  private deepest: SearchOutcome['deepest'];

  constructor(depth: number, manager: PassManager, context: LoweringContext) {
    this.depth = depth;
    this.manager = manager;
    this.context = context;
  }

  run(): SearchOutcome {
    for (const degree of polyModulusDegrees) {
      if (!carriesDepth(degree, this.depth)) {
        this.skip(degree, 1, `no modulus chain carries ${this.depth} levels`);
      } else if (this.found !== undefined && !this.mayPay(degree, this.found)) {
        this.skip(degree, 1, 'half as many operations as the best plan has would cost more here');
      } else {
        this.searchDegree(degree);
      }
    }
    const { found, configurations, candidates, nearest, leastHeap, leastError, deepest } = this;
    return { found, configurations, candidates, nearest, leastHeap, leastError, deepest };
  }

  private searchDegree(degree: PolyModulusDegree): void {
    const { goal, table, tensor, onStep } = this.context;
    onStep(`choosing layouts for N = ${degree}`);
    const spareLevels = [1, 2].filter((more) => carriesDepth(degree, this.depth + more)).length;
    const network = { module: tensor, maps: this.maps, depth: this.depth, spareLevels };
    const proposers = configurationsFor(degree, goal, hoists(table, degree))
      .map((configuration) => new Proposer(network, configuration, goal, table))
      .map((proposer) => ({ proposer, least: proposer.least() }))
      .sort((a, b) => a.least - b.least);
    const proposals: { proposal: Proposal; configuration: number }[] = [];
    const seen = new Set<string>();
    const indices = new Map<Proposer, number>();
    for (const { proposer, least } of proposers) {
      const bound = safety * Math.min(this.bestCost(), ...proposals.map(({ proposal }) => proposal.estimate));
      const { batchTile } = proposer.configuration.slots;
      if (least > bound) {
        this.skip(degree, batchTile, 'its products alone cost more than the best plan');
        continue;
      }
      indices.set(proposer, this.configurations.length);
      const wanted = proposals.length > 0 ? 2 : finalists;
      for (const [k, aim] of this.aims(proposer).entries()) {
        const result = proposer.propose(aim, k === 0 ? wanted : 1, bound);
        if (k === 0) this.note(proposer, result.search.states, result.search.exact, result.proposals[0]);
        for (const proposal of result.proposals) {
          const signature = signatureOf(proposal);
          if (seen.has(signature)) continue;
          seen.add(signature);
          proposals.push({ proposal, configuration: indices.get(proposer) ?? 0 });
        }
      }
    }
    const isWithin = this.weigh(proposals);
    const [cheapest] = proposals.toSorted((a, b) => a.proposal.estimate - b.proposal.estimate);
    if (isWithin || cheapest === undefined) return;
    // Nothing of it keeps the limits: give up some of the objective for what they limit.
    const more: { proposal: Proposal; configuration: number }[] = [];
    for (const [proposer, configuration] of indices) {
      for (const aim of compromises(goal, proposer.aim(), cheapest.proposal.choice.cost)) {
        for (const proposal of proposer.propose(aim, 2, Infinity).proposals) {
          const signature = signatureOf(proposal);
          if (!seen.has(signature)) more.push({ proposal, configuration });
          seen.add(signature);
        }
      }
    }
    this.weigh(more);
  }

  /** What to minimise: the objective first, then what decides between equals or what estimates of it are rough in. */
  private aims(proposer: Proposer): Aim[] {
    const primary = proposer.aim();
    return primary.name === 'latency' || primary.name === 'throughput' ? [primary] : [primary, latencyAim()];
  }

  /** Lowers what may be the best, and accepts the best that is accurate. Returns whether any keeps the limits. */
  private weigh(proposals: readonly { readonly proposal: Proposal; readonly configuration: number }[]): boolean {
    const { goal, onStep } = this.context;
    const lowered: { plan: LoweredPlan; report: Omit<CandidateReport, 'verdict' | 'reason'> }[] = [];
    let isWithin = false;
    let bestCost = this.bestCost();
    const ordered = proposals.toSorted((a, b) => a.proposal.estimate - b.proposal.estimate);
    for (const { proposal, configuration } of ordered) {
      const { estimate, aim, products } = proposal;
      const report = { configuration, aim: aim.name, estimate };
      // Estimates of memory are rough: keys that layers share count for each of them.
      if (goal.objective !== 'memory' && estimate > safety * bestCost) {
        this.report(report, 'not lowered', 'its estimate is far above the best plan');
        continue;
      }
      if (products > largeProgram && lowered.length > 0) {
        this.report(report, 'not lowered', `a program of ${products} products, and there is a cheaper one`);
        continue;
      }
      onStep(`weighing a plan at N = ${proposal.configuration.degree}`);
      const plan = lowerProposal(proposal, this.manager, this.context);
      const { packed, priced } = plan;
      this.deepest = { depth: packed.depth, path: packed.path };
      if (priced === undefined) {
        this.report(report, 'too deep', `no modulus chain carries its ${packed.depth} levels`);
        continue;
      }
      const { measures, score, maxKeys, heapBytes } = priced;
      const costed = { ...report, cost: score[0], measures, keyBudget: maxKeys };
      const broken = brokenLimits(measures, goal.limits);
      if (heapBytes > workerHeapBytes) {
        this.leastHeap = Math.min(this.leastHeap ?? Infinity, heapBytes);
        this.report(costed, 'memory', 'its keys and ciphertexts do not fit the heap of a worker');
      } else if (broken.length > 0) {
        this.missed(broken, proposal.configuration.degree);
        this.report(
          costed,
          'limit',
          broken.map(({ option, needed, most }) => `${option}: ${needed} of ${most}`).join(', '),
        );
      } else {
        isWithin = true;
        bestCost = Math.min(bestCost, score[0]);
        lowered.push({ plan, report: costed });
      }
    }
    this.accept(lowered);
    return isWithin;
  }

  /** From the cheapest on, until one is accurate: what that takes above the shortest chain, others take as well. */
  private accept(
    lowered: readonly { readonly plan: LoweredPlan; readonly report: Omit<CandidateReport, 'verdict' | 'reason'> }[],
  ): void {
    const { maxError, goal } = this.context;
    const scoreOf = ({ priced }: LoweredPlan) => priced?.score ?? ([Infinity, Infinity] as const);
    const ordered = lowered.toSorted((a, b) => (isBetter(scoreOf(a.plan), scoreOf(b.plan)) ? -1 : 1));
    let isHopeless = false;
    let isSettled = false;
    for (const { plan, report } of ordered) {
      const best = this.found?.accepted.score;
      if (isSettled || (best !== undefined && !isBetter(scoreOf(plan), best))) {
        this.report(report, 'costlier', 'another plan is cheaper');
        continue;
      }
      if (isHopeless) {
        this.report(report, 'inaccurate', 'a cheaper plan of the same degree is far from accurate');
        continue;
      }
      const { accepted, leastError } = acceptPlan(plan, this.manager, this.context);
      if (leastError !== undefined) this.leastError = Math.min(this.leastError ?? Infinity, leastError);
      if (accepted === undefined) {
        const reached = leastError === undefined ? 'no chain' : `an error of ${leastError.toPrecision(2)}`;
        this.report(report, 'inaccurate', `reaches ${reached}, allowed is ${maxError}`);
        isHopeless = (leastError ?? Infinity) > hopelessError * maxError;
        continue;
      }
      const costed = { ...report, cost: accepted.score[0], measures: accepted.measures };
      const broken = brokenLimits(accepted.measures, goal.limits);
      if (broken.length > 0) {
        this.missed(broken, plan.proposal.configuration.degree);
        this.report(costed, 'limit', 'the chain that is accurate enough takes more than a limit allows');
      } else if (best !== undefined && !isBetter(accepted.score, best)) {
        this.report(costed, 'costlier', 'on the chain that is accurate enough another plan is cheaper');
      } else {
        this.replace();
        this.found = { plan, accepted };
        isSettled = true;
        this.report(costed, 'chosen', `predicted error ${accepted.predictedError.toPrecision(2)} of ${maxError}`);
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

  private missed(broken: readonly BrokenLimit[], degree: PolyModulusDegree): void {
    const excess = (limits: readonly BrokenLimit[]): number =>
      limits.reduce((worst, { needed, most }) => Math.max(worst, needed / most), 0);
    if (this.nearest === undefined || excess(broken) < excess(this.nearest.broken)) this.nearest = { broken, degree };
  }

  private bestCost(): number {
    return this.found?.accepted.score[0] ?? Infinity;
  }

  /**
   * Whether a larger degree can pay. One of its ciphertexts does what two of half the slots do at most, so that a plan
   * there takes at least half of the operations of the best plan here, each at the price that it has there.
   */
  private mayPay(degree: PolyModulusDegree, { accepted }: Found): boolean {
    const { goal, table } = this.context;
    const { parameters } = accepted.program;
    // Keys and ciphertexts take twice as many bytes there.
    if (goal.objective === 'memory' || goal.objective === 'upload' || parameters === undefined) return false;
    const there = { ...accepted.program, parameters: { ...parameters, polyModulusDegree: degree } };
    const share = parameters.polyModulusDegree / degree;
    return share * programCost(there, table) < programCost(accepted.program, table);
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

  private report(report: Omit<CandidateReport, 'verdict' | 'reason'>, verdict: Verdict, reason: string): void {
    this.candidates.push({ ...report, verdict, reason });
  }
}
