/** Chooses where a packed network is rescaled and its modulus chain: the fewest primes that are accurate enough. */
import type { HeModule } from '../../ir/he/module.ts';
import { hoists } from '../../costs/op-costs.ts';
import { defaultProfile, type EngineProfile } from '../../costs/profiles.ts';
import { programCost } from '../../costs/program-cost.ts';
import type { PolyModulusDegree } from '../../ir/parameters.ts';
import type { PassManager } from '../../passes/manager.ts';
import type { KeyOptions } from '../../passes/he/select-keys.ts';
import type { Care } from './affordable-samples.ts';
import { chainsFor } from './chains.ts';
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

/**
 * What the error falls to, at most, where sums of products with plaintexts are rescaled after their rotations. These cost
 * more a level higher, so it is tried where nothing else of as many primes is accurate enough.
 */
const lateGain = 16;

/** `best` has the least error seen, whether or not it is small enough. */
export function selectChain(
  program: HeModule,
  degree: PolyModulusDegree,
  rangeBits: number,
  { manager, maxError, maxChanged = 1, profile = defaultProfile, keys = {}, predict, ...rest }: SelectionOptions,
): { readonly selection: Selection | undefined; readonly best: Prediction | undefined } {
  let best: Prediction | undefined;
  const { programs = new ManagedPrograms(program, manager) } = rest;
  const { name: engine, costs, capabilities } = profile;
  const options = { keys: { ...keys, engine }, hoists: hoists(costs, degree) };
  const byLevels = Map.groupBy(programs.rescalings, ({ kinds }) => kinds.length);
  const select = (rescalings: readonly PlacedRescales[]): Selection | { readonly least: number } => {
    const managed: HeModule[] = [];
    for (const rescaling of rescalings) {
      const chains = chainsFor(degree, rescaling, rangeBits, capabilities);
      const outcomes = chains.map((chain) => programs.manage(chain, options));
      managed.push(...outcomes.flatMap((outcome) => ('needs' in outcome ? [] : [outcome])));
      // Bringing two scales together may take a level more than the products do.
      const isShort = outcomes.length > 0 && outcomes.every((outcome) => 'needs' in outcome);
      if (!isShort || rescaling.isLonger || isFoldedLate(rescaling)) continue;
      const longer = { ...rescaling, kinds: ['plain' as const, ...rescaling.kinds], isLonger: true };
      byLevels.set(longer.kinds.length, [...(byLevels.get(longer.kinds.length) ?? []), longer]);
    }
    const priced = managed.map((candidate) => ({ candidate, cost: programCost(candidate, costs) }));
    let least = Infinity;
    for (const { candidate } of priced.sort((x, y) => x.cost - y.cost)) {
      const prediction = predictCarefully(candidate, maxError, predict);
      if (best === undefined || prediction.error < best.error) best = prediction;
      if (prediction.error <= maxError && prediction.changed <= maxChanged) return { program: candidate, prediction };
      least = Math.min(least, prediction.error);
    }
    return { least };
  };
  for (let levels = 0; levels <= Math.max(...byLevels.keys()); levels++) {
    const rescalings = byLevels.get(levels) ?? [];
    let selection = select(rescalings);
    if ('least' in selection && selection.least <= lateGain * maxError)
      selection = select(rescalings.flatMap((each) => (each.defer === 0 ? [{ ...each, late: true }] : [])));
    if (!('least' in selection)) return { selection, best };
  }
  return { selection: undefined, best };
}

function isFoldedLate({ defer, late }: PlacedRescales): boolean {
  return defer === 0 && late;
}

function predictCarefully(program: HeModule, maxError: number, predict: SelectionOptions['predict']): Prediction {
  const quick = predict(program, quickBounds.hopeless * maxError, 'quick');
  if (quick.error <= quickBounds.certain * maxError || !(quick.error <= quickBounds.hopeless * maxError)) return quick;
  return predict(program, maxError, 'thorough');
}
