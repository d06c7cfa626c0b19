/**
 * Values of a tensor module on many samples at once. A batch of a value of n elements is a row-major matrix [count, n].
 * Dense layers are multiplied in blocks, everything else is the reference interpreter sample by sample.
 */
import { elementCount } from '../../../ir/constant.ts';
import { valuesNotFinite } from '../../../ir/diagnostics/compile.ts';
import { HepcError } from '../../../ir/diagnostics/diagnostic.ts';
import { tensorKernel } from '../../../ir/interpret/tensor.ts';
import { nodeAt } from '../../../ir/module.ts';
import type { TensorModule, TensorNode, TensorNodeNamed } from '../../../ir/tensor/ops.ts';
import type { Sample } from '../../../ir/interface.ts';

/** Computes the batch of one node from those of its operands. */
export type BatchKernel = (operands: readonly Float64Array[], samples: readonly Sample[]) => Float64Array;

/** What a node reads and computes on the samples first … first + count. The arrays are the visitor's until it returns. */
export interface ActivationBatch {
  readonly node: TensorNode;
  readonly operands: readonly Float64Array[];
  readonly value: Float64Array;
  readonly first: number;
  readonly count: number;
}

/** Doubles that all values of a batch may take together: 128 MiB. */
const maxBatchElements = 2 ** 24;

const empty = new Float64Array();

/**
 * Evaluates `module` on all samples and shows every node in topological order, batch after batch, so that memory does
 * not grow with the samples. Throws `HepcError` (H312) at the first value that is not finite.
 */
export function visitActivations(
  module: TensorModule,
  samples: readonly Sample[],
  visit: (batch: ActivationBatch) => void,
): void {
  const kernels = module.nodes.map((node) => batchKernel(module, node));
  const perSample = module.nodes.reduce((sum, { type }) => sum + elementCount(type), 0);
  const most = Math.max(1, Math.floor(maxBatchElements / Math.max(1, perSample)));
  for (let first = 0; first < samples.length; first += most) {
    const chunk = samples.slice(first, first + most);
    const values: Float64Array[] = [];
    for (const node of module.nodes) {
      const operands = node.operands.map((id) => values[id] ?? empty);
      const value = kernels[node.id]?.(operands, chunk) ?? empty;
      assertFinite(node, value, chunk.length, first);
      values.push(value);
      visit({ node, operands, value, first, count: chunk.length });
    }
  }
}

/** The kernel of one node of `module`. It never changes its operands, but may return one of them. */
export function batchKernel(module: TensorModule, node: TensorNode): BatchKernel {
  if (node.op === 'output' && node.attrs.index === undefined) return ([x = empty]) => x;
  if (node.op === 'dense') return denseKernel(node);
  const kernel = tensorKernel(module, node);
  const width = elementCount(node.type);
  const widths = node.operands.map((id) => elementCount(nodeAt(module, id).type));
  return (operands, samples) => {
    const result = new Float64Array(samples.length * width);
    for (const [s, sample] of samples.entries()) {
      const parts = operands.map((x, k) => x.subarray(s * (widths[k] ?? 0), (s + 1) * (widths[k] ?? 0)));
      result.set(kernel(parts, sample), s * width);
    }
    return result;
  };
}

/** Throws `HepcError` (H312) where a batch of `node`, whose first sample has the number `first`, is not finite. */
export function assertFinite(node: TensorNode, value: Float64Array, count: number, first: number): void {
  const bad = value.findIndex((x) => !Number.isFinite(x));
  if (bad < 0) return;
  const sample = first + Math.floor(bad / (value.length / count));
  throw new HepcError([valuesNotFinite({ sample }, { nodes: node.origins })]);
}

/** Samples whose operands stay in the second-level cache while all rows of weights pass by. */
const samplesPerBlock = 16;

function denseKernel({ attrs }: TensorNodeNamed<'dense'>): BatchKernel {
  const [m = 0, n = 0] = attrs.weights.shape;
  const w = attrs.weights.values;
  const bias = attrs.bias.values;
  return ([x = empty], samples) => {
    const count = samples.length;
    const y = new Float64Array(count * m);
    for (let from = 0; from < count; from += samplesPerBlock) {
      const to = Math.min(count, from + samplesPerBlock);
      let r = 0;
      for (; r + 4 <= m; r += 4) fourRows(x, w, bias, y, { from, to, r, m, n });
      for (; r < m; r++) {
        for (let s = from; s < to; s++) {
          let sum = bias[r] ?? 0;
          for (let c = 0; c < n; c++) sum += (w[r * n + c] ?? 0) * (x[s * n + c] ?? 0);
          y[s * m + r] = sum;
        }
      }
    }
    return y;
  };
}

interface Block {
  readonly from: number;
  readonly to: number;
  readonly r: number;
  readonly m: number;
  readonly n: number;
}

/** Four rows at once: four sums hide the latency of an addition, and every operand is loaded once for all of them. */
function fourRows(x: Float64Array, w: Float64Array, bias: Float64Array, y: Float64Array, block: Block): void {
  const { from, to, r, m, n } = block;
  const w0 = r * n;
  const w1 = w0 + n;
  const w2 = w1 + n;
  const w3 = w2 + n;
  for (let s = from; s < to; s++) {
    const at = s * n;
    let y0 = bias[r] ?? 0;
    let y1 = bias[r + 1] ?? 0;
    let y2 = bias[r + 2] ?? 0;
    let y3 = bias[r + 3] ?? 0;
    for (let c = 0; c < n; c++) {
      const v = x[at + c] ?? 0;
      y0 += (w[w0 + c] ?? 0) * v;
      y1 += (w[w1 + c] ?? 0) * v;
      y2 += (w[w2 + c] ?? 0) * v;
      y3 += (w[w3 + c] ?? 0) * v;
    }
    const out = s * m + r;
    y[out] = y0;
    y[out + 1] = y1;
    y[out + 2] = y2;
    y[out + 3] = y3;
  }
}
