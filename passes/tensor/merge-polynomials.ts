/** `merge-polynomials`: one polynomial in place of the sums, products and powers of a value that spell it. */
import { z } from 'zod';

import { mergeOrigins, nodeAt } from '../../ir/module.ts';
import type { ValueId } from '../../ir/op.ts';
import { TensorBuilder, type TensorModule } from '../../ir/tensor/ops.ts';
import { definePass } from '../base/pass.ts';
import { emitMerged } from './polynomials/emit-merged.ts';
import { groupSummands } from './polynomials/group-summands.ts';
import { type Merged, nodesBetween, planPolynomials } from './polynomials/polynomial-plan.ts';

export const mergePolynomials = definePass({
  name: 'merge-polynomials',
  level: 'tensor',
  doc:
    'Puts one polynomial in place of the scales, shifts, sums, products and powers that compute, element by element, a ' +
    'polynomial of one value, however they spell it: Horner’s form, products of factors, sums of squares, up to degree 16. ' +
    'What cancels vanishes. A polynomial never takes more levels or more products than its spelling: one of high degree ' +
    'that is composed of smaller ones stays composed of them, and so do bare powers of a degree above two, which as a ' +
    'polynomial would want zeros beside the elements. Values that somebody else reads are computed once. ' +
    'Coefficients may differ between elements; leading ones that do are left to the next linear op where the rest is ' +
    'monic then. Powers are about the centre, zero or that of the range that the value takes on the samples, where ' +
    'they cancel less; where they cancel more than eight bits about either, the spelling stays. Polynomials in Chebyshev ' +
    'form are fitted to activations and stay as they are. Assumes finite constants; results change by rounding only.',
  options: z.strictObject({}),
  requires: [],
  ensures: [],
  statistics: {
    polynomials: 'values that are evaluated in another way than they are spelt',
    vanished: 'ops that became part of them',
  },
  run: (module, _, { samples }) => {
    const unchanged = { module, statistics: { polynomials: 0, vanished: 0 } };
    if (!module.nodes.some(({ op }) => op === 'multiply' || op === 'polynomial')) return unchanged;
    const grouped = groupSummands(module);
    const merged = planPolynomials(grouped, samples);
    if (merged.size === 0) return unchanged;
    const live = liveNodes(grouped, merged);
    const builder = new TensorBuilder();
    const values: ValueId[] = [];
    for (const node of grouped.nodes) {
      if (!live.has(node.id)) continue;
      const polynomial = merged.get(node.id);
      values[node.id] =
        polynomial === undefined
          ? builder.copy(node, (operand) => values[operand] ?? -1)
          : emitMerged(
              builder,
              polynomial,
              values[polynomial.base] ?? -1,
              node.type,
              mergeOrigins(...nodesBetween(grouped, polynomial.base, node.id).map((id) => nodeAt(grouped, id).origins)),
            );
    }
    const polynomials = [...merged.keys()].filter((id) => live.has(id)).length;
    return {
      module: builder.build(module.name),
      statistics: { polynomials, vanished: grouped.nodes.length - live.size },
    };
  },
});

/** What is still computed; inputs stay, because they are the model's interface. */
function liveNodes(module: TensorModule, merged: ReadonlyMap<ValueId, Merged>): ReadonlySet<ValueId> {
  const live = new Set<ValueId>();
  for (const node of module.nodes.toReversed()) {
    if (node.op === 'input' || node.op === 'output') live.add(node.id);
    if (!live.has(node.id)) continue;
    const polynomial = merged.get(node.id);
    for (const id of polynomial === undefined ? node.operands : [polynomial.base]) live.add(id);
  }
  return live;
}
