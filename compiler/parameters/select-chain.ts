/** Chooses the modulus chain of a packed network: the fewest primes whose predicted error is small enough. */
import { chainTooShort, scaleTooLarge } from '../../ir/diagnostics/compile.ts';
import { HepcError } from '../../ir/diagnostics/diagnostic.ts';
import type { HeModule } from '../../ir/he/module.ts';
import type { PassManager } from '../../passes/manager.ts';
import type { Chain } from './chains.ts';
import { manageProgram } from '../pipelines.ts';

export interface Selection {
  readonly program: HeModule;
  readonly predictedError: number;
}

export interface SelectionOptions {
  readonly manager: PassManager;
  readonly maxError: number;
  /** The error of a managed program; may stop early, and return any larger value, once it exceeds `enough`. */
  readonly predict: (program: HeModule, enough: number) => number;
}

/**
 * The part of the allowed error that a prediction may use up: it is the largest error on a few samples, and on many
 * the largest error is larger.
 */
const usable = 0.8;

/** `best` is the least error seen, whether or not it is small enough. */
export function selectChain(
  program: HeModule,
  chains: readonly Chain[],
  { manager, maxError: allowed, predict }: SelectionOptions,
): { readonly selection: Selection | undefined; readonly best: number | undefined } {
  const maxError = usable * allowed;
  let best: number | undefined;
  let selection: Selection | undefined;
  const byPrimes = Map.groupBy(chains, ({ parameters }) => parameters.primes.length);
  for (const length of [...byPrimes.keys()].sort((a, b) => a - b)) {
    // Chains of equal length cost the same, so the most accurate of them is taken.
    for (const chain of byPrimes.get(length) ?? []) {
      const managed = tryChain(program, manager, chain);
      if (managed === undefined) continue;
      const predictedError = predict(managed, Math.min(maxError, selection?.predictedError ?? Infinity));
      best = Math.min(best ?? Infinity, predictedError);
      if (predictedError <= maxError && predictedError < (selection?.predictedError ?? Infinity))
        selection = { program: managed, predictedError };
    }
    if (selection !== undefined) break;
  }
  return { selection, best };
}

/** The managed program, or undefined where the chain does not carry it. */
function tryChain(program: HeModule, manager: PassManager, chain: Chain): HeModule | undefined {
  try {
    return manageProgram(program, manager, chain);
  } catch (error) {
    const unfit: readonly string[] = [chainTooShort.declaration.code, scaleTooLarge.declaration.code];
    if (error instanceof HepcError && error.diagnostics.every(({ code }) => unfit.includes(code))) return undefined;
    throw error;
  }
}
