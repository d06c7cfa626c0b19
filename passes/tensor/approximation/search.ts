/** The cheapest polynomials, one for each activation, that keep the model's outputs within the allowed error. */
import type { ValueId } from '../../../ir/op.ts';
import type { ActivationFit, Criterion, PolynomialAttrs } from './fit.ts';
import { maxDegree } from './remez.ts';
import { type ActivationTrial, anyEffect, type Effect, type Replacements } from './trial.ts';

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
  readonly effect: Effect;
}

/** No degree is enough: what the highest one does, and the activation that alone changes the outputs most. */
export interface NotFound {
  readonly effect: Effect;
  /** The highest degree that was tried. */
  readonly degree: number;
  readonly worst: ActivationFit;
}

export interface Allowed extends Effect {
  readonly maxDegree: number;
}

/**
 * Finds the least depth that all activations can share, then lowers one activation after another as long as the
 * error stays allowed: first in depth, then in degree within the same depth.
 */
export function searchPolynomials(
  fits: readonly ActivationFit[],
  trial: ActivationTrial,
  criteria: readonly Criterion[],
  allowed: Allowed,
): Found | NotFound {
  const search = new Search(fits, trial, criteria, allowed);
  for (const degree of search.degrees) {
    const found = search.bestCommon(degree, allowed);
    if (found !== undefined) return search.lower(search.lower(found, degreesByDepth), allDegrees).found;
  }
  return search.explainFailure();
}

/** The effect of each degree that is the highest of its depth, the same for all activations, where operands stay in range. */
export function commonEffects(
  fits: readonly ActivationFit[],
  trial: ActivationTrial,
  criteria: readonly Criterion[],
  allowed: Allowed,
): { readonly degree: number; readonly effect: Effect }[] {
  const search = new Search(fits, trial, criteria, allowed);
  return search.degrees.flatMap((degree) => {
    const state = search.bestCommon(degree, anyEffect);
    return state === undefined ? [] : [{ degree, effect: state.found.effect }];
  });
}

interface State {
  readonly choices: readonly Choice[];
  readonly found: Found;
}

class Search {
  private readonly fits: readonly ActivationFit[];
  private readonly trial: ActivationTrial;
  private readonly criteria: readonly Criterion[];
  private readonly allowed: Allowed;

  constructor(
    fits: readonly ActivationFit[],
    trial: ActivationTrial,
    criteria: readonly Criterion[],
    allowed: Allowed,
  ) {
    this.fits = fits;
    this.trial = trial;
    this.criteria = criteria;
    this.allowed = allowed;
  }

  /** The highest of each depth that is allowed. */
  get degrees(): number[] {
    const { maxDegree: most } = this.allowed;
    const below = degreesByDepth.filter((degree) => degree < most);
    return [...below, Math.min(most, maxDegree)];
  }

  /** The same degree everywhere, by the criterion with the smaller effect. */
  bestCommon(degree: number, most: Effect): State | undefined {
    return this.best(
      this.criteria.map((criterion) => this.fits.map(() => ({ degree, criterion }))),
      most,
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
    const degree = this.degrees.at(-1) ?? maxDegree;
    const common = this.bestCommon(degree, anyEffect);
    const effects = this.fits.map((fit) => {
      const errors = this.criteria.map((criterion) => {
        const alone = new Map([[fit.activation.node.id, fit.polynomial(degree, criterion)]]);
        return this.trial.effect(alone)?.error ?? Infinity;
      });
      return { fit, error: Math.min(...errors) };
    });
    const worst = effects.reduce((most, effect) => (effect.error > most.error ? effect : most));
    return { effect: common?.found.effect ?? anyEffect, degree, worst: worst.fit };
  }

  private best(candidates: readonly (readonly Choice[])[], most: Effect): State | undefined {
    let best: State | undefined;
    for (const choices of candidates) {
      const polynomials = new Map<ValueId, PolynomialAttrs>();
      for (const [k, fit] of this.fits.entries()) {
        const choice = choices[k];
        if (choice !== undefined)
          polynomials.set(fit.activation.node.id, fit.polynomial(choice.degree, choice.criterion));
      }
      const effect = this.trial.effect(polynomials, most);
      if (effect !== undefined && (best === undefined || this.isSmaller(effect, best.found.effect)))
        best = { choices, found: { polynomials, effect } };
    }
    return best;
  }

  /** Decisions come first where they are what is limited. */
  private isSmaller(a: Effect, b: Effect): boolean {
    if (this.allowed.changed < Infinity && a.changed !== b.changed) return a.changed < b.changed;
    return a.error < b.error;
  }
}
