/**
 * A proposal, lowered: what it costs exactly with the shortest chain that carries it, and then, where that is worth it,
 * with the shortest one that is accurate enough.
 */
import { type Diagnostic, InternalError } from '../../ir/diagnostics/diagnostic.ts';
import type { ClientProfile } from '../../costs/client-costs.ts';
import type { EngineProfile } from '../../costs/profiles.ts';
import type { PlanModule } from '../../ir/plan/plan.ts';
import type { PlanMeasures } from '../../ir/plan/search-report.ts';
import type { TensorModule } from '../../ir/tensor/ops.ts';
import type { PassManager, PassObserver } from '../../passes/manager.ts';
import type { Sample } from '../../ir/interface.ts';
import { scheduleProgram } from '../../passes/he/scheduling/schedule.ts';
import { outputBits, type Overflow, type PackedNetwork, packNetwork } from './pack-network.ts';
import { selectChain } from '../parameters/select-chain.ts';
import type { NetworkMaps } from '../layouts/kernel-catalogue.ts';
import { predictError, type Reference } from '../parameters/simulate.ts';
import { measureProgram } from './measure.ts';
import { type BrokenLimit, brokenLimits, type Goal, isBetter, type Score, scoreOf } from './objective.ts';
import type { Proposal } from './propose.ts';

export interface LoweringContext {
  readonly tensor: TensorModule;
  /** Of its linear nodes, each computed once for all layouts and programs. */
  readonly maps: NetworkMaps;
  /** Of its values on the samples, each measured once. */
  readonly ranges: Map<string, number>;
  readonly samples: readonly Sample[];
  readonly reference: Reference;
  readonly weights: 'plain' | 'encrypted';
  /** Of the engine that the plan is for. */
  readonly profile: EngineProfile;
  readonly client: ClientProfile;
  readonly maxError: number;
  /** Of the noise simulation. */
  readonly seed: number;
  readonly goal: Goal;
  readonly onStep: (step: string) => void;
}

/** What a program takes, without the program, which may be large. */
export interface Price {
  readonly measures: PlanMeasures;
  readonly score: Score;
  /** What the engine cannot do without. */
  readonly neededBytes: number;
  /** Of all its keys. */
  readonly keyBytes: number;
  /** Galois keys that it was held to. */
  readonly maxKeys?: number | undefined;
}

export interface LoweredPlan {
  readonly proposal: Proposal;
  readonly packed: PackedNetwork;
  /** With the shortest chain, within the memory of a worker and the limits; or what that would need. */
  readonly priced: Price | UnmetNeed;
  /** Of the passes that led to it. */
  readonly warnings: readonly Diagnostic[];
}

/** What stands between a proposal and a plan. */
export type UnmetNeed =
  /** No chain carries it. */
  | { readonly needs: 'fewer-levels' }
  /** Its keys and ciphertexts do not fit the memory of the engine, however few keys it is held to. */
  | { readonly needs: 'less-memory'; readonly price: Price }
  | { readonly needs: 'wider-limits'; readonly price: Price; readonly broken: readonly BrokenLimit[] }
  /** No chain is accurate enough; `least` is the smallest error that any reached. */
  | { readonly needs: 'less-error'; readonly least: number | undefined };

export interface AcceptedProgram extends Price {
  readonly program: PlanModule;
  readonly predictedError: number;
  /** Of the passes for this chain and for those that were tried before. */
  readonly warnings: readonly Diagnostic[];
}

export function lowerProposal(
  proposal: Proposal,
  manager: PassManager,
  context: LoweringContext,
): LoweredPlan | Overflow {
  const { tensor, maps, ranges, samples, weights } = context;
  const earlier = manager.warnings.length;
  const packed = packNetwork(tensor, proposal.choice, { maps, ranges, samples, manager, weights });
  if ('needs' in packed) return packed;
  const free = priceWithKeys({ proposal, packed }, undefined, manager, context);
  if (free === undefined) return { proposal, packed, priced: { needs: 'fewer-levels' }, warnings: [] };
  let best = free;
  for (const maxKeys of keyBudgets(free, context)) {
    const held = priceWithKeys({ proposal, packed }, maxKeys, manager, context);
    if (held !== undefined && isPreferred(held, best, context)) best = held;
  }
  return { proposal, packed, priced: withinMeans(best, context), warnings: manager.warnings.slice(earlier) };
}

/** The plan on the shortest chain that is accurate enough, and the least error that any reached. */
export function acceptPlan(
  lowered: LoweredPlan,
  manager: PassManager,
  context: LoweringContext,
): AcceptedProgram | UnmetNeed {
  const { proposal, packed } = lowered;
  const maxKeys = keysOf(lowered);
  const earlier = manager.warnings.length;
  const { selection, best } = selectAccurate({ proposal, packed }, maxKeys, manager, context);
  if (selection === undefined) return { needs: 'less-error', least: best };
  const program = scheduleProgram(selection.program);
  const price = priceOf(program, maxKeys, proposal, context);
  const { predictedError } = selection;
  const within = withinMeans(price, context);
  return 'needs' in within ? within : { ...within, program, predictedError, warnings: manager.warnings.slice(earlier) };
}

/** Runs the passes that lead to an accepted plan again, with a manager that someone watches. */
export function replay(
  lowered: LoweredPlan,
  manager: PassManager,
  context: LoweringContext,
  observer: PassObserver,
): void {
  const { tensor, maps, ranges, samples, weights } = context;
  const packed = packNetwork(tensor, lowered.proposal.choice, { maps, ranges, samples, manager, weights });
  if ('needs' in packed) throw new InternalError('a plan that was lowered no longer can be');
  const { selection } = selectAccurate({ proposal: lowered.proposal, packed }, keysOf(lowered), manager, context);
  if (selection === undefined) throw new InternalError('a plan that was accepted no longer is');
  observer.before?.('schedule', selection.program);
  observer.after?.('schedule', scheduleProgram(selection.program));
}

type PackedProposal = Pick<LoweredPlan, 'proposal' | 'packed'>;

function keysOf({ priced }: LoweredPlan): number | undefined {
  return 'needs' in priced ? undefined : priced.maxKeys;
}

function selectAccurate(
  { proposal, packed }: PackedProposal,
  maxKeys: number | undefined,
  manager: PassManager,
  { maxError, reference, samples, seed, profile, onStep }: LoweringContext,
): ReturnType<typeof selectChain> {
  const { degree } = proposal.configuration;
  return selectChain(packed.program, degree, outputBits(packed, samples), {
    manager,
    maxError,
    profile,
    keys: { maxKeys },
    predict: (program, errorLimit, care) => {
      onStep(`predicting the error at N = ${degree}`);
      return predictError(packed.tile, program, reference, { seed, errorLimit, care });
    },
  });
}

function priceWithKeys(
  { proposal, packed }: PackedProposal,
  maxKeys: number | undefined,
  manager: PassManager,
  context: LoweringContext,
): Price | undefined {
  // Whatever the error and the room of outputs: the shortest chain is a bound for those that will do.
  const { selection } = selectChain(packed.program, proposal.configuration.degree, 0, {
    manager,
    maxError: 1,
    profile: context.profile,
    keys: { maxKeys },
    predict: () => 0,
  });
  return selection && priceOf(scheduleProgram(selection.program), maxKeys, proposal, context);
}

function priceOf(
  program: PlanModule,
  maxKeys: number | undefined,
  { configuration }: Proposal,
  { goal, profile, client }: LoweringContext,
): Price {
  const { measures, neededBytes, keyBytes } = measureProgram(program, configuration, { profile, client });
  return { measures, score: scoreOf(measures, goal), neededBytes, keyBytes, maxKeys };
}

/** The price, if the engine and the limits have room for what it buys. */
function withinMeans(price: Price, { goal: { limits }, profile }: LoweringContext): Price | UnmetNeed {
  if (price.neededBytes > profile.memory.limit) return { needs: 'less-memory', price };
  const broken = brokenLimits(price.measures, limits);
  return broken.length > 0 ? { needs: 'wider-limits', price, broken } : price;
}

/** Numbers of Galois keys to hold a program to: fewer keys are more rotations, and less memory. */
function keyBudgets(
  { measures, keyBytes, neededBytes }: Price,
  { goal: { objective, limits }, profile }: LoweringContext,
): number[] {
  const { galoisKeys, peakBytes } = measures;
  const without = (excess: number): number => galoisKeys - Math.ceil((excess * galoisKeys) / keyBytes);
  const budgets = objective === 'memory' ? [Math.ceil(galoisKeys / 2), 1] : [];
  if (limits.galoisKeys !== undefined) budgets.push(Math.max(1, limits.galoisKeys));
  if (limits.memoryBytes !== undefined && peakBytes > limits.memoryBytes)
    budgets.push(Math.max(1, without(peakBytes - limits.memoryBytes)), 1);
  const excess = neededBytes - profile.memory.limit;
  // Keys that stay may be larger than those that go: they are used at higher levels then.
  if (excess > 0) budgets.push(Math.max(1, without(excess)), Math.max(1, without(1.5 * excess)));
  return [...new Set(budgets)].filter((budget) => budget < galoisKeys);
}

/** Whether `a` breaks fewer limits than `b`, or as many and is better. */
function isPreferred(a: Price, b: Price, { goal, profile }: LoweringContext): boolean {
  const broken = ({ measures, neededBytes }: Price): number =>
    brokenLimits(measures, goal.limits).length + (neededBytes > profile.memory.limit ? 1 : 0);
  return broken(a) < broken(b) || (broken(a) === broken(b) && isBetter(a.score, b.score));
}
