/**
 * A shrunk network without its dead elements, as its plan has it, and back: tiles are those of the layouts that suit the
 * smaller network, but what is trained and exported keeps every element of the user's model.
 */
import { InternalError } from '../ir/diagnostics/diagnostic.ts';
import type { ValueId } from '../ir/op.ts';
import type { TensorModule } from '../ir/tensor/ops.ts';
import {
  type LayerWeights,
  replaceWeights,
  type WeightNode,
  weightNodes,
  weightsOf,
} from '../ir/tensor/weight-layers.ts';
import { layerGeometry } from '../ir/tensor/layer-geometry.ts';

/** For each layer of the smaller network, in order, where its weights and rows stand in the layer of the model. */
interface LayerSources {
  readonly weights: Int32Array;
  /** −1 for a row that has no weights. */
  readonly rows: Int32Array;
  /** Of the layer of the model, when the smaller network was made; that has the constants of dead elements added. */
  readonly bias: Float64Array;
}

export class SmallerNetwork {
  /** Without dead elements; as `of` was given it. */
  readonly module: TensorModule;
  private readonly sources: readonly LayerSources[];

  private constructor(module: TensorModule, sources: readonly LayerSources[]) {
    this.module = module;
    this.sources = sources;
  }

  /**
   * `withoutDead` is what leaves the dead elements of a module out. Undefined where that leaves layers of other kinds, or
   * joins weights, so that there is no way back.
   */
  static of(module: TensorModule, withoutDead: (module: TensorModule) => TensorModule): SmallerNetwork | undefined {
    const smaller = withoutDead(module);
    // Weights that are their own number say where each of them went.
    const numbered = weightNodes(withoutDead(numberLiveWeights(module)));
    const layers = weightNodes(module);
    const own = weightNodes(smaller);
    if (own.length !== layers.length || numbered.length !== layers.length) return undefined;
    const sources: LayerSources[] = [];
    for (const [k, layer] of layers.entries()) {
      const [node, numbers] = [own[k], numbered[k]];
      if (node === undefined || numbers === undefined) return undefined;
      const found = sourcesOf(smaller, node, weightsOf(numbers).values, { module, layer });
      if (found === undefined) return undefined;
      sources.push(found);
    }
    return new SmallerNetwork(smaller, sources);
  }

  /**
   * The smaller network with the weights that `module` has now and the changes of its biases since `of`; it has the same
   * elements alive or fewer.
   */
  take(module: TensorModule): TensorModule {
    const layers = weightNodes(module);
    return this.replaceEach(this.module, (node, k) => {
      const { weights, rows, bias: earlier } = this.sourcesAt(k);
      const from = layers[k];
      if (from === undefined) throw new InternalError('the module has fewer layers');
      const values = weightsOf(from).values;
      const bias = from.attrs.bias.values;
      return {
        weights: Float64Array.from(weights, (source) => (source < 0 ? 0 : (values[source] ?? 0))),
        bias: node.attrs.bias.values.map((own, row) => {
          const source = rows[row] ?? -1;
          return source < 0 ? own : own + ((bias[source] ?? 0) - (earlier[source] ?? 0));
        }),
      };
    });
  }

  /** `module` with what `pruned`, which was taken from it, has lost: its zeros, and the changes of its biases. */
  putBack(module: TensorModule, pruned: TensorModule): TensorModule {
    const before = weightNodes(this.take(module));
    const after = weightNodes(pruned);
    return this.replaceEach(module, (node, k) => {
      const { weights: sources, rows } = this.sourcesAt(k);
      const [from, to] = [before[k], after[k]];
      if (from === undefined || to === undefined) throw new InternalError('the pruned network has other layers');
      const weights = weightsOf(node).values.slice();
      const gone = node.attrs.pruned?.values.slice() ?? new Float64Array(weights.length);
      for (const [i, value] of weightsOf(to).values.entries()) {
        const source = sources[i] ?? -1;
        if (value !== 0 || source < 0 || weights[source] === 0) continue;
        gone[source] = weights[source] ?? 0;
        weights[source] = 0;
      }
      const bias = node.attrs.bias.values.slice();
      for (const [row, source] of rows.entries()) {
        if (source < 0) continue;
        bias[source] = (bias[source] ?? 0) + (to.attrs.bias.values[row] ?? 0) - (from.attrs.bias.values[row] ?? 0);
      }
      return { weights, bias, pruned: gone };
    });
  }

  private sourcesAt(k: number): LayerSources {
    const sources = this.sources[k];
    if (sources === undefined) throw new InternalError(`there is no layer ${k}`);
    return sources;
  }

  private replaceEach(module: TensorModule, change: (node: WeightNode, k: number) => LayerWeights): TensorModule {
    const changes = weightNodes(module).map((node, k): [ValueId, LayerWeights] => [node.id, change(node, k)]);
    return replaceWeights(module, new Map(changes));
  }
}

/** From 1 on, each weight that is not zero by its index. */
function numberLiveWeights(module: TensorModule): TensorModule {
  const numbers = (node: WeightNode) => weightsOf(node).values.map((w, i) => (w === 0 ? 0 : i + 1));
  return replaceWeights(module, new Map(weightNodes(module).map((node) => [node.id, { weights: numbers(node) }])));
}

function sourcesOf(
  smaller: TensorModule,
  node: WeightNode,
  numbers: Float64Array,
  { module, layer }: { readonly module: TensorModule; readonly layer: WeightNode },
): LayerSources | undefined {
  const values = weightsOf(layer).values;
  if (numbers.length !== weightsOf(node).values.length || layer.op !== node.op) return undefined;
  const weights = Int32Array.from(numbers, (number) => number - 1);
  const moved = weightsOf(node).values.every((w, i) => w === (numbers[i] === 0 ? 0 : values[weights[i] ?? -1]));
  if (!moved) return undefined;
  const own = layerGeometry(smaller, node);
  const { rowOf } = layerGeometry(module, layer);
  const rows = new Int32Array(own.rows).fill(-1);
  for (const [i, source] of weights.entries()) if (source >= 0) rows[own.rowOf[i] ?? 0] = rowOf[source] ?? -1;
  return { weights, rows, bias: layer.attrs.bias.values };
}
