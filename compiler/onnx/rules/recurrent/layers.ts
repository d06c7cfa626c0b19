/** RNN, GRU and LSTM over a constant number of steps, which are unrolled. Whether their depth suffices the search will see. */
import { Constant } from '../../../../ir/constant.ts';
import type { Emitter } from '../../emission/emitter.ts';
import { permuteIndex, range, selectAlong } from '../../emission/geometry.ts';
import type { Operation, Rule } from '../../emission/operation.ts';
import { invalid, mixesSamples, refused, tooLarge } from '../../proto/failure.ts';
import { checkedCount } from '../../proto/limits.ts';
import { type ConstantTerm, isBatched, knownIntegers, type Term, withShape } from '../../proto/term.ts';
import { activationsOf } from './activations.ts';
import { type Cell, cells, type Gate, type State } from './cells.ts';

/** Far more than the depth of encrypted evaluation allows, unless all activations are linear. */
const maxSteps = 4096;

interface Sizes {
  readonly steps: number;
  /** Rows that are computed side by side. */
  readonly rows: number;
  readonly hidden: number;
  readonly directions: number;
  /** Whether rows come before steps, and before directions. */
  readonly rowsFirst: boolean;
}

export const recurrent =
  (name: keyof typeof cells): Rule =>
  (op) => {
    const cell: Cell = cells[name];
    const sizes = sizesOf(op, cell);
    const activations = activationsOf(op, cell.defaults, sizes.directions);
    const options = {
      linearBeforeReset: op.flag('linear_before_reset', false),
      inputForget: op.flag('input_forget', false),
    };
    const runs = range(sizes.directions).map((d) => {
      const own = activations.slice(d * cell.defaults.length, (d + 1) * cell.defaults.length);
      const direction = { gates: gatesOf(op, cell, d, sizes), activations: own, clip: clipOf(op) };
      const isReverse = d === 1 || op.string('direction', directionNames, 'forward') === 'reverse';
      return unrolled(op, cell.step(direction, options), d, sizes, isReverse);
    });
    return [
      stepsOf(op.emit, runs, sizes),
      statesOf(
        op.emit,
        runs.map(({ last }) => last.hidden),
        sizes,
      ),
      ...(name === 'LSTM'
        ? [
            statesOf(
              op.emit,
              runs.map(({ last }) => last.cell),
              sizes,
            ),
          ]
        : []),
    ];
  };

const directionNames = ['forward', 'reverse', 'bidirectional'] as const;

function sizesOf(op: Operation, { gates }: Cell): Sizes {
  const x = op.input(0);
  if ([x, op.optional(5), op.optional(6)].some((term) => term !== undefined && isBatched(term)))
    throw mixesSamples(`${op.opType} takes the batch axis second, or gives it second`);
  if (x.shape.length !== 3) throw invalid(`the operand of ${op.opType} is of rank ${x.shape.length}`);
  const rowsFirst = op.strictFlag('layout');
  const [first = 1, second = 1, inputs = 1] = x.shape;
  const [steps, rows] = rowsFirst ? [second, first] : [first, second];
  if (steps > maxSteps) throw tooLarge(`steps of ${op.opType}`, steps, maxSteps);
  const directions = op.string('direction', directionNames, 'forward') === 'bidirectional' ? 2 : 1;
  const recurrence = op.constant(2, 'the recurrence weights');
  const hidden = op.int('hidden_size', recurrence.shape[2] ?? 1);
  requireShape(op.constant(1, 'the weights'), [directions, gates * hidden, inputs], 'W');
  requireShape(recurrence, [directions, gates * hidden, hidden], 'R');
  const lengths = op.optional(4);
  if (lengths !== undefined && knownIntegers(lengths, 'the sequence lengths').some((length) => length !== steps)) {
    throw refused(
      'sequences are shorter than the operand',
      'Export with sequences of one length, without sequence_lens.',
    );
  }
  return { steps, rows, hidden, directions, rowsFirst };
}

function requireShape(term: Term, shape: readonly number[], name: string): void {
  if (term.shape.join() !== shape.join())
    throw invalid(`${name} is [${term.shape.join(', ')}], expected [${shape.join(', ')}]`);
}

function clipOf(op: Operation): number | undefined {
  const clip = op.float('clip', 0);
  if (clip < 0) throw invalid(`clip is ${clip}`);
  return clip === 0 ? undefined : clip;
}

function gatesOf(op: Operation, { gates }: Cell, direction: number, { hidden, directions }: Sizes): readonly Gate[] {
  const [weights, recurrence] = [op.constant(1, 'the weights'), op.constant(2, 'the recurrence weights')];
  const biases = op.optional(3) && op.constant(3, 'the bias');
  if (biases !== undefined) requireShape(biases, [directions, 2 * gates * hidden], 'B');
  const peepholes = op.opType === 'LSTM' && op.optional(7) !== undefined ? op.constant(7, 'the peepholes') : undefined;
  if (peepholes !== undefined) requireShape(peepholes, [directions, 3 * hidden], 'P');
  const biasAt = (g: number) =>
    biases === undefined ? new Float64Array(hidden) : part(biases, direction * 2 * gates + g, hidden);
  return range(gates).map((g) => ({
    input: matrixAt(weights, direction * gates + g, hidden),
    recurrence: matrixAt(recurrence, direction * gates + g, hidden),
    inputBias: biasAt(g),
    recurrenceBias: biasAt(gates + g),
    peephole: peepholes !== undefined && g < 3 ? part(peepholes, direction * 3 + g, hidden) : undefined,
  }));
}

function part({ data }: ConstantTerm, at: number, size: number): Float64Array {
  return data.subarray(at * size, (at + 1) * size);
}

function matrixAt(term: ConstantTerm, at: number, rows: number): Constant {
  const columns = term.shape[2] ?? 1;
  return new Constant([rows, columns], part(term, at, rows * columns));
}

interface Run {
  /** By step, whatever the direction. */
  readonly hidden: readonly Term[];
  readonly last: State;
}

function unrolled(
  op: Operation,
  step: ReturnType<Cell['step']>,
  direction: number,
  sizes: Sizes,
  isReverse: boolean,
): Run {
  const { steps, rows, rowsFirst } = sizes;
  const x = op.input(0);
  const inputs = x.shape[2] ?? 1;
  const at = (t: number) =>
    withShape(
      op.emit.move(x, rowsFirst ? [rows, 1, inputs] : [1, rows, inputs], selectAlong(x.shape, rowsFirst ? 1 : 0, [t])),
      [rows, inputs],
    );
  let state: State = { hidden: initial(op, 5, direction, sizes), cell: initial(op, 6, direction, sizes) };
  const hidden = new Array<Term>(steps);
  for (const t of isReverse ? range(steps).toReversed() : range(steps)) {
    const next = step(op.emit, at(t), state);
    hidden[t] = next.hidden;
    state = next;
  }
  return { hidden, last: state };
}

/** The state [N, H] before the first step; undefined where it is zero. */
function initial(op: Operation, i: number, direction: number, sizes: Sizes): Term | undefined {
  const given = op.optional(i);
  if (given === undefined || (given.kind === 'constant' && given.data.every((v) => v === 0))) return undefined;
  const { rows, hidden, directions, rowsFirst } = sizes;
  requireShape(given, rowsFirst ? [rows, directions, hidden] : [directions, rows, hidden], 'an initial state');
  const index = selectAlong(given.shape, rowsFirst ? 1 : 0, [direction]);
  return op.emit.move(given, [rows, hidden], index);
}

/** Y: [T, D, N, H], or [N, T, D, H]. */
function stepsOf(emit: Emitter, runs: readonly Run[], sizes: Sizes): Term {
  const { steps, rows, hidden, directions, rowsFirst } = sizes;
  const parts = range(steps).flatMap((t) => runs.flatMap((run) => run.hidden[t] ?? []));
  const index = permuteIndex([steps, directions, rows, hidden], rowsFirst ? [2, 0, 1, 3] : [0, 1, 2, 3]);
  const shape = rowsFirst ? [rows, steps, directions, hidden] : [steps, directions, rows, hidden];
  checkedCount(shape);
  return emit.rearrange(parts, shape, index);
}

/** A state after the last step: [D, N, H], or [N, D, H]. */
function statesOf(emit: Emitter, states: readonly (Term | undefined)[], sizes: Sizes): Term {
  const { rows, hidden, directions, rowsFirst } = sizes;
  const parts = states.flatMap((state) => state ?? []);
  const index = permuteIndex([directions, rows, hidden], rowsFirst ? [1, 0, 2] : [0, 1, 2]);
  return emit.rearrange(parts, rowsFirst ? [rows, directions, hidden] : [directions, rows, hidden], index);
}
