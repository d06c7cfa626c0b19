/**
 * A proposal, lowered: what it costs exactly with the shortest chain that carries it, and then, where that is worth it,
 * with the shortest one that is accurate enough.
 */
import { type Diagnostic, InternalError } from '../../ir/diagnostics/diagnostic.ts';
import type { ClientProfile } from '../../costs/client-costs.ts';
import type { EngineProfile } from '../../costs/profiles.ts';
import type { HeModule } from '../../ir/he/module.ts';
import type { PlanModule } from '../../ir/plan/plan.ts';
import type { TensorModule } from '../../ir/tensor/ops.ts';
import type { PassManager, PassObserver } from '../../passes/manager.ts';
import type { Sample } from '../../ir/interface.ts';
import { expandBootstraps, withoutBootstraps } from '../../passes/he/bootstrapping/expand-bootstraps.ts';
import { scheduleProgram } from '../../passes/he/scheduling/schedule.ts';
import { afterRounds, type Progress } from './progress.ts';
import { constantBits, outputBits, type Overflow, type PackedNetwork, packNetwork } from './pack-network.ts';
import type { BootstrappedChain } from '../parameters/bootstrapped-chains.ts';
import { ManagedPrograms } from '../parameters/managed-programs.ts';
import { selectChain } from '../parameters/select-chain.ts';
import type { PlacedWeights } from '../lowering/placed-weights.ts';
import type { NetworkMaps } from '../layouts/kernel-catalogue.ts';
import { changedDecisions, type ClearRun, type Reference } from '../parameters/reference.ts';
import { type Prediction, predictError } from '../parameters/simulate.ts';
import { measureProgram, parametersOf } from './measure.ts';
import { type Goal, scoreOf } from './objective.ts';
import { keyCounts, smallerKeys } from './key-budgets.ts';
import { memoryDemand } from './memory-demand.ts';
import { isPreferred, type KeyBudget, type Price, type UnmetNeed, withinMeans } from './price.ts';
import type { Proposal } from './propose.ts';

/** Smaller keys that are tried one after another until a program fits. */
const mostRounds = 4;

export interface LoweringContext {
  readonly tensor: TensorModule;
  /** Of its linear nodes, each computed once for all layouts and programs. */
  readonly maps: NetworkMaps;
  /** Of its values on the samples, each measured once. */
  readonly ranges: Map<string, number>;
  /** Weights placed for the programs that are weighed against each other. */
  readonly placed?: PlacedWeights;
  readonly samples: readonly Sample[];
  readonly reference: Reference;
  /** Of `tensor` on the rows of the reference. */
  readonly clear: ClearRun;
  readonly weights: 'plain' | 'encrypted';
  /** Of the engine that the plan is for. */
  readonly profile: EngineProfile;
  readonly client: ClientProfile;
  readonly maxError: number;
  /** The part of samples whose labels may change; undefined for any. */
  readonly maxDisagreement: number | undefined;
  /** Of the noise simulation. */
  readonly seed: number;
  readonly goal: Goal;
  /** The chain whose bootstraps are the refreshes of `tensor`, where it has any. */
  readonly bootstrapped?: BootstrappedChain | undefined;
  /** Of what is being done with this context. */
  readonly progress: Progress;
}

export interface LoweredPlan {
  readonly proposal: Proposal;
  readonly packed: PackedNetwork;
  readonly programs: ManagedPrograms;
  /** With the shortest chain, within the memory of a worker and the limits; or what that would need. */
  readonly priced: Price | UnmetNeed;
  /** Of the passes that led to it. */
  readonly warnings: readonly Diagnostic[];
}

export interface AcceptedProgram extends Price {
  readonly program: PlanModule;
  /** What was predicted: the program, with its bootstraps as they are said to be where it has any. */
  readonly predicted: HeModule | PlanModule;
  readonly prediction: Prediction;
  /** Of the passes for this chain and for those that were tried before. */
  readonly warnings: readonly Diagnostic[];
}

export function lowerProposal(
  proposal: Proposal,
  manager: PassManager,
  context: LoweringContext,
): LoweredPlan | Overflow {
  const { tensor, maps, ranges, placed, samples, weights, bootstrapped } = context;
  const bootstrapping = bootstrapped?.effect;
  const earlier = manager.warnings.length;
  const packed = packNetwork(tensor, proposal.choice, {
    ...{ maps, ranges, placed, samples, manager, weights, bootstrapping },
  });
  if ('needs' in packed) return packed;
  context.progress.at(0.4);
  const programs = new ManagedPrograms(packed.program, manager);
  const free = priceWithKeys({ proposal, packed, programs }, {}, manager, context);
  if (free === undefined) return { proposal, packed, programs, priced: { needs: 'fewer-levels' }, warnings: [] };
  context.progress.at(0.7);
  let best = free;
  const price = (budget: KeyBudget): Price | undefined =>
    priceWithKeys({ proposal, packed, programs }, budget, manager, context);
  for (const budget of keyCounts(free.measures, context)) {
    const held = price(budget);
    if (held !== undefined && isPreferred(held, best, context)) best = held;
  }
  let last: Price | undefined = best;
  for (let round = 0; round < mostRounds; round++) {
    const budget: KeyBudget | undefined = last && smallerKeys(last, context);
    last = budget && price(budget);
    if (last !== undefined && isPreferred(last, best, context)) best = last;
  }
  return { proposal, packed, programs, priced: withinMeans(best, context), warnings: manager.warnings.slice(earlier) };
}

/** The plan on the shortest chain that is accurate enough, and the least error that any reached. */
export function acceptPlan(
  lowered: LoweredPlan,
  manager: PassManager,
  context: LoweringContext,
): AcceptedProgram | UnmetNeed {
  const earlier = manager.warnings.length;
  let budget: KeyBudget | undefined = budgetOf(lowered);
  let outcome = acceptWithKeys(lowered, budget, manager, context);
  // The chain that is accurate enough is longer than the shortest one, and its keys are larger.
  for (let round = 0; round < mostRounds && 'needs' in outcome && 'price' in outcome; round++) {
    budget = smallerKeys(outcome.price, context);
    if (budget === undefined) break;
    outcome = acceptWithKeys(lowered, budget, manager, context);
  }
  return 'needs' in outcome ? outcome : { ...outcome, warnings: manager.warnings.slice(earlier) };
}

function acceptWithKeys(
  { proposal, packed, programs }: LoweredPlan,
  budget: KeyBudget,
  manager: PassManager,
  context: LoweringContext,
): Omit<AcceptedProgram, 'warnings'> | UnmetNeed {
  const { selection, best } = selectAccurate({ proposal, packed, programs }, budget, manager, context);
  if (selection === undefined) return { needs: 'less-error', least: best };
  const program = scheduleProgram(withoutBootstraps(selection.program));
  const within = withinMeans(priceOf(program, budget, proposal, context), context);
  if ('needs' in within) return within;
  const predicted = selection.program.bootstrapping === undefined ? program : selection.program;
  return { ...within, program, predicted, prediction: selection.prediction };
}

/** Runs the passes that lead to an accepted plan again, with a manager that someone watches. */
export function replay(
  lowered: LoweredPlan,
  accepted: AcceptedProgram,
  manager: PassManager,
  context: LoweringContext,
  observer: PassObserver,
): void {
  const { tensor, maps, ranges, samples, weights, bootstrapped } = context;
  const bootstrapping = bootstrapped?.effect;
  const packed = packNetwork(tensor, lowered.proposal.choice, {
    ...{ maps, ranges, samples, manager, weights, bootstrapping },
  });
  if ('needs' in packed) throw new InternalError('a plan that was lowered no longer can be');
  const { selection } = selectAccurate({ proposal: lowered.proposal, packed }, accepted.budget, manager, context);
  if (selection === undefined) throw new InternalError('a plan that was accepted no longer is');
  const program = manager.run(expandBootstraps, selection.program, {});
  observer.before?.('schedule', program);
  observer.after?.('schedule', scheduleProgram(program));
}

type PackedProposal = Pick<LoweredPlan, 'proposal' | 'packed'> & Partial<Pick<LoweredPlan, 'programs'>>;

function budgetOf({ priced }: LoweredPlan): KeyBudget {
  return 'needs' in priced ? {} : priced.budget;
}

function selectAccurate(
  { proposal, packed, ...known }: PackedProposal,
  keys: KeyBudget,
  manager: PassManager,
  context: LoweringContext,
): ReturnType<typeof selectChain> {
  const { maxError, reference, clear, samples, seed, profile, progress } = context;
  const { degree } = proposal.configuration;
  let predictions = 0;
  return selectChain(packed.program, degree, outputBits(packed, samples), {
    manager,
    maxError,
    maxChanged: context.maxDisagreement,
    profile,
    keys,
    bootstrapped: context.bootstrapped,
    ...known,
    predict: (program, errorLimit, care) => {
      progress.begin(`predicting the error at N = ${degree}`, afterRounds(predictions++));
      return withLabels(predictError(packed.tile, program, reference, clear, { seed, errorLimit, care }), context);
    },
  });
}

/** The prediction with the labels that change, where that matters and errors are small enough. */
function withLabels(
  prediction: Prediction,
  { reference, clear, maxDisagreement, maxError, seed }: LoweringContext,
): Prediction {
  if (maxDisagreement === undefined || prediction.error > maxError) return prediction;
  return { ...prediction, changed: changedDecisions(reference, clear, { noise: prediction.noise, seed }) };
}

function priceWithKeys(
  { proposal, packed, ...known }: PackedProposal,
  keys: KeyBudget,
  manager: PassManager,
  context: LoweringContext,
): Price | undefined {
  // Whatever the error and the room of outputs: the shortest chain is a bound for those that will do.
  const { selection } = selectChain(packed.program, proposal.configuration.degree, constantBits(packed), {
    manager,
    maxError: 1,
    profile: context.profile,
    keys,
    bootstrapped: context.bootstrapped,
    ...known,
    predict: () => ({ error: 0, noise: 0, changed: 0 }),
  });
  return selection && priceOf(scheduleProgram(withoutBootstraps(selection.program)), keys, proposal, context);
}

function priceOf(
  program: PlanModule,
  budget: KeyBudget,
  { configuration }: Proposal,
  { goal, profile, client }: LoweringContext,
): Price {
  const { measures, neededBytes, use } = measureProgram(program, configuration, { profile, client });
  const score = scoreOf(measures, goal);
  const isTooLarge = neededBytes > profile.memory.limit || measures.peakBytes > (goal.limits.memoryBytes ?? Infinity);
  const demand = isTooLarge ? memoryDemand({ ...program, parameters: parametersOf(program) }, use, profile) : undefined;
  return { measures, score, neededBytes, keyBytes: use.keys, budget, demand };
}
