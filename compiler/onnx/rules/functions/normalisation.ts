/** Layers that divide by a deviation of encrypted values: d · (mean(d²) + ε)^(−1/2), d the deviation from the mean. */
import { elementCount } from '../../../../ir/constant.ts';
import { RowWriter } from '../../../../ir/tensor/csr.ts';
import type { Emitter } from '../../emission/emitter.ts';
import { range } from '../../emission/geometry.ts';
import type { Operation, Rule } from '../../emission/operation.ts';
import { invalid } from '../../proto/failure.ts';
import { checkWeights } from '../../proto/limits.ts';
import { isBatched, sampleAxes, sampleAxis, type Term, withShape } from '../../proto/term.ts';
import { product, sum } from '../arithmetic.ts';
import { centred, meanOver, square } from './along-axes.ts';
import { powerOf } from './elementwise.ts';

/** Of MeanVarianceNormalization, which has no attribute for it: onnxruntime's. */
const varianceFloor = 1e-9;

interface Normalisation {
  /** Of one sample. */
  readonly axes: readonly number[];
  readonly epsilon: number;
  /** Whether the mean is taken off first. */
  readonly isCentred: boolean;
}

interface Normalised {
  readonly values: Term;
  /** Of the axes, which stay with extent one: (mean(d²) + ε)^(−1/2). */
  readonly inverseDeviation: Term;
}

function normalised(emit: Emitter, x: Term, { axes, epsilon, isCentred }: Normalisation): Normalised {
  const deviation = isCentred ? centred(emit, x, axes) : x;
  const variance = meanOver(emit, square(emit, deviation), axes);
  const shifted = emit.scaleShift(variance, Float64Array.of(1), Float64Array.of(epsilon));
  const inverseDeviation = emit.activation(shifted, 'rsqrt', []);
  return { values: product(emit, deviation, inverseDeviation), inverseDeviation };
}

/** LayerNormalization, and RMSNormalization without the mean: over all axes from one on; scale and bias broadcast. */
export const layerNormalization =
  (isCentred: boolean): Rule =>
  (op) => {
    const x = op.input(0);
    const bias = isCentred ? op.optional(2) : undefined;
    return overLastAxes(op, x, { isCentred, scale: op.input(1), bias, epsilon: 1e-5 });
  };

/** The sum of an operand, a second one and a bias, normalised, and last the sum itself (com.microsoft). */
export const skipLayerNormalization =
  (isCentred: boolean): Rule =>
  (op) => {
    const [beta, bias] = isCentred ? [op.optional(3), op.optional(4)] : [undefined, op.optional(3)];
    const operands = [op.input(0), op.input(1), ...(bias === undefined ? [] : [bias])];
    const total = sum(op.emit, operands);
    return [...overLastAxes(op, total, { isCentred, scale: op.input(2), bias: beta, epsilon: 1e-12 }), total];
  };

interface ScaledNormalisation {
  readonly isCentred: boolean;
  readonly scale: Term;
  readonly bias: Term | undefined;
  /** Of nodes that do not say. */
  readonly epsilon: number;
}

/** Normalised, the mean, and what the deviation from it was multiplied by. */
function overLastAxes(op: Operation, x: Term, { isCentred, scale, bias, epsilon }: ScaledNormalisation): Term[] {
  const { emit } = op;
  const axis = sampleAxis(x, op.int('axis', -1), `${op.opType} runs along`);
  const axes = range(x.shape.length).slice(axis);
  const own = normalised(emit, x, { axes, epsilon: op.float('epsilon', epsilon), isCentred });
  const scaled = product(emit, own.values, scale);
  return [bias === undefined ? scaled : sum(emit, [scaled, bias]), meanOver(emit, x, axes), own.inverseDeviation];
}

/** Each channel over its positions. */
export const instanceNormalization: Rule = (op) => {
  const x = op.input(0);
  const channelAxis = isBatched(x) ? 0 : 1;
  const axes = range(x.shape.length).slice(channelAxis + 1);
  if (axes.length === 0) throw invalid(`InstanceNormalization of a value of rank ${x.shape.length}`);
  const own = normalised(op.emit, x, { axes, epsilon: op.float('epsilon', 1e-5), isCentred: true });
  return [perChannel(op, own.values, channelAxis)];
};

/** Groups of channels over their positions; scale and bias are of each group before opset 21, of each channel since. */
export const groupNormalization: Rule = (op) => {
  const x = op.input(0);
  const channelAxis = isBatched(x) ? 0 : 1;
  const channels = x.shape[channelAxis] ?? 1;
  const groups = op.int('num_groups', 0);
  if (groups < 1 || channels % groups !== 0) throw invalid(`${channels} channels in ${groups} groups`);
  const rest = elementCount(x.shape.slice(channelAxis + 1));
  const leading = x.shape.slice(0, channelAxis);
  const seen = withShape(x, [...leading, groups, (channels / groups) * rest]);
  const epsilon = op.float('epsilon', 1e-5);
  const { values: own } = normalised(op.emit, seen, { axes: [channelAxis + 1], epsilon, isCentred: true });
  const isOfGroups = op.input(1).shape[0] === groups && groups !== channels;
  return [withShape(perChannel(op, isOfGroups ? own : withShape(own, x.shape), channelAxis), x.shape)];
};

/** scale · x + bias, operands 1 and 2, one of each for each index of an axis. */
function perChannel(op: Operation, x: Term, axis: number): Term {
  const shape = [x.shape[axis] ?? 1, ...x.shape.slice(axis + 1).map(() => 1)];
  const [scale, bias] = [op.constant(1, 'the scale'), op.constant(2, 'the bias')];
  if (scale.data.length !== shape[0] || bias.data.length !== shape[0])
    throw invalid(`scale and bias must have ${shape[0] ?? 1} entries`);
  return sum(op.emit, [product(op.emit, x, withShape(scale, shape)), withShape(bias, shape)]);
}

export const meanVarianceNormalization: Rule = (op) => {
  const x = op.input(0);
  const axes = sampleAxes(x, op.ints('axes') ?? [0, 2, 3], 'MeanVarianceNormalization runs along');
  return [normalised(op.emit, x, { axes, epsilon: varianceFloor, isCentred: true }).values];
};

/** x (bias + α / size Σ x²)^(−β), the sum over neighbouring channels. */
export const localResponseNormalization: Rule = (op) => {
  const { emit } = op;
  const x = op.input(0);
  const axis = isBatched(x) ? 0 : 1;
  const size = op.int('size', 0);
  if (size < 1) throw invalid(`size is ${size}`);
  const scaledSum = neighbourSums(emit, square(emit, x), { axis, size, weight: op.float('alpha', 1e-4) / size });
  const base = emit.scaleShift(scaledSum, Float64Array.of(1), Float64Array.of(op.float('bias', 1)));
  return [product(emit, x, powerOf(emit, base, -op.float('beta', 0.75)))];
};

function neighbourSums(
  emit: Emitter,
  x: Term,
  { axis, size, weight }: { readonly axis: number; readonly size: number; readonly weight: number },
): Term {
  const count = elementCount(x.shape);
  const channels = x.shape[axis] ?? 1;
  const stride = elementCount(x.shape.slice(axis + 1));
  checkWeights(count * size);
  const writer = new RowWriter(count, count);
  for (let e = 0; e < count; e++) {
    const channel = Math.floor(e / stride) % channels;
    const first = Math.max(0, channel - Math.floor((size - 1) / 2));
    const last = Math.min(channels - 1, channel + Math.ceil((size - 1) / 2));
    for (let c = first; c <= last; c++) writer.push(e + (c - channel) * stride, weight);
    writer.endRow();
  }
  return emit.linear(x, writer.finish(new Float64Array(count)), x.shape);
}
