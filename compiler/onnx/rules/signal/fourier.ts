/** DFT and STFT: a product with a matrix of cosines and sines, since their lengths are known. */
import { elementCount } from '../../../../ir/constant.ts';
import { range, selectAlong, withExtent } from '../../emission/geometry.ts';
import type { Rule } from '../../emission/operation.ts';
import { invalid } from '../../proto/failure.ts';
import { checkedExtents, checkWeights } from '../../proto/limits.ts';
import {
  type ConstantTerm,
  constant,
  isBatched,
  sampleAxis,
  scalarOf,
  type Term,
  withShape,
} from '../../proto/term.ts';
import type { Emitter } from '../../emission/emitter.ts';
import { multiplyMatrices } from '../matrix.ts';

interface Transform {
  /** Elements that are transformed; of them the first `inputs` are there, the others are zero. */
  readonly length: number;
  readonly inputs: number;
  /** 1 for real elements, 2 for real and imaginary parts. */
  readonly parts: number;
  readonly bins: number;
  readonly inverse: boolean;
  readonly window?: Float64Array;
}

/** The axis, an attribute before opset 20 and an operand since; the last axis has the parts of complex numbers. */
export const dft: Rule = (op) => {
  const x = op.input(0);
  const parts = x.shape.at(-1) ?? 0;
  const given =
    op.opset < 20 ? op.int('axis', 1) : scalarOf(op.optional(2) ?? constant([], Float64Array.of(-2)), 'the axis');
  const axis = sampleAxis(x, given, 'DFT transforms');
  const lengthTerm = op.optional(1);
  const length = lengthTerm === undefined ? (x.shape[axis] ?? 1) : scalarOf(lengthTerm, 'the length of the DFT');
  if (axis === x.shape.length - 1 || (parts !== 1 && parts !== 2) || !Number.isInteger(length) || length < 1)
    throw invalid(`DFT of length ${length} along axis ${given} of [${x.shape.join(', ')}]`);
  const [inverse, onesided] = [op.flag('inverse', false), op.flag('onesided', false)];
  if (onesided && inverse) {
    if (parts !== 2) throw invalid('an inverse onesided DFT is of complex numbers');
    return [realInverse(op.emit, x, axis, lengthTerm === undefined ? 2 * length - 2 : length)];
  }
  if (onesided && parts === 2) throw invalid('a onesided DFT is of real numbers');
  const cut = firstAlong(op.emit, x, axis, length);
  const bins = onesided ? Math.floor(length / 2) + 1 : length;
  const transform = { length, inputs: cut.shape[axis] ?? 1, parts, bins, inverse };
  return [transformed(op.emit, cut, axis, matrixOf(transform), 2)];
};

/** The real signal of `length` that the first half of a spectrum is of; the other half mirrors it. */
function realInverse(emit: Emitter, x: Term, axis: number, length: number): Term {
  if (length < 1) throw invalid('the length of the DFT is 0');
  const cut = firstAlong(emit, x, axis, Math.floor(length / 2) + 1);
  const inputs = cut.shape[axis] ?? 1;
  checkWeights(inputs * 2 * length);
  const matrix = new Float64Array(inputs * 2 * length);
  for (let k = 0; k < inputs; k++) {
    const share = (k === 0 || 2 * k === length ? 1 : 2) / length;
    for (let n = 0; n < length; n++) {
      const angle = (2 * Math.PI * ((k * n) % length)) / length;
      matrix[2 * k * length + n] = share * cleaned(Math.cos(angle));
      matrix[(2 * k + 1) * length + n] = -share * cleaned(Math.sin(angle));
    }
  }
  return transformed(emit, cut, axis, constant([inputs * 2, length], matrix), 1);
}

/** At most the first `count` elements along an axis. */
function firstAlong(emit: Emitter, x: Term, axis: number, count: number): Term {
  const kept = Math.min(count, x.shape[axis] ?? 1);
  return emit.move(x, withExtent(x.shape, axis, kept), selectAlong(x.shape, axis, range(kept)));
}

/** Frames of the signal [batch, length, parts], each multiplied by the window. */
export const stft: Rule = (op) => {
  const given = op.input(0);
  const leading = isBatched(given) ? 0 : 1;
  const signal = given.shape.length === leading + 1 ? withShape(given, [...given.shape, 1]) : given;
  const [samples = 0, parts = 0] = signal.shape.slice(leading);
  const step = scalarOf(op.input(1), 'the step of the frames');
  const window = op.optional(2) === undefined ? undefined : op.constant(2, 'the window').data;
  const lengthTerm = op.optional(3);
  const length = lengthTerm === undefined ? (window?.length ?? 0) : scalarOf(lengthTerm, 'the length of a frame');
  const onesided = op.flag('onesided', true);
  const fits = signal.shape.length === leading + 2 && (parts === 1 || (parts === 2 && !onesided));
  const isLength = Number.isInteger(length) && length >= 1 && length <= samples && step >= 1 && Number.isInteger(step);
  if (!fits || !isLength || (window !== undefined && window.length !== length))
    throw invalid(`STFT in frames of ${length} every ${step} of [${given.shape.join(', ')}]`);
  const frames = Math.floor((samples - length) / step) + 1;
  const shape = [...signal.shape.slice(0, leading), frames, length, parts];
  checkedExtents(shape);
  const coordinates = range(frames).flatMap((frame) => range(length).map((i) => frame * step + i));
  const cut = op.emit.move(signal, shape, selectAlong(signal.shape, leading, coordinates));
  const bins = onesided ? Math.floor(length / 2) + 1 : length;
  const transform = { length, inputs: length, parts, bins, inverse: false, ...(window !== undefined && { window }) };
  return [transformed(op.emit, cut, leading + 1, matrixOf(transform), 2)];
};

/** x [.., inputs, .., parts] times [inputs · parts, outputs · results]: [.., outputs, .., results]. */
function transformed(emit: Emitter, x: Term, axis: number, matrix: ConstantTerm, results: number): Term {
  const last = x.shape.length - 1;
  const order = [...range(last).filter((d) => d !== axis), axis, last];
  const rows = emit.transpose(x, order);
  const lead = rows.shape.slice(0, -2);
  const [inputs = 1, outputs = 1] = matrix.shape;
  const product = multiplyMatrices(emit, withShape(rows, [elementCount(lead), inputs]), matrix);
  const result = withShape(product, [...lead, outputs / results, results]);
  const back = range(order.length).map((d) => order.indexOf(d));
  return emit.transpose(result, back);
}

/** [inputs · parts, bins · 2]: x e^(∓2πi k n / length), by its real and imaginary parts. */
function matrixOf({ length, inputs, parts, bins, inverse, window }: Transform): ConstantTerm {
  checkWeights(inputs * parts * bins * 2);
  const matrix = new Float64Array(inputs * parts * bins * 2);
  const scale = inverse ? 1 / length : 1;
  for (let n = 0; n < inputs; n++) {
    for (let k = 0; k < bins; k++) {
      const angle = ((inverse ? 2 : -2) * Math.PI * ((k * n) % length)) / length;
      const factor = scale * (window?.[n] ?? 1);
      const [re, im] = [factor * cleaned(Math.cos(angle)), factor * cleaned(Math.sin(angle))];
      const at = (part: number) => ((n * parts + part) * bins + k) * 2;
      matrix.set([re, im], at(0));
      if (parts === 2) matrix.set([-im, re], at(1));
    }
  }
  return constant([inputs * parts, bins * 2], matrix);
}

/** Zero where rounding has left next to nothing, so that the matrix is as sparse as it is. */
function cleaned(x: number): number {
  return Math.abs(x) < 1e-15 ? 0 : x;
}
