/**
 * Conv and ConvTranspose. A Conv in one or two dimensions is one `conv`; a static number of samples becomes more
 * groups of it. Everything else is a `sparse`.
 */
import { Constant, elementCount } from '../../../ir/constant.ts';
import { RowWriter } from '../../../ir/tensor/csr.ts';
import { invalid } from '../proto/failure.ts';
import { pick, range, stridesOf, sumOfOffsets } from '../emission/geometry.ts';
import { checkedExtents, checkWeights } from '../proto/limits.ts';
import type { Operation, Rule } from '../emission/operation.ts';
import { type ConstantTerm, isBatched, type Term } from '../proto/term.ts';
import { readingWindow, tapCoordinates, type Window, writingWindow } from '../emission/window.ts';

/** A convolution with its operands checked. */
interface Convolution {
  readonly x: Term;
  /** Samples in the shape of x, its channels and its spatial extents. */
  readonly samples: number;
  readonly channels: number;
  readonly spatial: readonly number[];
  readonly groups: number;
  readonly weights: ConstantTerm;
  readonly bias: Float64Array;
  readonly outputChannels: number;
}

export const conv: Rule = (op) => {
  const { x, samples, channels, spatial, groups, weights, bias } = readOperands(op, false);
  const [outputs = 0, perGroup = 0, ...kernel] = weights.shape;
  if (perGroup * groups !== channels || outputs % groups !== 0) {
    throw invalid(`weights [${weights.shape.join(', ')}] in ${groups} groups for ${channels} channels`);
  }
  const window = readingWindow(op, spatial, kernel);
  const shape = [...x.shape.slice(0, isBatched(x) ? 0 : 1), outputs, ...window.outputs];
  checkedExtents(shape);
  if (x.kind === 'constant' || kernel.length > 2) {
    return [op.emit.linear(x, convolutionRows(window, [samples, channels, ...spatial], weights, groups, bias), shape)];
  }
  checkedExtents([samples * outputs, perGroup, ...kernel]);
  const repeat = (data: Float64Array) => pick(data, sumOfOffsets([range(samples).map(() => 0), range(data.length)]));
  const attrs = {
    weights: new Constant([samples * outputs, perGroup, ...kernel], repeat(weights.data)),
    bias: new Constant([samples * outputs], repeat(bias)),
    strides: [...window.strides],
    pads: [...window.begins, ...window.ends],
    dilations: [...window.dilations],
    groups: samples * groups,
  };
  return [op.emit.conv(x, [samples * channels, ...spatial], attrs, shape)];
};

export const convTranspose: Rule = (op) => {
  const { x, samples, channels, spatial, groups, weights, bias, outputChannels } = readOperands(op, true);
  const [inputs = 0, , ...kernel] = weights.shape;
  if (inputs !== channels || channels % groups !== 0) {
    throw invalid(`weights [${weights.shape.join(', ')}] in ${groups} groups for ${channels} channels`);
  }
  const window = writingWindow(op, spatial, kernel);
  const shape = [...x.shape.slice(0, isBatched(x) ? 0 : 1), outputChannels, ...window.outputs];
  checkedExtents(shape);
  return [op.emit.linear(x, transposedRows(window, [samples, channels, ...spatial], weights, groups, bias), shape)];
};

function readOperands(op: Operation, transposed: boolean): Convolution {
  const x = op.input(0);
  const weights = op.constant(1, 'the weights');
  const rank = weights.shape.length - 2;
  const [samples = 0, channels = 0, ...spatial] = isBatched(x) ? [1, ...x.shape] : x.shape;
  if (rank < 1 || spatial.length !== rank) {
    throw invalid(`weights [${weights.shape.join(', ')}] for an operand of ${spatial.length} spatial axes`);
  }
  const [first = 0, second = 0] = weights.shape;
  checkedExtents(weights.shape);
  const groups = op.int('group', 1);
  if (!Number.isInteger(groups) || groups < 1 || groups > first) throw invalid(`group is ${groups}`);
  const outputChannels = transposed ? second * groups : first;
  const bias = op.optional(2) === undefined ? new Float64Array(outputChannels) : op.constant(2, 'the bias').data;
  if (bias.length !== outputChannels) throw invalid(`${bias.length} biases for ${outputChannels} channels`);
  const kernel = op.ints('kernel_shape') ?? weights.shape.slice(2);
  if (kernel.join() !== weights.shape.slice(2).join()) {
    throw invalid(`kernel_shape [${kernel.join(', ')}] for weights [${weights.shape.join(', ')}]`);
  }
  return { x, samples, channels, spatial, groups, weights, bias, outputChannels };
}

/** The rows of a Conv of any rank over [samples, channels, …spatial]. */
function convolutionRows(
  window: Window,
  shape: readonly number[],
  weights: ConstantTerm,
  groups: number,
  bias: Float64Array,
) {
  const [outputs = 0, perGroup = 0] = weights.shape;
  return windowRows(shape, outputs, window, bias, {
    channels: (o) => range(perGroup).map((c) => Math.floor((o * groups) / outputs) * perGroup + c),
    weight: (o, c, tap) => weights.data[(o * perGroup + (c % perGroup)) * elementCount(window.kernel) + tap] ?? 0,
    coordinates: (d, position) => tapCoordinates(window, d, position),
  });
}

/** The rows of a ConvTranspose: output p reads input i by tap k where p = i · stride + k · dilation − begin. */
function transposedRows(
  window: Window,
  shape: readonly number[],
  weights: ConstantTerm,
  groups: number,
  bias: Float64Array,
) {
  const [channels = 0, perGroup = 0] = weights.shape;
  const channelsPerGroup = channels / groups;
  return windowRows(shape, perGroup * groups, window, bias, {
    channels: (o) => range(channelsPerGroup).map((c) => Math.floor(o / perGroup) * channelsPerGroup + c),
    weight: (o, c, tap) => weights.data[(c * perGroup + (o % perGroup)) * elementCount(window.kernel) + tap] ?? 0,
    coordinates: (d, position) =>
      range(window.kernel[d] ?? 1).map((tap) => {
        const scaled = position + (window.begins[d] ?? 0) - tap * (window.dilations[d] ?? 1);
        const coordinate = scaled / (window.strides[d] ?? 1);
        return Number.isInteger(coordinate) ? coordinate : -1;
      }),
  });
}

interface WindowWeights {
  /** The channels that output channel o reads. */
  readonly channels: (o: number) => readonly number[];
  /** Weight from channel c to output channel o at a tap of the kernel, counted row-major. */
  readonly weight: (o: number, c: number, tap: number) => number;
  /** The coordinate that each tap reads along spatial axis d; out of range where it reads nothing. */
  readonly coordinates: (d: number, position: number) => readonly number[];
}

function windowRows(
  [samples = 1, channels = 1, ...spatial]: readonly number[],
  outputs: number,
  window: Window,
  bias: Float64Array,
  rule: WindowWeights,
) {
  const positions = elementCount(window.outputs);
  const perChannel = elementCount(spatial);
  const rows = samples * outputs * positions;
  const taps = elementCount(window.kernel);
  checkWeights(rows * taps * rule.channels(0).length);
  const strides = stridesOf(spatial);
  const sources = range(positions).map((position) => {
    const at = stridesOf(window.outputs).map((stride, d) => Math.floor(position / stride) % (window.outputs[d] ?? 1));
    return sumOfOffsets(
      at.map((p, d) =>
        rule.coordinates(d, p).map((c) => (c >= 0 && c < (spatial[d] ?? 1) ? c * (strides[d] ?? 1) : -1)),
      ),
    );
  });
  const writer = new RowWriter(rows, samples * channels * perChannel, rows * taps);
  for (let sample = 0; sample < samples; sample++) {
    for (let o = 0; o < outputs; o++) {
      for (const source of sources) {
        for (const c of rule.channels(o)) {
          for (const [tap, element] of source.entries()) {
            if (element >= 0) writer.push((sample * channels + c) * perChannel + element, rule.weight(o, c, tap));
          }
        }
        writer.endRow();
      }
    }
  }
  const biases = Float64Array.from({ length: rows }, (_, r) => bias[Math.floor(r / positions) % outputs] ?? 0);
  return writer.finish(biases);
}
