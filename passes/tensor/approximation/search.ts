/** The cheapest polynomials, one for each activation, that keep the model's outputs within the allowed error. */
import type { ValueId } from '../../../ir/op.ts';
import type { ActivationFit, Criterion, PolynomialAttrs } from './fit.ts';
import { maxDegree } from './remez.ts';
import type { ActivationTrial, Replacements } from './trial.ts';

/** The highest degree of each depth: ⌈log2(degree + 1)⌉ levels, and one for a quadratic. */
const degreesByDepth = [2, 3, 7, 15, 31, 63, maxDegree];

/** Degrees in between save products, but no level. */
const allDegrees = [2, 3, 5, 7, 11, 15, 23, 31, 47, 63, 95, maxDegree];

/** The polynomial of one activation. */
interface Choice {
  readonly degree: number;
  readonly criterion: Criterion;
}

export interface Found {
  readonly polynomials: Replacements;
  /** In the unit of the trial. */
  readonly error: number;
}

/** No degree is enough: what the highest one does, and the activation that alone changes the outputs most. */
export interface NotFound {
  readonly error: number;
  readonly worst: ActivationFit;
}

/**
 * Finds the least depth that all activations can share, then lowers one activation after another as long as the
 * error stays allowed: first in depth, then in degree within the same depth.
 */
export function searchPolynomials(
  fits: readonly ActivationFit[],
  trial: ActivationTrial,
  criteria: readonly Criterion[],
  allowed: number,
): Found | NotFound {
  const search = new Search(fits, trial, criteria, allowed);
  for (const degree of degreesByDepth) {
    const found = search.bestCommon(degree, allowed);
    if (found !== undefined) return search.lower(search.lower(found, degreesByDepth), allDegrees).found;
  }
  return search.explainFailure();
}

interface State {
  readonly choices: readonly Choice[];
  readonly found: Found;
}

class Search {
  private readonly fits: readonly ActivationFit[];
  private readonly trial: ActivationTrial;
  private readonly criteria: readonly Criterion[];
  private readonly allowed: number;

  constructor(fits: readonly ActivationFit[], trial: ActivationTrial, criteria: readonly Criterion[], allowed: number) {
    this.fits = fits;
    this.trial = trial;
    this.criteria = criteria;
    this.allowed = allowed;
  }

  /** The same degree everywhere, by the criterion with the smaller error. */
  bestCommon(degree: number, errorBound: number): State | undefined {
    return this.best(
      this.criteria.map((criterion) => this.fits.map(() => ({ degree, criterion }))),
      errorBound,
    );
  }

  /** Lowers activations in turn, each to the next of `degrees`, until none can be lowered further. */
  lower(start: State, degrees: readonly number[]): State {
    let state = start;
    const open = new Set(this.fits.keys());
    while (open.size > 0) {
      for (const k of [...open]) {
        const degree = degrees.findLast((candidate) => candidate < (state.choices[k]?.degree ?? 0));
        const lowered =
          degree === undefined
            ? undefined
            : this.best(
                this.criteria.map((criterion) => state.choices.with(k, { degree, criterion })),
                this.allowed,
              );
        if (lowered === undefined) open.delete(k);
        else state = lowered;
      }
    }
    return state;
  }

  explainFailure(): NotFound {
    const common = this.bestCommon(maxDegree, Infinity);
    const effects = this.fits.map((fit) => {
      const errors = this.criteria.map((criterion) =>
        this.trial.error(new Map([[fit.activation.node.id, fit.polynomial(maxDegree, criterion)]])),
      );
      return { fit, error: Math.min(...errors) };
    });
    const worst = effects.reduce((most, effect) => (effect.error > most.error ? effect : most));
    return { error: common?.found.error ?? Infinity, worst: worst.fit };
  }

  private best(candidates: readonly (readonly Choice[])[], errorBound: number): State | undefined {
    let best: State | undefined;
    for (const choices of candidates) {
      const polynomials = new Map<ValueId, PolynomialAttrs>();
      for (const [k, fit] of this.fits.entries()) {
        const choice = choices[k];
        if (choice !== undefined)
          polynomials.set(fit.activation.node.id, fit.polynomial(choice.degree, choice.criterion));
      }
      const error = this.trial.error(
        polynomials,
        best === undefined ? errorBound : Math.min(errorBound, best.found.error),
      );
      if (error < Infinity && (best === undefined || error < best.found.error)) {
        best = { choices, found: { polynomials, error } };
      }
    }
    return best;
  }
}
