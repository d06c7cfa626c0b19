/** The operators of the default domain that hepc imports, each with its rule. What is not here is refused (`refusals.ts`). */
import type { RuleTable } from './rule-table.ts';
import { activation, celu, clip, gelu, mish, prelu, selu, swish } from './rules/activation.ts';
import { divide, extremum, mean, negate, power, product, subtract, sum } from './rules/arithmetic.ts';
import { conv, convTranspose } from './rules/convolution.ts';
import { einsum } from './rules/einsum/einsum.ts';
import { binaryFoldings, foldOnlyBinary, unaryFoldings } from './rules/folding.ts';
import { and, not, or, xor } from './rules/logic.ts';
import { gemm, matMul } from './rules/matrix.ts';
import { batchNormalization } from './rules/normalization.ts';
import { pad } from './rules/padding.ts';
import { averagePool } from './rules/pooling.ts';
import { convInteger, dynamicQuantizeLinear, matMulInteger } from './rules/quantization/integer.ts';
import { qLinearConv, qLinearMatMul } from './rules/quantization/qlinear.ts';
import { dequantizeLinear, quantizeLinear } from './rules/quantization/quantize.ts';
import {
  cumulativeSum,
  foldReduction,
  globalAveragePool,
  reduceMean,
  reduceProduct,
  reduceSum,
} from './rules/reduction.ts';
import { recurrent } from './rules/recurrent/layers.ts';
import { resize } from './rules/sampling/resize.ts';
import {
  concat,
  gather,
  gatherElements,
  gatherNd,
  scatterNd,
  slice,
  split,
  tile,
  trilu,
  where,
} from './rules/selection.ts';
import {
  depthToSpace,
  expandTo,
  flatten,
  reshape,
  shapeOf,
  sizeOf,
  spaceToDepth,
  squeeze,
  transpose,
  unsqueeze,
} from './rules/shape.ts';
import { cast, castLike, constantNode, constantOfShape, dropout, identity, rangeNode } from './rules/sources.ts';

export const standardRules = {
  // Linear layers
  Gemm: gemm,
  MatMul: matMul,
  Einsum: einsum,
  Conv: conv,
  ConvTranspose: convTranspose,
  AveragePool: averagePool,
  GlobalAveragePool: globalAveragePool,
  BatchNormalization: batchNormalization,
  RNN: recurrent('RNN'),
  GRU: recurrent('GRU'),
  LSTM: recurrent('LSTM'),

  // Arithmetic
  Add: (op) => [sum(op.emit, [op.input(0), op.input(1)])],
  Sub: subtract,
  Mul: (op) => [product(op.emit, op.input(0), op.input(1))],
  Div: divide,
  Neg: negate,
  Pow: power,
  Sum: (op) => [sum(op.emit, op.inputs())],
  Mean: mean,
  Min: extremum(binaryFoldings.Min),
  Max: extremum(binaryFoldings.Max),
  ReduceSum: reduceSum,
  ReduceMean: reduceMean,
  ReduceSumSquare: reduceSum,
  ReduceProd: reduceProduct,
  CumSum: cumulativeSum,

  // Shapes and positions
  Reshape: reshape,
  Flatten: flatten,
  Transpose: transpose,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Expand: expandTo,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
  Concat: concat,
  Split: split,
  Slice: slice,
  Pad: pad,
  Tile: tile,
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherNd,
  ScatterND: scatterNd,
  Where: where,
  Trilu: trilu,
  Resize: resize,
  Upsample: resize,

  // Constants, and what changes nothing
  Constant: constantNode,
  ConstantOfShape: constantOfShape,
  Shape: shapeOf,
  Size: sizeOf,
  Range: rangeNode,
  Identity: identity,
  Dropout: dropout,
  Cast: cast,
  CastLike: castLike,

  // Activations
  Relu: activation('relu'),
  LeakyRelu: activation('leaky-relu', ['alpha', 0.01]),
  PRelu: prelu,
  Sigmoid: activation('sigmoid'),
  Tanh: activation('tanh'),
  Gelu: gelu,
  Swish: swish,
  HardSwish: activation('hard-swish'),
  HardSigmoid: activation('hard-sigmoid', ['alpha', 0.2], ['beta', 0.5]),
  Elu: activation('elu', ['alpha', 1]),
  Selu: selu,
  Celu: celu,
  Mish: mish,
  Softplus: activation('softplus'),
  Clip: clip,

  // Quantised values
  QuantizeLinear: quantizeLinear,
  DequantizeLinear: dequantizeLinear,
  QLinearConv: qLinearConv,
  QLinearMatMul: qLinearMatMul,
  DynamicQuantizeLinear: dynamicQuantizeLinear,
  MatMulInteger: matMulInteger,
  ConvInteger: convInteger,

  // Logic
  And: and,
  Or: or,
  Xor: xor,

  // On constants only
  ...unaryFoldings,
  Not: not,
  Mod: foldOnlyBinary(binaryFoldings.Mod),
  Equal: foldOnlyBinary(binaryFoldings.Equal),
  Greater: foldOnlyBinary(binaryFoldings.Greater),
  GreaterOrEqual: foldOnlyBinary(binaryFoldings.GreaterOrEqual),
  Less: foldOnlyBinary(binaryFoldings.Less),
  LessOrEqual: foldOnlyBinary(binaryFoldings.LessOrEqual),
  ReduceMax: foldReduction(Math.max, -Infinity),
  ReduceMin: foldReduction(Math.min, Infinity),
} as const satisfies RuleTable;
