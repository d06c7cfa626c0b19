/** The operators of the default domain that hepc imports, each with its rule. What is not here is refused (`refusals.ts`). */
import type { RuleTable } from './rule-table.ts';
import { activation, celu, clip, gelu, mish, prelu, selu, swish } from './rules/activation.ts';
import { divide, extremum, mean, negate, power, product, subtract, sum } from './rules/arithmetic.ts';
import { globalMaxPool, maxPool } from './rules/comparisons/max-pooling.ts';
import { shrink, thresholdedRelu } from './rules/comparisons/thresholds.ts';
import { conv, convTranspose } from './rules/convolution.ts';
import { einsum } from './rules/einsum/einsum.ts';
import { attention } from './rules/functions/attention.ts';
import {
  groupNormalization,
  instanceNormalization,
  layerNormalization,
  localResponseNormalization,
  meanVarianceNormalization,
} from './rules/functions/normalisation.ts';
import { binaryFoldings, foldOnlyBinary, unaryFoldings } from './rules/folding.ts';
import { and, not, or, xor } from './rules/logic.ts';
import { gemm, matMul } from './rules/matrix.ts';
import { batchNormalization } from './rules/normalization.ts';
import { pad } from './rules/padding.ts';
import { globalLpPool, lpPool } from './rules/functions/pooling.ts';
import { averagePool } from './rules/pooling.ts';
import { convInteger, dynamicQuantizeLinear, matMulInteger } from './rules/quantization/integer.ts';
import { qLinearConv, qLinearMatMul } from './rules/quantization/qlinear.ts';
import { dequantizeLinear, quantizeLinear } from './rules/quantization/quantize.ts';
import { recurrent } from './rules/recurrent/layers.ts';
import {
  cumulativeSum,
  foldReduction,
  globalAveragePool,
  reduceMean,
  reduceProd,
  reduceSum,
} from './rules/reduction.ts';
import { resize } from './rules/sampling/resize.ts';
import { angleFoldings, bitFoldings, bitShift, isInf } from './rules/constants/elementwise.ts';
import { eyeLike, nonZero, oneHot, unique } from './rules/constants/positions.ts';
import { centerCropPad, compress, reverseSequence } from './rules/positions/cropping.ts';
import { rotaryEmbedding } from './rules/positions/rotary.ts';
import { scatterElements, scatterNd, tensorScatter } from './rules/positions/scatter.ts';
import { col2im, maxUnpool } from './rules/positions/unpooling.ts';
import { affineGrid, gridSample } from './rules/sampling/grid-sample.ts';
import { roiAlign } from './rules/sampling/roi-align.ts';
import { dft, stft } from './rules/signal/fourier.ts';
import { cosineWindow, melWeightMatrix } from './rules/signal/windows.ts';
import { concat, gather, gatherElements, gatherNd, slice, split, tile, trilu, where } from './rules/selection.ts';
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

const total = (a: number, b: number) => a + b;

export const standardRules = {
  // Linear layers
  Gemm: gemm,
  MatMul: matMul,
  Einsum: einsum,
  Conv: conv,
  ConvTranspose: convTranspose,
  AveragePool: averagePool,
  GlobalAveragePool: globalAveragePool,
  LpPool: lpPool,
  GlobalLpPool: globalLpPool,
  MaxPool: maxPool,
  GlobalMaxPool: globalMaxPool,
  BatchNormalization: batchNormalization,
  LayerNormalization: layerNormalization(true),
  RMSNormalization: layerNormalization(false),
  // onnxruntime's optimiser leaves it in the default domain.
  SimplifiedLayerNormalization: layerNormalization(false),
  InstanceNormalization: instanceNormalization,
  GroupNormalization: groupNormalization,
  MeanVarianceNormalization: meanVarianceNormalization,
  LRN: localResponseNormalization,
  Attention: attention,
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
  ReduceProd: reduceProd,
  CumSum: cumulativeSum,
  DFT: dft,
  STFT: stft,

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
  ScatterElements: scatterElements,
  Scatter: scatterElements,
  TensorScatter: tensorScatter,
  Compress: compress,
  CenterCropPad: centerCropPad,
  ReverseSequence: reverseSequence,
  Col2Im: col2im,
  MaxUnpool: maxUnpool,
  RotaryEmbedding: rotaryEmbedding,
  Where: where,
  Trilu: trilu,
  Resize: resize,
  Upsample: resize,
  GridSample: gridSample,
  AffineGrid: affineGrid,
  RoiAlign: roiAlign,

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
  ThresholdedRelu: thresholdedRelu,
  Shrink: shrink,

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
  ReduceL1: foldReduction(total, 0, { prepare: Math.abs }),
  ReduceL2: foldReduction(total, 0, { prepare: (v) => v * v, finish: Math.sqrt }),
  ReduceLogSum: foldReduction(total, 0, { finish: Math.log }),
  ReduceLogSumExp: foldReduction(total, 0, { prepare: Math.exp, finish: Math.log }),
  ...angleFoldings,
  ...bitFoldings,
  BitShift: bitShift,
  IsInf: isInf,
  OneHot: oneHot,
  NonZero: nonZero,
  EyeLike: eyeLike,
  Unique: unique,
  HannWindow: cosineWindow(0.5, -0.5),
  HammingWindow: cosineWindow(25 / 46, -21 / 46),
  BlackmanWindow: cosineWindow(0.42, -0.5, 0.08),
  MelWeightMatrix: melWeightMatrix,
} as const satisfies RuleTable;
