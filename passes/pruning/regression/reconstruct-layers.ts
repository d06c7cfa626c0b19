/** Least squares of one layer after another, in topological order, towards what another module computes. */
import { elementCount } from '../../../ir/constant.ts';
import { InternalError } from '../../../ir/diagnostics/diagnostic.ts';
import { nodeAt } from '../../../ir/module.ts';
import type { ValueId } from '../../../ir/op.ts';
import type { TensorModule, TensorNode } from '../../../ir/tensor/ops.ts';
import { isWeightNode, replaceWeights } from '../../../ir/tensor/weight-layers.ts';
import type { Sample } from '../../../ir/interface.ts';
import { assertFinite, batchKernel } from '../statistics/activations.ts';
import { evenly } from '../../base/evenly.ts';
import { fitLayer } from './least-squares-layer.ts';

export interface Reconstruction {
  readonly module: TensorModule;
  /** Layers that were fitted, and rows in them that got other weights. */
  readonly layers: number;
  readonly rows: number;
  /** Of all outputs: mean square of the difference from the reference over the mean square of the reference. */
  readonly error: number;
}

/** Doubles that are kept at a time: 512 MiB. Of more samples than they allow, fewer are taken, evenly. */
const maxElements = 2 ** 26;

const empty = new Float64Array();

/**
 * Changes the weights of `module` that are not zero, and its biases, so that every layer's outputs come closest to
 * those of the same layer of `reference` on the samples; each layer reads what the layers before it, fitted already, compute.
 * Both modules have the same nodes but for their weights. `ridge` penalises changes, as a fraction of the mean variance
 * of what a layer reads; without it each layer chooses its own. Throws `HepcError` (H312) where a value is not finite.
 */
export function reconstructLayers(
  module: TensorModule,
  reference: TensorModule,
  samples: readonly Sample[],
  { ridge }: { readonly ridge?: number | undefined } = {},
): Reconstruction {
  assertSameNodes(module, reference);
  const lastUses = lastUsesOf(module);
  const taken = evenly(samples, Math.max(1, Math.floor(maxElements / (4 * peakElements(module, lastUses)))));
  const wanted = new Map<ValueId, Float64Array>();
  const values = new Map<ValueId, Float64Array>();
  const difference = new RelativeError();
  let result = module;
  let layers = 0;
  let rows = 0;
  for (const { id, operands } of module.nodes) {
    const node = nodeAt(result, id);
    const target = evaluate(reference, nodeAt(reference, id), wanted, taken);
    wanted.set(id, target);
    let value = evaluate(result, node, values, taken);
    if (isWeightNode(node)) {
      const residual = target.map((t, i) => t - (value[i] ?? 0));
      if (residual.some((r) => r !== 0)) {
        const operand = values.get(operands[0] ?? -1) ?? empty;
        const fit = fitLayer(result, node, { operand, residual, count: taken.length }, ridge);
        result = replaceWeights(result, new Map([[id, { weights: fit.weights, bias: fit.bias }]]));
        value = evaluate(result, nodeAt(result, id), values, taken);
        layers++;
        rows += fit.rows;
      }
    }
    values.set(id, value);
    if (node.op === 'output') difference.add(value, target);
    for (const dead of lastUses.get(id) ?? []) {
      wanted.delete(dead);
      values.delete(dead);
    }
  }
  return { module: result, layers, rows, error: difference.value };
}

function assertSameNodes({ nodes }: TensorModule, reference: TensorModule): void {
  const same =
    nodes.length === reference.nodes.length &&
    nodes.every(({ op, type }, id) => {
      const other = reference.nodes[id];
      return other?.op === op && other.type.join() === type.join();
    });
  if (!same) throw new InternalError('a module is reconstructed towards one of other nodes');
}

function evaluate(
  module: TensorModule,
  node: TensorNode,
  values: ReadonlyMap<ValueId, Float64Array>,
  samples: readonly Sample[],
): Float64Array {
  const operands = node.operands.map((id) => values.get(id) ?? empty);
  const value = batchKernel(module, node)(operands, samples);
  assertFinite(node, value, samples.length, 0);
  return value;
}

/** The values that nobody reads after a node, by its id. */
function lastUsesOf({ nodes }: TensorModule): ReadonlyMap<ValueId, readonly ValueId[]> {
  const last = new Map<ValueId, ValueId>();
  for (const { id, operands } of nodes) for (const value of [id, ...operands]) last.set(value, id);
  const dying = new Map<ValueId, ValueId[]>();
  for (const [value, user] of last) dying.set(user, [...(dying.get(user) ?? []), value]);
  return dying;
}

/** Elements of one sample that are alive at a time, at most. */
function peakElements({ nodes }: TensorModule, lastUses: ReadonlyMap<ValueId, readonly ValueId[]>): number {
  const sizes = nodes.map(({ type }) => elementCount(type));
  let live = 0;
  let peak = 1;
  for (const { id } of nodes) {
    live += sizes[id] ?? 0;
    peak = Math.max(peak, live);
    for (const dead of lastUses.get(id) ?? []) live -= sizes[dead] ?? 0;
  }
  return peak;
}

class RelativeError {
  private differences = 0;
  private squares = 0;

  get value(): number {
    return this.differences / (this.squares || 1);
  }

  add(value: Float64Array, target: Float64Array): void {
    for (let i = 0; i < target.length; i++) {
      const t = target[i] ?? 0;
      this.differences += ((value[i] ?? 0) - t) ** 2;
      this.squares += t * t;
    }
  }
}
