/** The activations of recurrent layers, which they name in attributes, with parameters in lists of their own. */
import type { Emitter } from '../../emission/emitter.ts';
import type { Operation } from '../../emission/operation.ts';
import { invalid, refused } from '../../proto/failure.ts';
import type { Term } from '../../proto/term.ts';
import { scaled } from '../arithmetic.ts';

export type Activate = (emit: Emitter, x: Term) => Term;

interface Named {
  /** Defaults of the parameters that it takes, of which there may be one or two. */
  readonly alpha?: number;
  readonly beta?: number;
  readonly of: (alpha: number, beta: number) => Activate;
}

const named: ReadonlyMap<string, Named> = new Map(
  Object.entries<Named>({
    relu: { of: () => (emit, x) => emit.activation(x, 'relu', []) },
    tanh: { of: () => (emit, x) => emit.activation(x, 'tanh', []) },
    sigmoid: { of: () => (emit, x) => emit.activation(x, 'sigmoid', []) },
    softplus: { of: () => (emit, x) => emit.activation(x, 'softplus', []) },
    leakyrelu: { alpha: 0.01, of: (alpha) => (emit, x) => emit.activation(x, 'leaky-relu', [alpha]) },
    elu: { alpha: 1, of: (alpha) => (emit, x) => emit.activation(x, 'elu', [alpha]) },
    hardsigmoid: {
      alpha: 0.2,
      beta: 0.5,
      of: (alpha, beta) => (emit, x) => emit.activation(x, 'hard-sigmoid', [alpha, beta]),
    },
    affine: {
      alpha: 1,
      beta: 0,
      of: (alpha, beta) => (emit, x) => emit.scaleShift(x, Float64Array.of(alpha), Float64Array.of(beta)),
    },
    scaledtanh: {
      alpha: 1,
      beta: 1,
      of: (alpha, beta) => (emit, x) => scaled(emit, emit.activation(scaled(emit, x, beta), 'tanh', []), alpha),
    },
  }),
);

/** The activations of all directions one after another; `defaults` are those of one. */
export function activationsOf(op: Operation, defaults: readonly string[], directions: number): readonly Activate[] {
  const count = defaults.length * directions;
  const names = op.strings('activations') ?? Array.from({ length: directions }, () => defaults).flat();
  if (names.length !== count) throw invalid(`${names.length} activations, ${op.opType} needs ${count}`);
  // Each list has entries for the activations that take such a parameter only, in their order.
  const alphas = (op.floats('activation_alpha') ?? [])[Symbol.iterator]();
  const betas = (op.floats('activation_beta') ?? [])[Symbol.iterator]();
  return names.map((name) => {
    const found = named.get(name.toLowerCase());
    if (found === undefined) {
      throw refused(`its activation is ${name}`, `Supported are ${[...named.keys()].join(', ')}.`);
    }
    const next = (fallback: number | undefined, given: Iterator<number, unknown>) => {
      if (fallback === undefined) return 0;
      const { done, value } = given.next();
      return done === true ? fallback : value;
    };
    return found.of(next(found.alpha, alphas), next(found.beta, betas));
  });
}
