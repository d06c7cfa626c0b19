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
import { ManagedPrograms } from './managed-programs.ts';

export interface Selection {
  readonly program: HeModule;
  readonly predictedError: number;
}

export interface SelectionOptions {
  readonly manager: PassManager;
  readonly maxError: number;
  /** Of the engine that the program is for. */
  readonly profile?: EngineProfile;
  readonly keys?: Omit<KeyOptions, 'engine'>;
  /** What an earlier selection with the same manager has found of the program. */
  readonly programs?: ManagedPrograms;
  /** The error of a managed program; may stop early, and return any larger value, once it exceeds `errorLimit`. */
  readonly predict: (program: HeModule, errorLimit: number, care: Care) => number;
}

/**
 * The parts of the allowed error that predictions may use up. On many samples the largest error is larger than on the few
 * that a quick prediction looks at, by a factor of two or so: what it puts between a third and the whole is looked at
 * again, with more care.
 */
const errorShares = { certain: 0.35, quick: 0.9, thorough: 0.8 } as const;

/** `best` is the least error seen, whether or not it is small enough. */
export function selectChain(
  program: HeModule,
  degree: PolyModulusDegree,
  rangeBits: number,
  { manager, maxError, profile = defaultProfile, keys = {}, predict, ...rest }: SelectionOptions,
): { readonly selection: Selection | undefined; readonly best: number | undefined } {
  let best: number | undefined;
  const { programs = new ManagedPrograms(program, manager) } = rest;
  const { name: engine, costs, capabilities } = profile;
  const options = { keys: { ...keys, engine }, hoists: hoists(costs, degree) };
  const byLevels = Map.groupBy(programs.rescalings, ({ kinds }) => kinds.length);
  for (let levels = 0; levels <= Math.max(...byLevels.keys()); levels++) {
    const managed: HeModule[] = [];
    for (const rescaling of byLevels.get(levels) ?? []) {
      const chains = chainsFor(degree, rescaling, rangeBits, capabilities);
      const outcomes = chains.map((chain) => programs.manage(chain, options));
      managed.push(...outcomes.flatMap((outcome) => ('needs' in outcome ? [] : [outcome])));
      // Bringing two scales together may take a level more than the products do.
      const isShort = outcomes.length > 0 && outcomes.every((outcome) => 'needs' in outcome);
      if (!isShort || rescaling.isLonger) continue;
      const longer = { ...rescaling, kinds: ['plain' as const, ...rescaling.kinds], isLonger: true };
      byLevels.set(levels + 1, [...(byLevels.get(levels + 1) ?? []), longer]);
    }
    const priced = managed.map((candidate) => ({ candidate, cost: programCost(candidate, costs) }));
    for (const { candidate } of priced.sort((x, y) => x.cost - y.cost)) {
      const predictedError = predictCarefully(candidate, maxError, predict);
      best = Math.min(best ?? Infinity, predictedError);
      if (predictedError <= errorShares.thorough * maxError)
        return { selection: { program: candidate, predictedError }, best };
    }
  }
  return { selection: undefined, best };
}

function predictCarefully(program: HeModule, maxError: number, predict: SelectionOptions['predict']): number {
  const quick = predict(program, errorShares.quick * maxError, 'quick');
  if (quick <= errorShares.certain * maxError || quick > errorShares.quick * maxError) return quick;
  return Math.max(quick, predict(program, errorShares.thorough * maxError, 'thorough'));
}
