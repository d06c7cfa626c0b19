/** Chooses where a packed network is rescaled and its modulus chain: the fewest primes that are accurate enough. */
import type { HeModule } from '../../ir/he/module.ts';
import { hoists } from '../../costs/op-costs.ts';
import { defaultProfile, type EngineProfile } from '../../costs/profiles.ts';
import { programCost } from '../../costs/program-cost.ts';
import type { PolyModulusDegree } from '../../ir/parameters.ts';
import type { PassManager } from '../../passes/manager.ts';
import { placeRescales } from '../../passes/he/rescale-lazily.ts';
import type { KeyOptions } from '../../passes/he/select-keys.ts';
import { manageProgram } from './pipelines.ts';
import type { Care } from './affordable-samples.ts';
import { chainsFor, type Rescaling } from './chains.ts';
import { rescaleKinds } from './rescale-kinds.ts';

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
  { manager, maxError, profile = defaultProfile, keys = {}, predict }: SelectionOptions,
): { readonly selection: Selection | undefined; readonly best: number | undefined } {
  let best: number | undefined;
  const { name: engine, costs, capabilities } = profile;
  const options = { keys: { ...keys, engine }, hoists: hoists(costs, degree) };
  const byLevels = Map.groupBy(rescalings(program), ({ kinds }) => kinds.length);
  for (let levels = 0; levels <= Math.max(...byLevels.keys()); levels++) {
    const managed: HeModule[] = [];
    for (const rescaling of byLevels.get(levels) ?? []) {
      const chains = chainsFor(degree, rescaling, rangeBits, capabilities);
      const outcomes = chains.map((chain) => manageProgram(program, manager, chain, options));
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

interface PlacedRescales extends Rescaling {
  /** Whether a level was added to bring scales together. */
  readonly isLonger: boolean;
}

function predictCarefully(program: HeModule, maxError: number, predict: SelectionOptions['predict']): number {
  const quick = predict(program, errorShares.quick * maxError, 'quick');
  if (quick <= errorShares.certain * maxError || quick > errorShares.quick * maxError) return quick;
  return Math.max(quick, predict(program, errorShares.thorough * maxError, 'thorough'));
}

/** All ways to place rescales that differ. */
function rescalings(program: HeModule): PlacedRescales[] {
  const found: PlacedRescales[] = [];
  const isKnown = (op: Uint8Array): boolean =>
    programs.some((other) => other.length === op.length && other.every((code, id) => code === op[id]));
  const programs: Uint8Array[] = [];
  for (const last of ['rescaled', 'unrescaled'] as const) {
    for (let defer = 0, more = true; more; defer++) {
      more = false;
      for (const late of defer === 0 ? [false] : [false, true]) {
        const { module } = placeRescales(program, { last, defer, late });
        if (isKnown(module.columns.op)) continue;
        more = true;
        programs.push(module.columns.op);
        found.push({ last, defer, late, kinds: rescaleKinds(module), isLonger: false });
      }
    }
  }
  return found;
}
