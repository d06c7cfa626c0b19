/**
 * Operators as they were before opset 7: what was an attribute and is an operand, and broadcasting that only widens the
 * second operand, from an axis on. Each becomes a node as later versions have it, for the rule of those.
 */
import { sameShape } from '../../../ir/constant.ts';
import type { Rule } from '../emission/operation.ts';
import { invalid, refused } from '../proto/failure.ts';
import { constant, integers, isBatched, normalizeAxis, onnxRank, scalarOf, withShape } from '../proto/term.ts';

/** Makes the rule of a later version one for an earlier version. */
type Earlier = (rule: Rule) => Rule;

/** The second operand lies along the axes of the first from `axis` on, or along its last ones. */
const alignedAtAxis: Earlier = (rule) => (op) => {
  const [a, b] = [op.input(0), op.input(1)];
  const given = op.flag('broadcast', false) && op.has('axis') ? op.int('axis', 0) : undefined;
  const behind = given === undefined ? 0 : onnxRank(a) - normalizeAxis(given, onnxRank(a)) - onnxRank(b);
  if (behind < 0) throw invalid(`the second operand reaches beyond the first from axis ${given} on`);
  const ones = new Array<number>(behind).fill(1);
  const results = rule(op.with([a, withShape(b, [...b.shape, ...ones])]));
  const widened = results.find(({ shape }) => !sameShape(shape, a.shape));
  if (widened !== undefined) throw invalid(`[${b.shape.join(', ')}] does not broadcast to [${a.shape.join(', ')}]`);
  return results;
};

/** One slope for all elements, or one for each channel. */
const slopesOfChannels: Earlier = (rule) => (op) => {
  const [x, slopes] = [op.input(0), op.input(1)];
  if (slopes.shape.length !== 1 || slopes.shape[0] === 1) return rule(op);
  const spatial = x.shape.slice(isBatched(x) ? 1 : 2).map(() => 1);
  return rule(op.with([x, withShape(slopes, [...slopes.shape, ...spatial])]));
};

const listOperand =
  (attribute: string): Earlier =>
  (rule) =>
  (op) => {
    const list = op.ints(attribute);
    if (list === undefined) throw invalid(`${op.opType} needs ${attribute}`);
    return rule(op.with([op.input(0), integers(list)]));
  };

const inTestMode: Earlier = (rule) => (op) => {
  if (!op.flag('is_test', false))
    throw refused('the node is in training mode: is_test is 0', 'Export the model for inference, with is_test = 1.');
  return rule(op);
};

const tileOneAxis: Earlier = (rule) => (op) => {
  const x = op.input(0);
  const axis = normalizeAxis(scalarOf(op.input(2), 'the axis'), onnxRank(x));
  const repeats = Array.from({ length: onnxRank(x) }, (_, d) => (d === axis ? scalarOf(op.input(1), 'the tiles') : 1));
  return rule(op.with([x, integers(repeats)]));
};

const heightAndWidth: Earlier = (rule) => (op) => {
  const x = op.input(0);
  if (onnxRank(x) !== 4 || !op.has('height_scale')) return rule(op);
  const scales = constant([4], Float64Array.of(1, 1, op.float('height_scale', 1), op.float('width_scale', 1)));
  const mode = op.string('mode', ['nearest', 'bilinear'], 'nearest') === 'bilinear' ? 'linear' : 'nearest';
  return rule(op.with([x, scales], { mode: { type: 'string', value: mode } }));
};

/** Element types by name (`TensorProto.DataType`). */
const typeNumbers: ReadonlyMap<string, number> = new Map(
  'FLOAT UINT8 INT8 UINT16 INT16 INT32 INT64 STRING BOOL FLOAT16 DOUBLE UINT32 UINT64'
    .split(' ')
    .map((name, i) => [name, i + 1]),
);

const typeByName: Earlier = (rule) => (op) => {
  const to = typeNumbers.get(op.text('to') ?? '');
  if (to === undefined) throw invalid('Cast needs the name of an element type');
  return rule(op.with([op.input(0)], { to: { type: 'int', value: to } }));
};

const roundedDefaults: Earlier = (rule) => (op) => {
  const value = (name: string, fallback: number) => ({ type: 'float', value: op.float(name, fallback) }) as const;
  return rule(op.with([op.input(0)], { alpha: value('alpha', 1.6732), gamma: value('gamma', 1.0507) }));
};

/** Per operator: the version that changed it, and what it was before. */
const earlier: Readonly<Record<string, readonly [changed: number, was: Earlier]>> = {
  ...Object.fromEntries(
    ['Add', 'Sub', 'Mul', 'Div', 'Pow', 'And', 'Or', 'Xor', 'Equal', 'Greater', 'Less'].map(
      (name) => [name, [7, alignedAtAxis]] as const,
    ),
  ),
  PRelu: [7, slopesOfChannels],
  BatchNormalization: [7, inTestMode],
  Dropout: [7, inTestMode],
  Reshape: [5, listOperand('shape')],
  Pad: [2, listOperand('paddings')],
  Tile: [6, tileOneAxis],
  Upsample: [7, heightAndWidth],
  Cast: [6, typeByName],
  Selu: [6, roundedDefaults],
};

type Table = Readonly<Record<string, Rule | readonly (readonly [since: number, rule: Rule])[]>>;

/** The rules, which hold from opset 7 on, with those of the versions before it. */
export function withEarlierVersions(rules: Table): Table {
  return Object.fromEntries(
    Object.entries(rules).map(([name, rule]) => {
      const own = earlier[name];
      if (own === undefined || typeof rule !== 'function') return [name, rule];
      const [changed, was] = own;
      return [name, [[1, was(rule)] as const, [changed, rule] as const]];
    }),
  );
}
