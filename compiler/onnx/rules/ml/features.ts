/** Scaler, FeatureVectorizer and ArrayFeatureExtractor: features scaled, joined and picked. */
import { elementCount } from '../../../../ir/constant.ts';
import { invalid, mixesSamples } from '../../proto/failure.ts';
import type { Rule } from '../../emission/operation.ts';
import { isBatched, knownIntegers, onnxRank } from '../../proto/term.ts';
import { asReals, featuresOf, rowsLike, rowsOf } from './rows.ts';

/** (x − offset) · scale, with one number of each or one for each feature. */
export const scaler: Rule = (op) => {
  const x = asReals(op.input(0));
  if (onnxRank(x) > 2) throw invalid(`Scaler takes rows of features, not a value of rank ${onnxRank(x)}`);
  const [scale, offset] = [op.floats('scale') ?? [], op.floats('offset') ?? []];
  if (scale.length !== offset.length || (scale.length !== 1 && scale.length !== featuresOf(x)))
    throw invalid(`${scale.length} scales and ${offset.length} offsets for ${featuresOf(x)} features`);
  const count = scale.length === 1 ? 1 : elementCount(x.shape);
  const factors = Float64Array.from({ length: count }, (_, i) => scale[i % scale.length] ?? 0);
  return [
    op.emit.scaleShift(
      x,
      factors,
      factors.map((f, i) => -f * (offset[i % offset.length] ?? 0)),
    ),
  ];
};

/** The features of all operands side by side; an operand is cut, or filled up with zeros, to the width given for it. */
export const featureVectorizer: Rule = (op) => {
  const parts = op.inputs().map((part) => asReals(rowsOf(part, op.opType)));
  const widths = op.ints('inputdimensions') ?? [];
  if (widths.length !== parts.length) throw invalid(`${widths.length} widths for ${parts.length} operands`);
  const [first] = parts;
  const lead = first?.shape.slice(0, -1) ?? [];
  if (parts.some((part) => part.shape.slice(0, -1).join() !== lead.join() || isBatched(part) !== parts.some(isBatched)))
    throw mixesSamples('FeatureVectorizer joins operands with different numbers of rows');
  const starts = parts.map((_, k) => parts.slice(0, k).reduce((sum, { shape }) => sum + elementCount(shape), 0));
  const index = Array.from({ length: elementCount(lead) }, (_, row) =>
    parts.flatMap((part, k) => {
      const features = featuresOf(part);
      const start = (starts[k] ?? 0) + row * features;
      return Array.from({ length: widths[k] ?? 0 }, (_, i) => (i < features ? start + i : -1));
    }),
  ).flat();
  const total = widths.reduce((sum, width) => sum + width, 0);
  return [op.emit.rearrange(parts, [...lead, total], Int32Array.from(index))];
};

/** Features at constant places along the last axis. */
export const arrayFeatureExtractor: Rule = (op) => {
  const x = op.input(0);
  const columns = knownIntegers(op.input(1), 'the places');
  if (isBatched(x) && x.shape.length === 0)
    throw mixesSamples('ArrayFeatureExtractor picks among the samples of a vector');
  const extent = featuresOf(x);
  const outside = columns.find((column) => column < 0 || column >= extent);
  if (x.shape.length === 0 || columns.length === 0 || outside !== undefined)
    throw invalid(`ArrayFeatureExtractor picks ${outside ?? 'nothing'} of ${extent} features`);
  // The result of a vector is a row.
  const shape = onnxRank(x) === 1 ? [1, columns.length] : rowsLike(x, columns.length);
  const rows = elementCount(x.shape) / extent;
  const index = Int32Array.from(
    { length: rows * columns.length },
    (_, i) => Math.floor(i / columns.length) * extent + (columns[i % columns.length] ?? 0),
  );
  return [op.emit.move(x, shape, index)];
};
