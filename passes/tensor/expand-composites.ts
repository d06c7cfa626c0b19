/** `expand-composites`: polynomials, products and sums in place of composites. */
import { z } from 'zod';

import { Constant, elementCount, vector } from '../../ir/constant.ts';
import type { ValueId } from '../../ir/op.ts';
import { TensorBuilder, type TensorNodeNamed } from '../../ir/tensor/ops.ts';
import { definePass } from '../base/pass.ts';

type Composite = TensorNodeNamed<'composite'>;

export const expandComposites = definePass({
  name: 'expand-composites',
  level: 'tensor',
  doc:
    'Replaces every composite, y = offset + Σ_j u_j(x) v_j(x), by the polynomials of its stages, a product for each u_j that is ' +
    'not constant, and their sum. What they share is computed once.',
  options: z.strictObject({}),
  requires: ['polynomial'],
  ensures: ['polynomial'],
  statistics: { expanded: 'composites that became polynomials and products' },
  run: (module) => {
    const builder = new TensorBuilder();
    const values: ValueId[] = [];
    let expanded = 0;
    for (const node of module.nodes) {
      if (node.op === 'composite') {
        expanded++;
        values.push(expand(builder, node, values[node.operands[0] ?? -1] ?? -1));
      } else {
        values.push(builder.copy(node, (operand) => values[operand] ?? -1));
      }
    }
    return { module: expanded === 0 ? module : builder.build(module.name), statistics: { expanded } };
  },
});

function expand(builder: TensorBuilder, { attrs, type, origins }: Composite, x: ValueId): ValueId {
  const pieces = attrs.pieces.map(({ factor, stages }) => {
    const v = stages.reduce((t, stage) => builder.add('polynomial', [t], { basis: 'chebyshev', ...stage }, origins), x);
    const u = factorOf(builder, factor, x, origins);
    return u === undefined ? v : builder.add('multiply', [u, v], {}, origins);
  });
  const [only = -1] = pieces;
  const sum = pieces.length === 1 ? only : builder.add('add', pieces, {}, origins);
  const { values } = attrs.offsets;
  if (values.every((offset) => offset === 0)) return sum;
  const perSet = elementCount(type) / values.length;
  const offsets =
    values.length === 1
      ? values
      : Float64Array.from({ length: elementCount(type) }, (_, i) => values[Math.floor(i / perSet)] ?? 0);
  return builder.add('scale-shift', [sum], { factors: vector(Float64Array.of(1)), offsets: vector(offsets) }, origins);
}

/** u(x); undefined where it is one. */
function factorOf(
  builder: TensorBuilder,
  factor: readonly number[],
  x: ValueId,
  origins: Composite['origins'],
): ValueId | undefined {
  const [constant = 0, slope = 0, ...higher] = factor;
  if (higher.some((c) => c !== 0)) {
    const coefficients = new Constant([1, factor.length], Float64Array.from(factor));
    return builder.add('polynomial', [x], { basis: 'power', coefficients, center: 0, halfWidth: 1 }, origins);
  }
  if (slope === 0 && constant === 1) return undefined;
  if (slope === 1 && constant === 0) return x;
  const [factors, offsets] = [vector(Float64Array.of(slope)), vector(Float64Array.of(constant))];
  return builder.add('scale-shift', [x], { factors, offsets }, origins);
}
