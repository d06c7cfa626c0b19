/** Activations that are approximated later, with the defaults of ONNX for their parameters. */
import { elementCount, sameShape } from '../../../ir/constant.ts';
import { expandedData } from '../emission/broadcast.ts';
import type { ActivationKind } from '../emission/emitter.ts';
import { invalid, refused } from '../proto/failure.ts';
import { broadcastShape, range } from '../emission/geometry.ts';
import type { Rule } from '../emission/operation.ts';
import { constant, sampleShapes, type Term, withShape } from '../proto/term.ts';
import { product, scaled, sum } from './arithmetic.ts';

/** An attribute that is a parameter of the activation, and its default. */
type Parameter = readonly [name: string, fallback: number];

export function activation(kind: ActivationKind, ...parameters: readonly Parameter[]): Rule {
  return (op) => [
    op.emit.activation(
      op.input(0),
      kind,
      parameters.map(([name, fallback]) => op.float(name, fallback)),
    ),
  ];
}

export const gelu: Rule = (op) => {
  const tanh = op.string('approximate', ['none', 'tanh'], 'none') === 'tanh';
  return [op.emit.activation(op.input(0), tanh ? 'gelu-tanh' : 'gelu', [])];
};

/** x · sigmoid(α x) = silu(α x) / α. */
export const swish: Rule = (op) => {
  const alpha = op.float('alpha', 1);
  if (alpha === 0) return [scaled(op.emit, op.input(0), 0.5)];
  return [scaled(op.emit, op.emit.activation(scaled(op.emit, op.input(0), alpha), 'silu', []), 1 / alpha)];
};

/** γ · elu(x). */
export const selu: Rule = (op) => {
  const alpha = op.float('alpha', 1.67326319217681884765625);
  return [
    scaled(op.emit, op.emit.activation(op.input(0), 'elu', [alpha]), op.float('gamma', 1.05070102214813232421875)),
  ];
};

/** α · elu(x / α) with a slope of 1. */
export const celu: Rule = (op) => {
  const alpha = op.float('alpha', 1);
  if (alpha === 0) throw refused('alpha is 0', 'Use Relu.');
  return [scaled(op.emit, op.emit.activation(scaled(op.emit, op.input(0), 1 / alpha), 'elu', [1]), alpha)];
};

/** x · tanh(softplus(x)). */
export const mish: Rule = (op) => {
  const x = op.input(0);
  return [product(op.emit, x, op.emit.activation(op.emit.activation(x, 'softplus', []), 'tanh', []))];
};

/** A bound that is left out is the largest number, since parameters are finite. */
export const clip: Rule = (op) => {
  const x = op.input(0);
  const largest = Number.MAX_VALUE;
  // Exporters that knew no optional bound wrote the largest float instead.
  const float32 = 3.4028234e38;
  const min = op.numberAt(1, 'min') ?? -Infinity;
  const max = op.numberAt(2, 'max') ?? Infinity;
  const low = min <= -float32 ? -largest : min;
  const high = max >= float32 ? largest : max;
  if (low === -largest && high === largest) return [x];
  if (low === 0 && high === largest) return [op.emit.activation(x, 'relu', [])];
  return [op.emit.activation(x, 'clip', [low, high])];
};

export const prelu: Rule = (op) => {
  const x = op.input(0);
  const slope = op.constant(1, 'the slope');
  const { shapes } = sampleShapes([x, slope]);
  if (!sameShape(broadcastShape([x.shape, shapes[1] ?? []]), x.shape))
    throw invalid(`slopes [${slope.shape.join(', ')}] do not broadcast to [${x.shape.join(', ')}]`);
  const slopes = expandedData(op.emit, withShape(slope, shapes[1] ?? []), x.shape);
  const perAxis = slopesOfLeadingAxes(x, slopes);
  if (perAxis !== undefined) {
    const seen = withShape(x, [perAxis.length, elementCount(x.shape) / perAxis.length]);
    return [withShape(op.emit.activation(seen, 'prelu', perAxis), x.shape)];
  }
  // a x + (1 − a) relu(x) for slopes that differ along other axes too.
  const relu = op.emit.activation(x, 'relu', []);
  const below = product(op.emit, x, constant(x.shape, slopes));
  return [
    sum(op.emit, [
      below,
      product(
        op.emit,
        relu,
        constant(
          x.shape,
          slopes.map((a) => 1 - a),
        ),
      ),
    ]),
  ];
};

/** The slopes if they differ along leading axes only: one for each index of those; undefined otherwise. */
function slopesOfLeadingAxes(x: Term, slopes: Float64Array): readonly number[] | undefined {
  if (slopes.length === 1) return Array.from(slopes);
  for (const axes of range(x.shape.length + 1)) {
    const sets = elementCount(x.shape.slice(0, axes));
    const perSet = slopes.length / sets;
    const leading = range(sets).map((set) => slopes[set * perSet] ?? 0);
    if (slopes.every((slope, i) => slope === leading[Math.floor(i / perSet)])) return leading;
  }
  return undefined;
}
