/** A model of dense layers in the clear, for comparison: this demo alone gives its weights away. */
import type { DemoModelData } from '../../site/demo-data.ts';

type Layer = DemoModelData['layers'][number] & { readonly weights: Float32Array; readonly bias: Float32Array };

export class ClearModel {
  private readonly layers: readonly Layer[];

  static async fetch({ id, layers }: DemoModelData): Promise<ClearModel> {
    const response = await fetch(`demo/${id}.weights`);
    return new ClearModel(layers, await response.arrayBuffer());
  }

  /** Weights in rows, then the bias, layer after layer, as 32-bit floats. */
  constructor(layers: DemoModelData['layers'], weights: ArrayBuffer) {
    let at = 0;
    const take = (count: number): Float32Array => {
      const taken = new Float32Array(weights, at, count);
      at += taken.byteLength;
      return taken;
    };
    this.layers = layers.map((layer) => ({
      ...layer,
      weights: take(layer.inputs * layer.outputs),
      bias: take(layer.outputs),
    }));
  }

  evaluate(input: Float64Array): Float64Array {
    return this.layers.reduce(evaluateLayer, input);
  }
}

function evaluateLayer(x: Float64Array, { inputs, outputs, squares, weights, bias }: Layer): Float64Array {
  const y = new Float64Array(outputs);
  for (let row = 0; row < outputs; row++) {
    let sum = bias[row] ?? 0;
    for (let column = 0; column < inputs; column++) sum += (weights[row * inputs + column] ?? 0) * (x[column] ?? 0);
    y[row] = squares ? sum * sum : sum;
  }
  return y;
}
