/**
 * What the trees of an ensemble add up to, on encrypted features. A path is a row of comparisons with the bounds of its box. One
 * linear map selects what all paths compare into [comparisons, paths], where shorter rows are filled up with what is always
 * true; one step decides all of them side by side; halves of the first axis are multiplied until a path has one number, 1 where
 * its box holds the features and 0 elsewhere; one linear map adds up what the paths weigh.
 */
import { elementCount } from '../../../../../ir/constant.ts';
import { tooManyComparisons } from '../../../../../ir/diagnostics/import.ts';
import { polyModulusDegrees } from '../../../../../ir/parameters.ts';
import { RowWriter } from '../../../../../ir/tensor/csr.ts';
import type { Emitter } from '../../../emission/emitter.ts';
import { range } from '../../../emission/geometry.ts';
import type { Operation } from '../../../emission/operation.ts';
import { ImportFailure, invalid, refused } from '../../../proto/failure.ts';
import { checkedExtents, checkWeights } from '../../../proto/limits.ts';
import { constant, elementsOf, type Term } from '../../../proto/term.ts';
import { product, sum } from '../../arithmetic.ts';
import { multiplyMatrices } from '../../matrix.ts';
import { asReals, featuresOf, rowsLike, rowsOf } from '../rows.ts';
import type { Ensemble } from './ensemble.ts';
import { asksForEquality, comparedFeatures, distances } from './missing-values.ts';
import type { Numbers } from './intervals.ts';
import { type Box, type Path, pathsOf } from './paths.ts';

/** Of the largest ring, that comparisons may take: a minute or so of relinearisations. */
const mostCiphertexts = 16;

/** A feature compared with a bound: whether sign · x + missing · m + offset is at least 0, with m = 1 where x is missing. */
interface Bound {
  readonly feature: number;
  readonly sign: 1 | 0 | -1;
  readonly offset: number;
  readonly missing: number;
}

/** What operand 0 of an ensemble holds: rows of features, and after them for each of `indicated` whether it is missing. */
interface Columns {
  readonly features: number;
  /** Places of indicators by feature; none where nothing may be missing. */
  readonly indicated: ReadonlyMap<number, number>;
  /** How far from a bound what is missing is put, by feature. */
  readonly distances: ReadonlyMap<number, number>;
  readonly numbersOf: (feature: number) => Numbers;
}

/**
 * The sum of all trees for each row of features of operand 0, times `factor`: rows with an entry for each target. Where features
 * `mayMiss`, indicators of those that are compared follow on them.
 */
export function treeScores(op: Operation, ensemble: Ensemble, { factor = 1, mayMiss = false } = {}): Term {
  const x = rowsOf(op.input(0), op.opType);
  const columns = columnsOf(op, x, ensemble, mayMiss);
  const { numbersOf } = columns;
  const charge = (elements: number): void => op.emit.charge(elements);
  const { paths, offsets } = pathsOf(ensemble, { numbersOf, mayMiss, charge });
  const { targets } = ensemble;
  if (paths.length === 0)
    return constantRows(
      op.emit,
      asReals(x),
      offsets.map((o) => factor * o),
    );
  const indicators = boxIndicators(op.emit, asReals(x), paths, columns);
  const weights = new Float64Array(paths.length * targets);
  for (const [p, path] of paths.entries())
    weights.set(
      path.weights.map((w) => factor * w),
      p * targets,
    );
  const scores = multiplyMatrices(op.emit, indicators, constant([paths.length, targets], weights));
  return sum(op.emit, [
    scores,
    constant(
      [targets],
      offsets.map((o) => factor * o),
    ),
  ]);
}

/** Rows of the same entries, whatever the features are. */
function constantRows(emit: Emitter, x: Term, entries: Float64Array): Term {
  const shape = rowsLike(x, entries.length);
  const count = elementCount(shape);
  const rows = new RowWriter(count, elementCount(x.shape));
  for (let i = 0; i < count; i++) rows.endRow();
  const bias = Float64Array.from({ length: count }, (_, i) => entries[i % entries.length] ?? 0);
  return emit.linear(x, rows.finish(bias), shape);
}

function columnsOf(op: Operation, x: Term, ensemble: Ensemble, mayMiss: boolean): Columns {
  const compared = mayMiss ? comparedFeatures(ensemble) : [];
  if (mayMiss && asksForEquality(ensemble))
    op.emit.deviates(
      'where a value is missing it asks sets for it, and takes it for different from what BRANCH_NEQ compares it with',
    );
  const features = featuresOf(x) - compared.length;
  return {
    features,
    indicated: new Map(compared.map((feature, k) => [feature, features + k])),
    distances: distances(ensemble),
    numbersOf: numbersOfFeatures(op, x, ensemble, features),
  };
}

/**
 * What numbers each feature is of. Only of integers can be said whether two are equal, and only with half of one between them and
 * the next: where the model does not say that they are integers, that it asks whether they are equal says so.
 */
function numbersOfFeatures(
  op: Operation,
  x: Term,
  { nodes, format }: Ensemble,
  features: number,
): (feature: number) => Numbers {
  const equal = new Set<number>();
  for (const node of nodes) {
    if (node.kind === 'leaf') continue;
    const { feature, comparison, values } = node;
    if (feature < 0 || feature >= features) throw invalid(`a tree compares feature ${feature} of ${features}`);
    if (comparison !== 'EQ' && comparison !== 'NEQ' && comparison !== 'MEMBER') continue;
    const broken = values.find((value) => !Number.isInteger(value));
    if (broken !== undefined)
      throw refused(
        `a tree asks whether feature ${feature} equals ${broken}, and numbers that are encrypted have no last bit`,
        'Compare with thresholds (BRANCH_LEQ), or number the categories by integers.',
      );
    equal.add(feature);
  }
  if (elementsOf(x) !== 'float') return () => 'integer';
  if (equal.size > 0)
    op.emit.deviates(
      `trees ask whether feature ${[...equal].join(', ')} equals certain integers, which hepc takes for true of what is nearest ` +
        'to one of them',
    );
  return (feature) => (equal.has(feature) ? 'integer' : format);
}

/** For each row of features and each path, whether its box holds the row: [rows…, paths]. */
function boxIndicators(emit: Emitter, x: Term, paths: readonly Path[], columns: Columns): Term {
  const bounds = paths.map(({ box }) => boundsOf(box, columns));
  const most = bounds.reduce((longest, { length }) => Math.max(longest, length), 1);
  const shape = rowsLike(x, paths.length);
  const length = 2 ** Math.ceil(Math.log2(most));
  checkComparisons(paths.length, length, elementCount(shape) / paths.length);
  const compared = comparisonsOf(emit, x, bounds, length, columns);
  let decided = emit.activation(compared, 'step', []);
  for (let length = compared.shape[0] ?? 1; length > 1; length /= 2) {
    const half = (elementCount(shape) * length) / 2;
    const part = (start: number): Term =>
      emit.move(
        decided,
        [length / 2, ...shape],
        Int32Array.from(range(half), (i) => start + i),
      );
    decided = product(emit, part(0), part(half));
  }
  return { ...decided, shape };
}

function checkComparisons(leaves: number, length: number, rows: number): void {
  const slots = Math.max(...polyModulusDegrees) / 2;
  const most = mostCiphertexts * slots;
  if (leaves * length * rows > most)
    throw new ImportFailure((at) => tooManyComparisons({ leaves, length, rows, slots, most }, at));
}

function boundsOf(box: Box, { indicated, distances, numbersOf }: Columns): readonly Bound[] {
  return [...box].flatMap(([feature, { interval, missing }]): Bound[] => {
    // What decides by the indicator alone.
    if (interval === undefined) return [{ feature, sign: 0, offset: -0.5, missing: 1 }];
    const { least, most } = interval;
    if (least === -Infinity && most === Infinity) return [{ feature, sign: 0, offset: 0.5, missing: -1 }];
    // Between two integers every threshold says the same, and the one in the middle says it most clearly.
    const spare = numbersOf(feature) === 'integer' ? 0.5 : 0;
    const distance = (missing ? 1 : -1) * (distances.get(feature) ?? 1);
    // Clients send 0 for what is missing.
    const bound = (sign: 1 | -1, offset: number): Bound => {
      return { feature, sign, offset, missing: indicated.has(feature) ? distance - offset : 0 };
    };
    return [
      ...(least === -Infinity ? [] : [bound(1, spare - least)]),
      ...(most === Infinity ? [] : [bound(-1, most + spare)]),
    ];
  });
}

/** What is decided, [length, rows…, paths]: at least 0 where a bound is kept, and 1 where a path has no more of them. */
function comparisonsOf(
  emit: Emitter,
  x: Term,
  bounds: readonly (readonly Bound[])[],
  length: number,
  { indicated }: Columns,
): Term {
  const shape = [length, ...rowsLike(x, bounds.length)];
  const count = checkedExtents(shape);
  checkWeights(count);
  const width = featuresOf(x);
  const rows = elementCount(x.shape) / width;
  const writer = new RowWriter(count, elementCount(x.shape), count);
  const offsets = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const [turn, row] = [Math.floor(i / (rows * bounds.length)), Math.floor(i / bounds.length) % rows];
    const bound = bounds[i % bounds.length]?.[turn];
    if (bound !== undefined && bound.sign !== 0) writer.push(row * width + bound.feature, bound.sign);
    const place = bound && indicated.get(bound.feature);
    if (bound !== undefined && place !== undefined) writer.push(row * width + place, bound.missing);
    writer.endRow();
    offsets[i] = bound?.offset ?? 1;
  }
  return emit.linear(x, writer.finish(offsets), shape);
}
