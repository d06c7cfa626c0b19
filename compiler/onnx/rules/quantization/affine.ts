/** How integers stand for reals: real = scale · (integer − zero point), with one of each for all elements, an axis or a block. */
import { broadcastIndex, pick, range, selectIndex } from '../../emission/geometry.ts';
import type { Operation } from '../../emission/operation.ts';
import { invalid, mixesSamples, refused } from '../../proto/failure.ts';
import { type ConstantTerm, isBatched, normalizeAxis, sampleAxis, type Term } from '../../proto/term.ts';

interface Encoding {
  readonly scale: ConstantTerm;
  /** All zeros where it is left out. */
  readonly zeroPoint: ConstantTerm | undefined;
}

/** What several scales go by: the entries of an axis as ONNX counts it, or blocks of so many along it. */
export interface Along {
  readonly axis: number;
  readonly blockSize?: number;
}

const zero = Float64Array.of(0);

/** Scale and zero point among the operands of `op`, which have to be constants. */
export function encodingAt(op: Operation, scale: number, zeroPoint: number): Encoding {
  return {
    scale: parameterAt(op, scale, 'the scale'),
    zeroPoint: op.optional(zeroPoint) === undefined ? undefined : parameterAt(op, zeroPoint, 'the zero point'),
  };
}

function parameterAt(op: Operation, i: number, what: string): ConstantTerm {
  const term = op.input(i);
  if (term.kind === 'constant') return term;
  throw refused(
    `${what} of a quantised value depends on an encrypted input`,
    'Quantise statically, with scales from calibration (onnxruntime.quantization.quantize_static), or export the float model.',
  );
}

/** The reals that the integers of `x` stand for. */
export function dequantized(op: Operation, x: Term, { scale, zeroPoint }: Encoding, along: Along): Term {
  const factors = spread(op, x, scale, along);
  const zeros = zeroPoint === undefined ? zero : spread(op, x, zeroPoint, along);
  const longer = factors.length < zeros.length ? zeros : factors;
  const offsets = zeros.every((z) => z === 0) ? zero : longer.map((_, i) => -entry(zeros, i) * entry(factors, i));
  return { ...op.emit.scaleShift(x, factors, offsets), elements: 'float' };
}

/** The parameter of every element of `x`; one number where it is the same for all. */
function spread(op: Operation, x: Term, { shape, data }: ConstantTerm, along: Along): Float64Array {
  if (data.length === 1) return data;
  const { axis, blockSize = 0 } = along;
  const index = blockSize > 0 ? blockIndex(x, shape, axis, blockSize) : axisIndex(x, shape, axis);
  op.emit.charge(index.length);
  return pick(data, index);
}

function axisIndex(x: Term, shape: readonly number[], axis: number): Int32Array {
  const own = sampleAxis(x, axis, 'scales differ along');
  const extent = x.shape[own] ?? 1;
  if (shape.length !== 1 || shape[0] !== extent) {
    throw invalid(`scales or zero points of shape [${shape.join(', ')}] for axis ${axis} of [${x.shape.join(', ')}]`);
  }
  return broadcastIndex([extent, ...x.shape.slice(own + 1).map(() => 1)], x.shape);
}

function blockIndex(x: Term, shape: readonly number[], axis: number, blockSize: number): Int32Array {
  if (isBatched(x)) throw mixesSamples('scales differ between blocks of a value with a batch axis');
  const own = normalizeAxis(axis, x.shape.length);
  const blocks = x.shape.map((extent, d) => (d === own ? Math.ceil(extent / blockSize) : extent));
  if (shape.join() !== blocks.join()) {
    throw invalid(
      `scales or zero points of shape [${shape.join(', ')}] for blocks of ${blockSize} along axis ${axis} of ` +
        `[${x.shape.join(', ')}]; expected [${blocks.join(', ')}]`,
    );
  }
  const coordinates = x.shape.map((extent, d) => range(extent).map((i) => (d === own ? Math.floor(i / blockSize) : i)));
  return selectIndex(shape, coordinates);
}

function entry(values: Float64Array, i: number): number {
  return values[values.length === 1 ? 0 : i] ?? 0;
}
