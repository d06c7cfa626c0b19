/** The cheapest stand-ins, one for each activation, that keep the model's outputs within the allowed error. */
import type { ValueId } from '../../../ir/op.ts';
import type { Criterion } from './composite-choice.ts';
import type { ActivationFit } from './fit.ts';
import { lowerInOrder } from './lower-in-order.ts';
import { highestDegreeOf, type StandIn } from './stand-in.ts';
import { type ActivationTrial, anyEffect, type Effect, type Replacements } from './trial.ts';

/** Levels that one activation takes at most: no chain has more to spare. */
const maxDepth = 16;

/** Steps down in products that are tried before an activation is left as it is. */
const mostFailures = 2;

export interface Found {
  readonly standIns: Replacements;
  readonly effect: Effect;
}

/** Nothing is enough: what the deepest stand-ins do, and the activation that alone changes the outputs most. */
export interface NotFound {
  readonly effect: Effect;
  /** The highest degree of a polynomial that was tried. */
  readonly degree: number;
  readonly worst: ActivationFit;
}

export interface Allowed extends Effect {
  readonly maxDegree: number;
}

/**
 * Finds the least depth that all activations can share, then lowers one activation after another as long as the
 * error stays allowed: first in depth, then in products within the same depth. Where trials take long there
 * are fewer of them, most on few samples; what is found was tried on all.
 */
export function searchStandIns(
  fits: readonly ActivationFit[],
  trial: ActivationTrial,
  criteria: readonly Criterion[],
  allowed: Allowed,
): Found | NotFound {
  const scout = trial.scout();
  const search = new Search(fits, scout ?? trial, criteria, allowed);
  for (const depth of search.depths()) {
    const common = search.bestCommon(depth, allowed);
    if (common === undefined) continue;
    if (scout === undefined) return search.lowerProducts(search.lowerDepths(common)).found;
    const found = lastResult([common, ...search.lowerInOrder(common)], ({ found: { standIns } }) => {
      const effect = trial.effect(standIns, allowed);
      return effect && { standIns, effect };
    });
    if (found !== undefined) return found;
  }
  return search.explainFailure();
}

/**
 * The effect of each depth, the same for all activations that have stand-ins so deep, where operands stay in range; on few samples
 * where trials take long.
 */
export function commonEffects(
  fits: readonly ActivationFit[],
  trial: ActivationTrial,
  criteria: readonly Criterion[],
  allowed: Allowed,
): { readonly depth: number; readonly effect: Effect }[] {
  const search = new Search(fits, trial.scout() ?? trial, criteria, allowed);
  return [...search.depths()].flatMap((depth) => {
    const state = search.bestCommon(depth, anyEffect);
    return state === undefined ? [] : [{ depth, effect: state.found.effect }];
  });
}

/** One stand-in for each activation, in order. */
type Choices = readonly StandIn[];

interface State {
  readonly choices: Choices;
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

  /** Those at which some activation has a stand-in that it has not at any lesser depth; fits are made as they are asked for. */
  *depths(): Generator<number> {
    for (let depth = 1; depth <= maxDepth; depth++)
      if (this.fits.some((fit) => this.of(fit, depth).length > 0)) yield depth;
  }

  /** The closest stand-ins of one depth everywhere: polynomials, composites where there are any, by the criterion with the smaller effect. */
  bestCommon(depth: number, most: Effect): State | undefined {
    const choices = this.criteria.flatMap((criterion) => {
      const polynomials = this.fits.map((fit) => this.closest(fit, depth, criterion, false));
      const composites = this.fits.map((fit) => this.closest(fit, depth, criterion, true));
      return [polynomials, composites].flatMap((each) => (each.every((one) => one !== undefined) ? [each] : []));
    });
    return this.best(choices, most);
  }

  /** Makes activations shallower in turn, each by one depth, until none can be. */
  lowerDepths(start: State): State {
    return this.lower(start, (fit, { depth }) => {
      for (let less = depth - 1; less > 0; less--) {
        const candidates = this.of(fit, less).filter((candidate) => candidate.depth < depth);
        if (candidates.length > 0) return [candidates];
      }
      return [];
    });
  }

  /** Takes products from activations in turn, at no more depth, until none can spare any. */
  lowerProducts(start: State): State {
    return this.lower(start, (fit, { depth, products }) => {
      const cheaper = Array.from({ length: depth }, (_, k) => this.of(fit, depth - k))
        .flat()
        .filter((candidate) => candidate.products < products);
      const counts = [...new Set(cheaper.map((candidate) => candidate.products))].sort((a, b) => b - a);
      // They take the fewest products of their depth, and are hardly less close than any.
      const reciprocals = fit.reciprocalsOf(depth, this.allowed.maxDegree).filter((each) => each.products < products);
      const byCount = counts.slice(0, mostFailures).map((count) => cheaper.filter((each) => each.products === count));
      return [reciprocals, ...byCount];
    });
  }

  /** Ever cheaper ones than `start`, no activation deeper than there. */
  lowerInOrder({ choices: start }: State): State[] {
    const most = Math.max(...start.map(({ depth }) => depth));
    return lowerInOrder({
      fits: this.fits,
      start,
      options: (fit) => Array.from({ length: most }, (_, k) => this.of(fit, k + 1)).flat(),
      alone: (fit, standIn) => this.trial.effect(new Map([[fit.activation.node.id, standIn]])),
      trial: (choices) => this.best([choices], this.allowed),
    });
  }

  explainFailure(): NotFound {
    const deepest = [...this.depths()].at(-1) ?? 1;
    const common = this.bestCommon(deepest, anyEffect);
    const effects = this.fits.map((fit) => {
      const errors = this.upTo(fit, deepest).map((standIn) => {
        const alone = new Map([[fit.activation.node.id, standIn]]);
        return this.trial.effect(alone)?.error ?? Infinity;
      });
      return { fit, error: Math.min(Infinity, ...errors) };
    });
    const worst = effects.reduce((most, effect) => (effect.error > most.error ? effect : most));
    const degree = Math.max(...this.upTo(worst.fit, deepest).map(({ node }) => highestDegreeOf(node)));
    return { effect: common?.found.effect ?? anyEffect, degree, worst: worst.fit };
  }

  /** @param groups of candidates for an activation, each tried where the one before has failed */
  private lower(start: State, groups: (fit: ActivationFit, now: StandIn) => readonly (readonly StandIn[])[]): State {
    let state = start;
    const open = new Set(this.fits.keys());
    while (open.size > 0) {
      for (const k of [...open]) {
        const [fit, now] = [this.fits[k], state.choices[k]];
        const lowered =
          fit === undefined || now === undefined
            ? undefined
            : this.first(groups(fit, now), (candidates) =>
                this.best(
                  candidates.map((candidate) => state.choices.with(k, candidate)),
                  this.allowed,
                ),
              );
        if (lowered === undefined) open.delete(k);
        else state = lowered;
      }
    }
    return state;
  }

  private first<T, Result>(items: readonly T[], compute: (item: T) => Result | undefined): Result | undefined {
    for (const item of items) {
      const result = compute(item);
      if (result !== undefined) return result;
    }
    return undefined;
  }

  /** All stand-ins of an activation that take just so many levels. */
  private of(fit: ActivationFit, depth: number): StandIn[] {
    const { maxDegree } = this.allowed;
    return this.criteria.flatMap((criterion) => [
      ...fit.polynomialsOf(depth, criterion, maxDegree),
      ...fit.evenPolynomialsOf(depth, criterion, maxDegree),
      ...fit.compositesOf(depth, criterion, maxDegree),
    ]);
  }

  /** The closest ones of the greatest depth up to `depth`. */
  private upTo(fit: ActivationFit, depth: number): StandIn[] {
    return [true, false].flatMap((isComposite) =>
      this.criteria.flatMap((criterion) => this.closest(fit, depth, criterion, isComposite) ?? []),
    );
  }

  /** The deepest of one form, where there is one; the polynomial otherwise. */
  private closest(fit: ActivationFit, depth: number, criterion: Criterion, isComposite: boolean): StandIn | undefined {
    const { maxDegree } = this.allowed;
    for (let each = depth; each > 0 && isComposite; each--) {
      const found = fit.compositesOf(each, criterion, maxDegree).at(-1);
      if (found !== undefined) return found;
    }
    for (let each = depth; each > 0; each--) {
      const found = fit.polynomialsOf(each, criterion, maxDegree).at(-1);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  private best(candidates: readonly Choices[], most: Effect): State | undefined {
    let best: State | undefined;
    for (const choices of candidates) {
      const standIns = new Map<ValueId, StandIn>();
      for (const [k, fit] of this.fits.entries()) {
        const choice = choices[k];
        if (choice !== undefined) standIns.set(fit.activation.node.id, choice);
      }
      const effect = this.trial.effect(standIns, most);
      if (effect !== undefined && (best === undefined || this.isSmaller(effect, best.found.effect)))
        best = { choices, found: { standIns, effect } };
    }
    return best;
  }

  /** Decisions come first where they are what is limited. */
  private isSmaller(a: Effect, b: Effect): boolean {
    if (this.allowed.changed < Infinity && a.changed !== b.changed) return a.changed < b.changed;
    return a.error < b.error;
  }
}

/**
 * What `compute` gives for the last item that it gives anything for, going by halves: where items have nothing, those behind them
 * are taken to have nothing either.
 */
function lastResult<T, Result>(items: readonly T[], compute: (item: T) => Result | undefined): Result | undefined {
  let best: Result | undefined;
  let [low, high] = [0, items.length];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const item = items[middle];
    const result = item === undefined ? undefined : compute(item);
    if (result === undefined) high = middle;
    else [best, low] = [result, middle + 1];
  }
  return best;
}
