/** Graphs that move the batch axis, merge it with others and bring it back, as exporters write them. */
import { floats, int64s, type NodeSpec, node } from '../../../../support/onnx-builder.ts';
import { type Case, given, scalar, weights } from './case.ts';

const batch = 'batch';

/** nn.MultiheadAttention(8, 2, batch_first=True) on itself, but for the softmax, which `between` stands for. */
export function multiheadAttention(between: readonly NodeSpec[]): Case {
  return given('nn.MultiheadAttention without its softmax', {
    inputs: { x: [batch, 3, 8] },
    nodes: [
      node('Transpose', 'x', 'timeFirst', { perm: [1, 0, 2] }),
      node('MatMul', 'timeFirst inWeight', 'projected'),
      node('Add', 'inBias projected', 'biased'),
      // proj.unflatten(-1, (3, E)).unsqueeze(0).transpose(0, -2).squeeze(-2)
      node('Shape', 'biased', 'shape'),
      node('Slice', 'shape zeros twos', 'leading'),
      node('Concat', 'leading three embedding', 'unflattened', { axis: 0 }),
      node('Reshape', 'biased unflattened', 'parts'),
      node('Unsqueeze', 'parts zeros', 'stacked'),
      node('Transpose', 'stacked', 'partsFirst', { perm: [3, 1, 2, 0, 4] }),
      node('Squeeze', 'partsFirst minusTwo', 'qkv'),
      node('Gather', 'qkv zero', 'q', { axis: 0 }),
      node('Gather', 'qkv one', 'k', { axis: 0 }),
      node('Gather', 'qkv two', 'v', { axis: 0 }),
      // q.view(tgt_len, bsz * num_heads, head_dim).transpose(0, 1)
      node('Shape', 'timeFirst', 'timeShape'),
      node('Gather', 'timeShape zero', 'time', { axis: 0 }),
      node('Gather', 'timeShape one', 'size', { axis: 0 }),
      node('Mul', 'size two', 'heads'),
      node('Unsqueeze', 'time zeros', 'time1'),
      node('Unsqueeze', 'heads zeros', 'heads1'),
      node('Concat', 'time1 heads1 headDim', 'split', { axis: 0 }),
      ...['q', 'k', 'v'].flatMap((part) => [
        node('Reshape', `${part} split`, `${part}Split`),
        node('Transpose', `${part}Split`, `${part}Heads`, { perm: [1, 0, 2] }),
      ]),
      node('Mul', 'qHeads scale', 'scaled'),
      node('Transpose', 'kHeads', 'keys', { perm: [0, 2, 1] }),
      node('MatMul', 'scaled keys', 'scores'),
      ...between,
      node('MatMul', 'attention vHeads', 'mixed'),
      node('Transpose', 'mixed', 'back', { perm: [1, 0, 2] }),
      node('Mul', 'time size', 'rows'),
      node('Unsqueeze', 'rows zeros', 'rows1'),
      node('Concat', 'rows1 embedding', 'flat', { axis: 0 }),
      node('Reshape', 'back flat', 'rowwise'),
      node('Gemm', 'rowwise outWeight outBias', 'out', { transB: 1 }),
      node('Unsqueeze', 'size zeros', 'size1'),
      node('Concat', 'time1 size1 embedding', 'whole', { axis: 0 }),
      node('Reshape', 'out whole', 'outTimeFirst'),
      node('Transpose', 'outTimeFirst', 'y', { perm: [1, 0, 2] }),
      // attn_output_weights.view(bsz, num_heads, tgt_len, src_len).mean(dim=1)
      node('Concat', 'size1 twos time1 time1', 'byHead', { axis: 0 }),
      node('Reshape', 'attention byHead', 'weightsByHead'),
      node('ReduceMean', 'weightsByHead', 'weights', { axes: [1], keepdims: 0 }),
    ],
    outputs: ['y', 'weights'],
    initializers: {
      inWeight: weights(8, 24),
      inBias: weights(24),
      outWeight: weights(8, 8),
      outBias: weights(8),
      scale: scalar(0.5),
      zero: int64s([], [0]),
      one: int64s([], [1]),
      two: int64s([], [2]),
      zeros: int64s([1], [0]),
      twos: int64s([1], [2]),
      three: int64s([1], [3]),
      minusTwo: int64s([1], [-2]),
      embedding: int64s([1], [8]),
      headDim: int64s([1], [4]),
    },
  });
}

export const batchCases: readonly Case[] = [
  given('x[:, idx]', {
    inputs: { x: [batch, 4, 3] },
    nodes: [
      node('Transpose', 'x', 't', { perm: [1, 0, 2] }),
      node('Gather', 't idx', 'g'),
      node('Transpose', 'g', 'y', { perm: [1, 0, 2] }),
    ],
    initializers: { idx: int64s([3], [3, 0, 3]) },
  }),
  multiheadAttention([node('Mul', 'scores scale', 'attention')]),
  given('TimeDistributed(Dense)', {
    inputs: { x: [batch, 3, 4] },
    nodes: [
      node('Reshape', 'x rows', 'r'),
      node('MatMul', 'r w', 'm'),
      node('Relu', 'm', 'a'),
      node('Reshape', 'a back', 'y'),
    ],
    initializers: { rows: int64s([2], [-1, 4]), back: int64s([3], [-1, 3, 2]), w: weights(4, 2) },
  }),
  given('windows of an image: N * windows, tokens, channels', {
    inputs: { x: [batch, 4, 4, 3] },
    nodes: [
      node('Reshape', 'x split', 's'),
      node('Transpose', 's', 't', { perm: [0, 1, 3, 2, 4, 5] }),
      node('Reshape', 't windows', 'w'),
      node('MatMul', 'w m', 'p'),
      node('Reshape', 'p unsplit', 'u'),
      node('Transpose', 'u', 'v', { perm: [0, 1, 3, 2, 4, 5] }),
      node('Reshape', 'v whole', 'y'),
    ],
    initializers: {
      split: int64s([6], [-1, 2, 2, 2, 2, 3]),
      windows: int64s([3], [-1, 4, 3]),
      unsplit: int64s([6], [-1, 2, 2, 2, 2, 5]),
      whole: int64s([4], [-1, 4, 4, 5]),
      m: weights(3, 5),
    },
  }),
  given('channels as samples of a Conv with one channel, PRelu and BatchNormalization', {
    inputs: { x: [batch, 2, 4, 4] },
    nodes: [
      node('Reshape', 'x apart', 'a'),
      node('Conv', 'a k', 'c'),
      node('PRelu', 'c slope', 'p'),
      node('BatchNormalization', 'p s b b s', 'n'),
      node('Reshape', 'n together', 'y'),
    ],
    initializers: {
      apart: int64s([4], [-1, 1, 4, 4]),
      together: int64s([4], [-1, 6, 3, 3]),
      k: weights(3, 1, 2, 2),
      slope: floats([3, 1, 1], [0.1, 0.2, 0.3]),
      s: floats([3], [1, 0.5, 2]),
      b: floats([3], [0.1, -0.2, 0]),
    },
  }),
  given('a static input beside the batch, both moved', {
    inputs: { x: [batch, 3], c: [3, 3] },
    nodes: [node('Transpose', 'x', 't'), node('MatMul', 'c t', 'm'), node('Transpose', 'm', 'y')],
  }),
  ...(
    [
      ['Transpose', node('Transpose', 'x', 'y', { perm: [1, 0, 2, 3] })],
      ['Unsqueeze', node('Unsqueeze', 'x zero', 'y')],
      ['Expand to more axes', node('Expand', 'x wide', 'y')],
      ['a constant with more axes', node('Add', 'x more', 'y')],
      ['MatMul of a stack', node('MatMul', 'flat stack', 'y')],
    ] as const
  ).map(([name, last]) =>
    given(`an output that has the batch inside: ${name}`, {
      inputs: { x: [batch, 2, 4, 4] },
      nodes: [node('Flatten', 'x', 'flat'), last],
      initializers: {
        zero: int64s([1], [0]),
        wide: int64s([5], [2, 1, 1, 1, 1]),
        more: weights(2, 1, 2, 4, 4),
        stack: weights(2, 32, 2),
      },
    }),
  ),
];
