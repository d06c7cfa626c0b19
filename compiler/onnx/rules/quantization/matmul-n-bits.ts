/**
 * MatMulNBits of com.microsoft: y = a · bᵀ + bias for a constant b [N, K] in blocks of few bits along K, each with a scale
 * and a zero point. Entries share bytes, the first in the lowest bits; rows of zero points begin at whole bytes.
 */
import type { Operation, Rule } from '../../emission/operation.ts';
import { invalid, refused } from '../../proto/failure.ts';
import { checkedCount } from '../../proto/limits.ts';
import { type ConstantTerm, constant } from '../../proto/term.ts';
import { sum } from '../arithmetic.ts';
import { matMul } from '../matrix.ts';

export const matMulNBits: Rule = (op) => {
  if (op.optional(4) !== undefined) {
    throw refused('g_idx puts columns into blocks in another order', 'Quantise without act_order.');
  }
  const bias = op.optional(5);
  return matMul(op.with([op.input(0), weightsOf(op)])).map((y) => (bias === undefined ? y : sum(op.emit, [y, bias])));
};

/** The weights as a matrix [K, N]. */
function weightsOf(op: Operation): ConstantTerm {
  const [k, n, bits, blockSize] = [op.int('K', 0), op.int('N', 0), op.int('bits', 4), op.int('block_size', 0)];
  if (![2, 4, 8].includes(bits)) throw refused(`weights are of ${bits} bits`, 'Quantise to 4 or 8 bits.');
  if (k < 1 || n < 1 || blockSize < 1) throw invalid(`K ${k}, N ${n}, block_size ${blockSize}`);
  const blocks = Math.ceil(k / blockSize);
  const blockBytes = Math.ceil((blockSize * bits) / 8);
  const packed = op.constant(1, 'the weights').data;
  const scales = op.constant(2, 'the scale').data;
  if (packed.length !== n * blocks * blockBytes || scales.length !== n * blocks) {
    throw invalid(`${packed.length} bytes of weights and ${scales.length} scales for ${n} rows of ${blocks} blocks`);
  }
  const zeroPointOf = zeroPoints(op, n, blocks, bits);
  op.emit.charge(checkedCount([k, n]));
  const data = new Float64Array(k * n);
  for (let row = 0; row < n; row++) {
    for (let column = 0; column < k; column++) {
      const block = Math.floor(column / blockSize);
      const first = (row * blocks + block) * blockBytes;
      const code = codeAt(packed, first, column % blockSize, bits);
      data[column * n + row] = (code - zeroPointOf(row, block)) * (scales[row * blocks + block] ?? 0);
    }
  }
  return constant([k, n], data);
}

/** By row and block: packed like weights, or in the type of the scales; by default half of the range. */
function zeroPoints(op: Operation, n: number, blocks: number, bits: number): (row: number, block: number) => number {
  if (op.optional(3) === undefined) return () => 2 ** (bits - 1);
  const { data, elements } = op.constant(3, 'the zero point');
  const rowBytes = Math.ceil((blocks * bits) / 8);
  if (data.length !== n * (elements === 'float' ? blocks : rowBytes)) {
    throw invalid(`${data.length} zero points for ${n} rows of ${blocks} blocks`);
  }
  if (elements === 'float') return (row, block) => data[row * blocks + block] ?? 0;
  return (row, block) => codeAt(data, row * rowBytes, block, bits);
}

/** Entry i behind byte `first`. */
function codeAt(bytes: Float64Array, first: number, i: number, bits: number): number {
  const perByte = 8 / bits;
  return ((bytes[first + Math.floor(i / perByte)] ?? 0) >> (bits * (i % perByte))) & (2 ** bits - 1);
}
