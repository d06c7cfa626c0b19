/**
 * The ops whose weights can be pruned and trained: `dense`, `conv` and `sparse`, as one kind of thing. A weight is an
 * entry of the array `weights` (for `sparse`: `values`); a `conv` uses each of its weights at many entries of its map.
 */
import { Constant } from '../constant.ts';
import { InternalError } from '../diagnostics/diagnostic.ts';
import { nodeAt } from '../module.ts';
import type { ValueId } from '../op.ts';
import { linearMapOf } from './linear-map.ts';
import { type Shape, TensorBuilder, type TensorModule, type TensorNode, type TensorNodeNamed } from './ops.ts';

export type WeightNode = TensorNodeNamed<'dense' | 'conv' | 'sparse'>;

export function isWeightNode(node: TensorNode): node is WeightNode {
  return node.op === 'dense' || node.op === 'conv' || node.op === 'sparse';
}

/** The nodes of a module that have weights, in order. */
export function weightNodes(module: TensorModule): WeightNode[] {
  return module.nodes.filter(isWeightNode);
}

export function weightsOf(node: WeightNode): Constant {
  return node.op === 'sparse' ? node.attrs.values : node.attrs.weights;
}

/** What replaces a layer's weights; shapes stay. What is left out stays as well. */
export interface LayerWeights {
  readonly weights?: Float64Array;
  readonly bias?: Float64Array;
  readonly pruned?: Float64Array;
}

/** The module with the weights of some of its nodes replaced, by id; every other node is copied. */
export function replaceWeights(module: TensorModule, layers: ReadonlyMap<ValueId, LayerWeights>): TensorModule {
  const builder = new TensorBuilder();
  for (const node of module.nodes) {
    const change = layers.get(node.id);
    if (change === undefined) {
      builder.copy(node, (id) => id);
    } else if (isWeightNode(node)) {
      addWithWeights(builder, node, change);
    } else {
      throw new InternalError(`%${node.id} has no weights`);
    }
  }
  return builder.build(module.name);
}

function addWithWeights(builder: TensorBuilder, node: WeightNode, { weights, bias, pruned }: LayerWeights): void {
  const { shape } = weightsOf(node);
  const values = weights === undefined ? weightsOf(node) : new Constant(shape, weights);
  const common = {
    bias: bias === undefined ? node.attrs.bias : new Constant(node.attrs.bias.shape, bias),
    pruned: pruned === undefined ? node.attrs.pruned : new Constant(shape, pruned),
  };
  if (node.op === 'dense')
    builder.add('dense', node.operands, { ...node.attrs, ...common, weights: values }, node.origins);
  else if (node.op === 'conv')
    builder.add('conv', node.operands, { ...node.attrs, ...common, weights: values }, node.origins);
  else builder.add('sparse', node.operands, { ...node.attrs, ...common, values }, node.origins);
}

/** Where every weight of a layer stands in its matrix, whether it is zero or not; rows as in a `LinearMap`. */
export interface WeightMap {
  readonly rows: number;
  readonly columns: number;
  readonly starts: Int32Array;
  readonly indices: Int32Array;
  /** For each entry the index of its weight. */
  readonly weight: Int32Array;
}

/** Of the node in its module. Throws `HepcError` (H310) for a map of more than `maxNonZeros` entries. */
export function weightMapOf(module: TensorModule, node: WeightNode): WeightMap {
  const shapes: Shape[] = node.operands.map((id) => nodeAt(module, id).type);
  // Numbered from one, so that no weight is the zero that maps leave out.
  const numbers = new Constant(
    weightsOf(node).shape,
    weightsOf(node).values.map((_, i) => i + 1),
  );
  const numbered: WeightNode =
    node.op === 'sparse'
      ? { ...node, attrs: { ...node.attrs, values: numbers } }
      : node.op === 'conv'
        ? { ...node, attrs: { ...node.attrs, weights: numbers } }
        : { ...node, attrs: { ...node.attrs, weights: numbers } };
  const { rows, columns, starts, indices, values } = linearMapOf(numbered, shapes);
  return { rows, columns, starts, indices, weight: Int32Array.from(values, (number) => number - 1) };
}
