/** Classifiers of digits with ReLUs, the activation that is hardest to approximate, with weights that are drawn. */
import { readFileSync } from 'node:fs';
import type { Sample } from '../../ir/interface.ts';
import { seededRandom } from '../../ir/random.ts';
import { listSamples, loadSamples } from '../../runtime/samples.ts';
import { floats, model, node, type TensorSpec } from './onnx-builder.ts';

interface Layer {
  readonly weights: readonly Float64Array[];
  readonly bias: Float64Array;
}

/** Layers of these sizes with ReLUs between them, all weights uniform as PyTorch draws them: outputs are small. */
export function randomReluNetwork(sizes: readonly number[], seed: number): Uint8Array {
  return reluModel(randomLayers(sizes, seed, 1));
}

/**
 * 784-128-64-10 with random layers but for the last one, which is trained; the largest operand of a ReLU is about 45 on the
 * normalised images.
 */
export function normalisedReluNetwork(): { readonly bytes: Uint8Array; readonly samples: Sample[] } {
  const { samples, labels } = digits();
  const normalised = samples.map(
    (sample): Sample => new Map([['input', (sample.get('input') ?? empty).map((x) => (x - 0.1307) / 0.3081)]]),
  );
  const hidden = randomLayers([784, 128, 64], 3, 7.16);
  const features = normalised.map((sample) =>
    hidden.reduce((x, layer) => relu(apply(layer, x)), sample.get('input') ?? empty),
  );
  const last = trainedLayer(features, labels);
  return { bytes: reluModel([...hidden, last]), samples: normalised };
}

const empty = new Float64Array();

function digits(): { readonly samples: readonly Sample[]; readonly labels: readonly number[] } {
  const file = new URL('../../examples/models/mnist-test256.npz', import.meta.url);
  const loaded = loadSamples(readFileSync(file), 'mnist-test256.npz', [
    { name: 'input', shape: [1, 28, 28], hasBatchAxis: true },
  ]);
  return { samples: listSamples(loaded), labels: loaded.labels ?? [] };
}

function randomLayers([inputs = 1, ...sizes]: readonly number[], seed: number, gain: number): Layer[] {
  const random = seededRandom(seed);
  let columns = inputs;
  return sizes.map((rows) => {
    const draw = (): number => ((2 * random.uniform() - 1) * gain) / Math.sqrt(columns);
    const weights = Array.from({ length: rows }, () => Float64Array.from({ length: columns }, draw));
    const layer = { weights, bias: Float64Array.from({ length: rows }, draw) };
    columns = rows;
    return layer;
  });
}

function apply({ weights, bias }: Layer, x: Float64Array): Float64Array {
  return bias.map((offset, r) => offset + (weights[r] ?? empty).reduce((sum, w, i) => sum + w * (x[i] ?? 0), 0));
}

function relu(x: Float64Array): Float64Array {
  return x.map((value) => Math.max(0, value));
}

/** Softmax regression by gradient descent, with features scaled to at most one. */
function trainedLayer(features: readonly Float64Array[], labels: readonly number[]): Layer {
  const size = features[0]?.length ?? 0;
  const largest = Math.max(...features.map((x) => Math.max(...x)));
  const layer = { weights: Array.from({ length: 10 }, () => new Float64Array(size)), bias: new Float64Array(10) };
  for (let step = 0; step < 400; step++) {
    for (const [k, x] of features.entries()) {
      const scores = apply(
        layer,
        x.map((value) => value / largest),
      );
      const exponentials = scores.map((score) => Math.exp(score - Math.max(...scores)));
      const total = exponentials.reduce((sum, value) => sum + value, 0);
      for (const [digit, row] of layer.weights.entries()) {
        const rate = 0.1 * ((labels[k] === digit ? 1 : 0) - (exponentials[digit] ?? 0) / total);
        for (let i = 0; i < size; i++) row[i] = (row[i] ?? 0) + (rate * (x[i] ?? 0)) / largest;
        layer.bias[digit] = (layer.bias[digit] ?? 0) + rate;
      }
    }
  }
  return { ...layer, weights: layer.weights.map((row) => row.map((w) => w / largest)) };
}

function reluModel(layers: readonly Layer[]): Uint8Array {
  const initializers: Record<string, TensorSpec> = {};
  const nodes = [node('Flatten', 'input', 'x0', { axis: 1 })];
  for (const [k, { weights, bias }] of layers.entries()) {
    initializers[`w${k}`] = floats(
      [weights.length, weights[0]?.length ?? 0],
      weights.flatMap((row) => [...row]),
    );
    initializers[`b${k}`] = floats([bias.length], bias);
    const isLast = k === layers.length - 1;
    nodes.push(node('Gemm', `x${k} w${k} b${k}`, isLast ? 'y' : `g${k}`, { transB: 1 }));
    if (!isLast) nodes.push(node('Relu', `g${k}`, `x${k + 1}`));
  }
  return model({ inputs: { input: ['N', 1, 28, 28] }, outputs: ['y'], nodes, initializers });
}
