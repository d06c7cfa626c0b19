/** `scale-comparisons`: makes what steps and signs decide equally clear. */
import { z } from 'zod';

import { elementCount, vector } from '../../ir/constant.ts';
import type { Sample } from '../../ir/interface.ts';
import { TensorInterpreter } from '../../ir/interpret/tensor.ts';
import type { ValueId } from '../../ir/op.ts';
import type { Range } from '../../ir/plan/calibration.ts';
import { TensorBuilder, type TensorModule, type TensorNode, type TensorNodeNamed } from '../../ir/tensor/ops.ts';
import { louder } from '../base/louder-samples.ts';
import { definePass } from '../base/pass.ts';
import { isComparison, limitedRanges } from './comparisons/input-comparisons.ts';

/** Factors that differ by less are one factor, which the range of the activation takes care of. */
const leastSpread = 1.01;

export const scaleComparisons = definePass({
  name: 'scale-comparisons',
  level: 'tensor',
  doc:
    'Scales what a `step` or `sign` reads from a linear op so that every element is at most 1 on the calibration samples, and ' +
    'where samples reach that are amplified; on all inputs, where the client keeps the elements within limits that are compared. A decision is the same for every positive multiple of what it is made on, and what ' +
    'stands for the jump has one range and one margin for all elements, which features of different units would share unequally. ' +
    'Behind a convolution all elements of a channel have one factor, so that it stays one. Elements that are 0 on all samples ' +
    'are left as they are. Scales are left to `merge-linear`, which makes them part of the weights.',
  options: z.strictObject({}),
  requires: [],
  ensures: [],
  statistics: { scaled: 'activations whose operand is scaled' },
  run: (module, _, { samples, limits }) => {
    const comparisons = module.nodes.filter((node) => isScalable(module, node));
    if (comparisons.length === 0) return { module, statistics: { scaled: 0 } };
    const limited = limitedRanges(module, limits);
    const others = comparisons.filter(({ id }) => !limited.has(id));
    const reaches = new Map([
      ...reachesOf(module, others, samples),
      ...Array.from(limited, ([id, ranges]): [ValueId, Float64Array] => [id, Float64Array.from(ranges, farthest)]),
    ]);
    const factors = new Map<ValueId, Float64Array>();
    for (const { id, operands } of comparisons) {
      const own = factorsOf(module.nodes[operands[0] ?? -1], reaches.get(id) ?? new Float64Array());
      if (spreadOf(own) > leastSpread) factors.set(id, own);
    }
    if (factors.size === 0) return { module, statistics: { scaled: 0 } };
    const builder = new TensorBuilder();
    const values: ValueId[] = [];
    for (const node of module.nodes) {
      const scale = factors.get(node.id);
      const [operand = -1] = node.operands.map((id) => values[id] ?? -1);
      if (scale === undefined) {
        values.push(builder.copy(node, (id) => values[id] ?? -1));
        continue;
      }
      const attrs = { factors: vector(scale), offsets: vector(Float64Array.of(0)) };
      const scaled = builder.add('scale-shift', [operand], attrs, node.origins);
      values.push(builder.copy(node, () => scaled));
    }
    return { module: builder.build(module.name), statistics: { scaled: factors.size } };
  },
});

/** Whether the node decides on the result of a linear op, whose weights take a scale for nothing. */
function isScalable(module: TensorModule, node: TensorNode): node is TensorNodeNamed<'activation'> {
  if (!isComparison(node)) return false;
  const { op } = module.nodes[node.operands[0] ?? -1] ?? node;
  return op === 'dense' || op === 'sparse' || op === 'conv' || op === 'scale-shift';
}

/** How far from 0 each element is that an activation reads. */
function reachesOf(
  module: TensorModule,
  comparisons: readonly TensorNode[],
  samples: readonly Sample[],
): ReadonlyMap<ValueId, Float64Array> {
  if (comparisons.length === 0) return new Map();
  const interpreter = new TensorInterpreter(module);
  const reaches = new Map(comparisons.map(({ id, type }) => [id, new Float64Array(elementCount(type))]));
  for (const sample of [...samples, ...louder(samples)]) {
    const values = interpreter.evaluateAll(sample);
    for (const { id, operands } of comparisons) widen(reaches.get(id), values[operands[0] ?? -1]);
  }
  return reaches;
}

function farthest([least, most]: Range): number {
  return Math.max(Math.abs(least), Math.abs(most));
}

function widen(reach: Float64Array | undefined, values: Float64Array | undefined): void {
  if (reach === undefined || values === undefined) return;
  for (const [i, value] of values.entries()) reach[i] = Math.max(reach[i] ?? 0, Math.abs(value));
}

function factorsOf(operand: TensorNode | undefined, reach: Float64Array): Float64Array {
  const perChannel = operand?.op === 'conv' ? elementCount(operand.type.slice(1)) : 1;
  const groups = Array.from({ length: reach.length / perChannel }, (_, channel) =>
    reach.subarray(channel * perChannel, (channel + 1) * perChannel).reduce((most, x) => Math.max(most, x), 0),
  );
  return reach.map((_, i) => factorFor(groups[Math.floor(i / perChannel)] ?? 0));
}

function factorFor(reach: number): number {
  const factor = 1 / reach;
  return Number.isFinite(factor) ? factor : 1;
}

/** By how much the factors differ: 1 where they are one. */
function spreadOf(factors: Float64Array): number {
  const [least, most] = factors.reduce(([lo, hi], f) => [Math.min(lo, f), Math.max(hi, f)], [Infinity, 0]);
  return most / least;
}
