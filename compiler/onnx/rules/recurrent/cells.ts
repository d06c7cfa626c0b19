/**
 * One step of RNN, GRU and LSTM, by the equations of the ONNX standard. States are [N, H], undefined where they are zero,
 * as mostly before the first step, so that nothing is computed for them.
 */
import { Constant } from '../../../../ir/constant.ts';
import { InternalError } from '../../../../ir/diagnostics/diagnostic.ts';
import type { Emitter } from '../../emission/emitter.ts';
import { permuteIndex, pick } from '../../emission/geometry.ts';
import { constant, type Term } from '../../proto/term.ts';
import { product, scaled, sum } from '../arithmetic.ts';
import { multiplyMatrices, timesRows } from '../matrix.ts';
import type { Activate } from './activations.ts';

export interface Gate {
  /** [H, I]. */
  readonly input: Constant;
  /** [H, H]. */
  readonly recurrence: Constant;
  /** Of H entries each. */
  readonly inputBias: Float64Array;
  readonly recurrenceBias: Float64Array;
  /** What an LSTM multiplies the cell by; undefined for none. */
  readonly peephole?: Float64Array | undefined;
}

/** A layer in one direction. */
export interface Direction {
  /** In ONNX's order. */
  readonly gates: readonly Gate[];
  readonly activations: readonly Activate[];
  /** Of what goes into activations; undefined for none. */
  readonly clip: number | undefined;
}

export interface State {
  readonly hidden: Term | undefined;
  readonly cell: Term | undefined;
}

/** What a step makes of the input [N, I] and the state before. */
export type Step = (emit: Emitter, x: Term, state: State) => State & { readonly hidden: Term };

export interface Cell {
  readonly gates: number;
  readonly defaults: readonly string[];
  readonly step: (direction: Direction, op: CellOptions) => Step;
}

export interface CellOptions {
  /** GRU: whether the recurrence is multiplied by the reset gate, in place of the state before it. */
  readonly linearBeforeReset: boolean;
  /** LSTM: whether what is forgotten is what is not let in. */
  readonly inputForget: boolean;
}

const rnn: Cell = {
  gates: 1,
  defaults: ['Tanh'],
  step:
    (direction) =>
    (emit, x, { hidden }) => {
      const h = activated(emit, direction, 0, both(emit, gateOf(direction, 0), x, hidden));
      return { hidden: h, cell: undefined };
    },
};

/** Gates z, r, h. */
const gru: Cell = {
  gates: 3,
  defaults: ['Sigmoid', 'Tanh'],
  step:
    (direction, { linearBeforeReset }) =>
    (emit, x, { hidden }) => {
      const candidate = gateOf(direction, 2);
      const update = activated(emit, direction, 0, both(emit, gateOf(direction, 0), x, hidden));
      const reset = () => activated(emit, direction, 0, both(emit, gateOf(direction, 1), x, hidden));
      // The reset gate counts only where there is something to reset.
      const isLinear = linearBeforeReset && (hidden !== undefined || candidate.recurrenceBias.some((b) => b !== 0));
      const parts = isLinear
        ? [
            affine(emit, x, candidate.input, candidate.inputBias),
            product(emit, reset(), affine(emit, hidden, candidate.recurrence, candidate.recurrenceBias)),
          ]
        : both(emit, candidate, x, hidden && product(emit, reset(), hidden));
      const fresh = activated(emit, direction, 1, parts);
      // (1 − z) h + z H = h + z (H − h): one product.
      const change = sum(emit, [...present(hidden), scaled(emit, fresh, -1)]);
      return { hidden: sum(emit, [fresh, product(emit, update, change)]), cell: undefined };
    },
};

/** Gates i, o, f, c. */
const lstm: Cell = {
  gates: 4,
  defaults: ['Sigmoid', 'Tanh', 'Tanh'],
  step:
    (direction, { inputForget }) =>
    (emit, x, { hidden, cell }) => {
      const gate = (g: number, activation: number, seen: Term | undefined) => {
        const { peephole } = gateOf(direction, g);
        const extra = seen === undefined || peephole === undefined ? [] : [product(emit, seen, row(peephole))];
        return activated(emit, direction, activation, [...both(emit, gateOf(direction, g), x, hidden), ...extra]);
      };
      const input = gate(0, 0, cell);
      const fresh = product(emit, input, gate(3, 1, undefined));
      const kept = (old: Term) =>
        inputForget
          ? sum(emit, [old, scaled(emit, product(emit, input, old), -1)])
          : product(emit, gate(2, 0, cell), old);
      const next = cell === undefined ? fresh : sum(emit, [kept(cell), fresh]);
      const squashed = activationOf(direction, 2)(emit, next);
      return { hidden: product(emit, gate(1, 0, next), squashed), cell: next };
    },
};

export const cells = { RNN: rnn, GRU: gru, LSTM: lstm } as const;

function gateOf({ gates }: Direction, g: number): Gate {
  return entry(gates, g);
}

function activationOf({ activations }: Direction, i: number): Activate {
  return entry(activations, i);
}

function entry<T>(list: readonly T[], i: number): T {
  const found = list[i];
  if (found === undefined) throw new InternalError(`a cell has ${list.length} of what it needs ${i + 1} of`);
  return found;
}

function present(term: Term | undefined): readonly Term[] {
  return term === undefined ? [] : [term];
}

/** What input and state add to a gate. */
function both(emit: Emitter, gate: Gate, x: Term, state: Term | undefined): readonly Term[] {
  const { input, recurrence, inputBias, recurrenceBias } = gate;
  const bias = inputBias.map((b, i) => b + (recurrenceBias[i] ?? 0));
  const none = new Float64Array(bias.length);
  return [affine(emit, x, input, bias), ...present(state && affine(emit, state, recurrence, none))];
}

function activated(emit: Emitter, direction: Direction, i: number, parts: readonly Term[]): Term {
  const total = sum(emit, parts);
  const { clip } = direction;
  return activationOf(direction, i)(emit, clip === undefined ? total : emit.activation(total, 'clip', [-clip, clip]));
}

/** weights x + bias for each row of x; the weights are the same constant at every step. */
function affine(emit: Emitter, x: Term | undefined, weights: Constant, bias: Float64Array): Term {
  if (x === undefined) return row(bias);
  if (x.kind === 'encrypted') return timesRows(emit, x, weights.values, bias, [x.shape[0] ?? 1, bias.length]);
  const [n = 1, k = 1] = weights.shape;
  const transposed = constant([k, n], pick(weights.values, permuteIndex([n, k], [1, 0])));
  return sum(emit, [multiplyMatrices(emit, x, transposed), row(bias)]);
}

function row(values: Float64Array): Term {
  return constant([1, values.length], values);
}
