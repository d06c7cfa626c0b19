/** Scales every value so that its largest element on the samples becomes one, by constants that are folded in. */
import { z } from 'zod';

import { Constant } from '../../ir/constant.ts';
import { usersOf } from '../../ir/module.ts';
import type { ValueId } from '../../ir/op.ts';
import { checkFiniteMap } from '../../ir/tensor/csr.ts';
import { TileBuilder, type TileModule, type TileNode, type TileNodeNamed } from '../../ir/tile/ops.ts';
import { definePass } from '../base/pass.ts';
import { rangeFactors } from './range-factors.ts';

export const equaliseRanges = definePass({
  name: 'equalise-ranges',
  level: 'tile',
  doc:
    'Scales every value by a constant, folded into weights, biases, coefficients, packings and unpackings, so that the ' +
    'largest element becomes one: relative precision for nothing. `ranges` gives the largest absolute element of every ' +
    'tile value over samples; what stands beside the elements does not count, since all but decryption is exact modulo ' +
    'the modulus of a level. Values that are added keep a common factor, products have the product of the factors. A ' +
    'polynomial in powers whose degree is a power of two and whose leading coefficient all elements share becomes monic, ' +
    'which saves a level; the interval of other polynomials is folded into the linear op before them.',
  options: z.strictObject({ ranges: z.array(z.number().min(0)) }),
  requires: [],
  ensures: [],
  statistics: { scaled: 'values whose factor is not one' },
  run: (module, { ranges }) => {
    const factors = rangeFactors(module, ranges);
    const intervals = foldedIntervals(module);
    const builder = new TileBuilder();
    for (const node of module.nodes) rewrite(builder, node, factors, intervals);
    const scaled = factors.filter((factor) => factor !== 1).length;
    return { module: builder.build(module.name), statistics: { scaled } };
  },
});

/**
 * The linear ops that only one polynomial reads, by id, with that polynomial's centre: they compute the argument of the
 * polynomial instead of its operand.
 */
function foldedIntervals(module: TileModule): Map<ValueId, number> {
  const users = usersOf(module);
  const centers = new Map<ValueId, number>();
  for (const node of module.nodes) {
    const [user, ...others] = users[node.id] ?? [];
    if (node.op === 'linear' && user?.op === 'polynomial' && others.length === 0)
      centers.set(node.id, user.attrs.center);
  }
  return centers;
}

function rewrite(
  builder: TileBuilder,
  node: TileNode,
  factors: readonly number[],
  intervals: ReadonlyMap<ValueId, number>,
): void {
  const factor = factors[node.id] ?? 1;
  const operandFactor = factors[node.operands[0] ?? -1] ?? 1;
  const { operands, origins } = node;
  switch (node.op) {
    case 'pack':
      builder.add('pack', operands, { ...node.attrs, factor: node.attrs.factor * factor }, origins);
      break;
    case 'linear': {
      const center = intervals.get(node.id) ?? 0;
      const { values, factor: before = 1, ...rest } = node.attrs;
      const scale = before * (factor / operandFactor);
      const bias = mapped(node.attrs.bias, (b) => (b - center) * factor);
      checkFiniteMap({ weights: values.values, bias: bias.values }, origins, scale);
      builder.add('linear', operands, { ...rest, values, ...(scale !== 1 && { factor: scale }), bias }, origins);
      break;
    }
    case 'polynomial':
      builder.add('polynomial', operands, scaledPolynomial(node, operandFactor, factor, intervals), origins);
      break;
    case 'unpack':
      builder.add('unpack', operands, { ...node.attrs, factor: node.attrs.factor / operandFactor }, origins);
      break;
    case 'add':
    case 'multiply':
    case 'refresh':
      builder.copy(node, (id) => id);
  }
}

/** `factor` · p(x / operandFactor), as a polynomial of the scaled operand. */
function scaledPolynomial(
  { attrs, operands }: TileNodeNamed<'polynomial'>,
  operandFactor: number,
  factor: number,
  intervals: ReadonlyMap<ValueId, number>,
) {
  const { basis, coefficients, center, halfWidth } = attrs;
  const scaledCenter = intervals.has(operands[0] ?? -1) ? 0 : center * operandFactor;
  const scaledWidth = halfWidth * operandFactor;
  const terms = coefficients.shape[1] ?? 1;
  if (basis === 'chebyshev') {
    // Behind a quadratic that was made monic the factor may be negative: T_k(−t) = (−1)^k T_k(t).
    const sign = Math.sign(operandFactor);
    const flipped = coefficients.values.map((c, i) => c * factor * sign ** (i % terms));
    const scaled = new Constant(coefficients.shape, flipped);
    return { ...attrs, coefficients: scaled, center: scaledCenter, halfWidth: settle(Math.abs(scaledWidth)) };
  }
  // Powers absorb the width, so that the argument needs no product of its own.
  const values = coefficients.values.map((c, i) => settle((c * factor) / scaledWidth ** (i % terms)));
  const absorbed = new Constant(coefficients.shape, values);
  return { ...attrs, coefficients: absorbed, center: scaledCenter, halfWidth: 1 };
}

/** Values that are one but for rounding are one: a monic polynomial is recognised by it. */
function settle(x: number): number {
  return Math.abs(x - 1) < 1e-12 ? 1 : x;
}

function mapped(constant: Constant, f: (x: number) => number): Constant {
  return new Constant(constant.shape, constant.values.map(f));
}
