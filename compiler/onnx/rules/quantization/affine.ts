/** How integers stand for reals: real = scale · (integer − zero point), with one of each for all elements, an axis or a block. */
import { toInteger } from '../../../../ir/interpret/quantize.ts';
import { broadcastIndex, pick, range, selectIndex } from '../../emission/geometry.ts';
import type { Operation } from '../../emission/operation.ts';
import { invalid, mixesSamples, refused } from '../../proto/failure.ts';
import { type ConstantTerm, constant, isBatched, normalizeAxis, sampleAxis, type Term } from '../../proto/term.ts';

export interface Encoding {
  readonly scale: ConstantTerm;
  /** All zeros where it is left out. */
  readonly zeroPoint: ConstantTerm | undefined;
}

/** What several scales go by: the entries of an axis as ONNX counts it, or blocks of so many along it. */
export interface Along {
  readonly axis: number;
  readonly blockSize?: number;
}

/** The integers that there are. */
export interface Bounds {
  readonly lowest: number;
  readonly highest: number;
}

const zero = Float64Array.of(0);

/** Scale and zero point among the operands of `op`, which have to be constants. */
export function encodingAt(op: Operation, scale: number, zeroPoint: number): Encoding {
  return {
    scale: parameterAt(op, scale, 'the scale'),
    zeroPoint: op.optional(zeroPoint) === undefined ? undefined : parameterAt(op, zeroPoint, 'the zero point'),
  };
}

export function parameterAt(op: Operation, i: number, what: string): ConstantTerm {
  const term = op.input(i);
  if (term.kind === 'constant') return term;
  throw refused(
    `${what} of a quantised value depends on an encrypted input`,
    'Quantise statically, with scales from calibration (onnxruntime.quantization.quantize_static), or export the float model.',
  );
}

/** The bounds of an integer type by its name, such as uint8; undefined for what is no integer. */
function boundsOf(type: string): Bounds | undefined {
  const [, unsigned, bits] = /^(u?)int(\d+)$/.exec(type) ?? [];
  if (unsigned === undefined) return undefined;
  const count = 2 ** Number(bits);
  return unsigned === 'u' ? { lowest: 0, highest: count - 1 } : { lowest: -count / 2, highest: count / 2 - 1 };
}

/** The bounds of the integers that an operator makes, whose type is that of the zero point, by default uint8. */
export function boundsBy({ zeroPoint }: Encoding, fallback = 'uint8'): Bounds {
  const type = zeroPoint?.type ?? fallback;
  const bounds = boundsOf(type);
  if (bounds === undefined) throw refused(`values are quantised to ${type}`, 'Quantise to integers of 8 or 16 bits.');
  return bounds;
}

/** The reals that the integers of `x` stand for. */
export function dequantized<T extends Term>(op: Operation, x: T, { scale, zeroPoint }: Encoding, along?: Along): T {
  const factors = spread(op, x, scale, along);
  const zeros = zeroPoint === undefined ? zero : spread(op, x, zeroPoint, along);
  const longer = factors.length < zeros.length ? zeros : factors;
  const offsets = zeros.every((z) => z === 0) ? zero : longer.map((_, i) => -entry(zeros, i) * entry(factors, i));
  return { ...op.emit.scaleShift(x, factors, offsets), elements: 'float' };
}

/** The integers next to the reals of `x`, within the bounds. */
export function quantized(op: Operation, x: Term, { scale, zeroPoint }: Encoding, bounds: Bounds, along?: Along): Term {
  const steps = spread(op, x, scale, along);
  if (steps.some((step) => step === 0)) throw invalid('a scale is 0');
  const zeros = zeroPoint === undefined ? zero : spread(op, x, zeroPoint, along);
  // Zero points are added after rounding, which an odd one would turn ties of.
  const offset = zeros.every((z) => z === zeros[0]) ? (zeros[0] ?? 0) : undefined;
  const { lowest, highest } = bounds;
  if (x.kind === 'constant') {
    // In floats, as onnxruntime divides: ties go by it.
    const data = x.data.map((v, i) => {
      const z = entry(zeros, i);
      return toInteger(Math.fround(v / entry(steps, i)), lowest - z, highest - z) + z;
    });
    return constant(x.shape, data, 'integer');
  }
  const divided = op.emit.scaleShift(
    x,
    steps.map((step) => 1 / step),
    offset === undefined ? zeros : zero,
  );
  const shift = offset ?? 0;
  const attrs = { steps: 'one', lowest: lowest - shift, highest: highest - shift } as const;
  const integers = op.emit.scaleShift(op.emit.quantize(divided, attrs), Float64Array.of(1), Float64Array.of(shift));
  return { ...integers, elements: 'integer' };
}

/** The parameter of every element of `x`; one number where it is the same for all. */
function spread(op: Operation, x: Term, { shape, data }: ConstantTerm, along: Along | undefined): Float64Array {
  if (data.length === 1) return data;
  if (along === undefined) throw invalid(`${data.length} scales or zero points where there must be one`);
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
