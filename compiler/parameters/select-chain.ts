/** Chooses where a packed network is rescaled and its modulus chain: the fewest primes that are accurate enough. */
import type { HeModule } from '../../ir/he/module.ts';
import { hoists } from '../../costs/op-costs.ts';
import { defaultProfile, type EngineProfile, engineProfiles } from '../../costs/profiles.ts';
import { programCost } from '../../costs/program-cost.ts';
import { capacityBits, type PolyModulusDegree } from '../../ir/parameters.ts';
import { withoutBootstraps } from '../../passes/he/bootstrapping/expand-bootstraps.ts';
import type { PassManager } from '../../passes/manager.ts';
import type { KeyOptions } from '../../passes/he/select-keys.ts';
import type { Care } from './affordable-samples.ts';
import type { BootstrappedChain } from './bootstrapped-chains.ts';
import { type Chain, chainsFor } from './chains.ts';
import { ManagedPrograms, type PlacedRescales } from './managed-programs.ts';
import type { Prediction } from './simulate.ts';

export interface Selection {
  readonly program: HeModule;
  readonly prediction: Prediction;
}

export interface SelectionOptions {
  readonly manager: PassManager;
  readonly maxError: number;
  /** The part of samples whose labels may change; any unless given. */
  readonly maxChanged?: number | undefined;
  /** Of the engine that the program is for. */
  readonly profile?: EngineProfile;
  readonly keys?: Omit<KeyOptions, 'engine'>;
  /** The chain whose bootstraps the program has; any that carries it unless given. */
  readonly bootstrapped?: BootstrappedChain | undefined;
  /** What an earlier selection with the same manager has found of the program. */
  readonly programs?: ManagedPrograms;
  /** How a managed program errs; may stop early, and tell of any larger error, once it exceeds `errorLimit`. */
  readonly predict: (program: HeModule, errorLimit: number, care: Care) => Prediction;
}

/**
 * A quick prediction knows the deviation of noise from few values and few keys, within a third or so: what it puts about the
 * allowed error is looked at again, with more care.
 */
const quickBounds = { certain: 0.7, hopeless: 1.4 } as const;

/** Where a quick prediction changes so many times the labels that may change, it is not looked at again. */
const hopelessLabelRatio = 2;

/**
 * What the error falls to, at most, where sums of products with plaintexts are rescaled after their rotations. These cost
 * more a level higher, so it is tried where nothing else of as many primes is accurate enough.
 */
const lateGain = 16;

/**
 * Of chains that differ in their special primes, those with fewer bits for data err more. So where one is not accurate enough, the
 * one with the most bits is looked at; if that errs this many times as much as is allowed, the others are not.
 */
const hopelessErrorRatio = 3;

/**
 * More levels share the bits of a chain among more primes. Where so many more of them one after another err more than fewer did, and
 * all errors are hopeless, those of still more levels are not looked at: predicting a deep program takes a second each time.
 */
const mostWorseLevels = 2;

/** A managed program. */
interface Candidate {
  readonly candidate: HeModule;
  /** That of the same rescales, with the most bits for data, where both have several special primes, whose digits are centred. */
  readonly finest: HeModule | undefined;
}

function hasSeveralSpecials({ parameters }: HeModule): boolean {
  return (parameters?.specialPrimes.length ?? 0) > 1;
}

function finer(one: HeModule | undefined, other: HeModule): HeModule {
  return one === undefined || dataBits(other) > dataBits(one) ? other : one;
}

function dataBits({ parameters }: HeModule): number {
  return parameters === undefined ? 0 : (capacityBits(parameters.primes).at(-1) ?? 0);
}

/** `best` has the least error seen, whether or not it is small enough. */
export function selectChain(
  program: HeModule,
  degree: PolyModulusDegree,
  rangeBits: number,
  { manager, maxError, maxChanged = 1, profile = defaultProfile, keys = {}, predict, ...rest }: SelectionOptions,
): { readonly selection: Selection | undefined; readonly best: Prediction | undefined } {
  let best: Prediction | undefined;
  const { programs = new ManagedPrograms(program, manager), bootstrapped } = rest;
  const chainsOf = (rescaling: PlacedRescales): Chain[] =>
    bootstrapped === undefined
      ? chainsFor(degree, rescaling, rangeBits, capabilities)
      : chainsWith(bootstrapped, rescaling, rangeBits);
  const { name: engine, costs, capabilities, memory } = profile;
  const keyBudget = memory.keyBudget === engineProfiles[engine].memory.keyBudget ? undefined : memory.keyBudget;
  const options = { keys: { ...keys, engine }, hoists: hoists(costs, degree), keyBudget };
  const byLevels = Map.groupBy(programs.rescalings, ({ kinds }) => kinds.length);
  const select = (
    rescalings: readonly PlacedRescales[],
  ): Selection | { readonly least: number; readonly tried: number } => {
    const managed: Candidate[] = [];
    for (const rescaling of rescalings) {
      const outcomes = chainsOf(rescaling).map((chain) => programs.manage(chain, options));
      const own = outcomes.flatMap((outcome) => ('needs' in outcome ? [] : [outcome]));
      const finest = own.filter(hasSeveralSpecials).reduce(finer, undefined);
      managed.push(
        ...own.map((candidate) => ({ candidate, finest: hasSeveralSpecials(candidate) ? finest : undefined })),
      );
      // Bringing two scales together may take a level more than the products do.
      const isShort = outcomes.length > 0 && outcomes.every((outcome) => 'needs' in outcome);
      if (!isShort || rescaling.isLonger || isFoldedLate(rescaling)) continue;
      const longer = { ...rescaling, kinds: ['plain' as const, ...rescaling.kinds], isLonger: true };
      byLevels.set(longer.kinds.length, [...(byLevels.get(longer.kinds.length) ?? []), longer]);
    }
    const priced = managed.map((each) => ({ ...each, cost: programCost(withoutBootstraps(each.candidate), costs) }));
    const known = new Map<HeModule, Prediction>();
    const predictOnce = (candidate: HeModule): Prediction => {
      const prediction = known.get(candidate) ?? predictCarefully(candidate, { maxError, maxChanged, predict });
      known.set(candidate, prediction);
      if (best === undefined || prediction.error < best.error) best = prediction;
      return prediction;
    };
    let least = Infinity;
    const hopeless = new Set<HeModule>();
    for (const { candidate, finest } of priced.sort((x, y) => x.cost - y.cost)) {
      if (finest !== undefined && hopeless.has(finest)) continue;
      const prediction = predictOnce(candidate);
      if (prediction.error <= maxError && prediction.changed <= maxChanged) return { program: candidate, prediction };
      least = Math.min(least, prediction.error);
      if (finest === undefined || prediction.error <= maxError) continue;
      const { error } = predictOnce(finest);
      if (error > hopelessErrorRatio * maxError) hopeless.add(finest);
      least = Math.min(least, error);
    }
    return { least, tried: priced.length };
  };
  let worseLevels = 0;
  for (let levels = 0; levels <= Math.max(...byLevels.keys()); levels++) {
    const rescalings = byLevels.get(levels) ?? [];
    const before = best;
    let selection = select(rescalings);
    if ('least' in selection && selection.least <= lateGain * maxError)
      selection = select(rescalings.flatMap((each) => (each.defer === 0 ? [{ ...each, late: true }] : [])));
    if (!('least' in selection)) return { selection, best };
    if (selection.tried === 0) continue;
    worseLevels = best === before ? worseLevels + 1 : 0;
    if (worseLevels >= mostWorseLevels && (best?.error ?? 0) > hopelessErrorRatio * maxError) break;
  }
  return { selection: undefined, best };
}

/** Of a chain with bootstraps nothing is left to choose; its outputs, too, are above the primes of StC. */
function chainsWith(
  { parameters, effect }: BootstrappedChain,
  { last, defer, late }: PlacedRescales,
  rangeBits: number,
): Chain[] {
  return last === 'rescaled' && defer === 0 ? [{ last, defer, late, parameters, rangeBits, floor: effect.level }] : [];
}

function isFoldedLate({ defer, late }: PlacedRescales): boolean {
  return defer === 0 && late;
}

function predictCarefully(
  program: HeModule,
  { maxError, maxChanged, predict }: Pick<SelectionOptions, 'maxError' | 'predict'> & { readonly maxChanged: number },
): Prediction {
  const quick = predict(program, quickBounds.hopeless * maxError, 'quick');
  if (quick.changed > hopelessLabelRatio * maxChanged) return quick;
  if (quick.error <= quickBounds.certain * maxError || !(quick.error <= quickBounds.hopeless * maxError)) return quick;
  return predict(program, maxError, 'thorough');
}
