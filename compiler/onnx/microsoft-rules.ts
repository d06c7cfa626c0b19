/** The operators of `com.microsoft`, onnxruntime's own domain, that hepc imports. */
import type { RuleTable } from './rule-table.ts';
import { dynamicQuantizeMatMul, matMulIntegerToFloat } from './rules/quantization/integer.ts';
import { matMulNBits } from './rules/quantization/matmul-n-bits.ts';
import { biasGelu, fusedConv, fusedGemm, fusedMatMul } from './rules/microsoft/fused.ts';
import {
  cDist,
  expandDims,
  inverse,
  microsoftRotaryEmbedding,
  quickGelu,
  unfoldTensor,
} from './rules/microsoft/others.ts';
import { microsoftAttention, multiHeadAttention } from './rules/functions/attention.ts';
import { skipLayerNormalization } from './rules/functions/normalisation.ts';
import { gridSample } from './rules/sampling/grid-sample.ts';
import { trilu } from './rules/selection.ts';
import {
  qGemm,
  qLinearAdd,
  qLinearAveragePool,
  qLinearConcat,
  qLinearConv,
  qLinearGlobalAveragePool,
  qLinearLeakyRelu,
  qLinearMul,
  qLinearSigmoid,
} from './rules/quantization/qlinear.ts';
import { dequantizeLinear, quantizeLinear } from './rules/quantization/quantize.ts';

export const microsoftRules: RuleTable = {
  // What graph optimisations put together
  FusedMatMul: fusedMatMul,
  TransposeMatMul: fusedMatMul,
  FusedGemm: fusedGemm,
  FusedConv: fusedConv,
  Gelu: biasGelu('gelu'),
  BiasGelu: biasGelu('gelu'),
  FastGelu: biasGelu('gelu-tanh'),
  QuickGelu: quickGelu,

  SkipLayerNormalization: skipLayerNormalization(true),
  SkipSimplifiedLayerNormalization: skipLayerNormalization(false),

  Attention: microsoftAttention,
  MultiHeadAttention: multiHeadAttention,

  ExpandDims: expandDims,
  Trilu: trilu,
  UnfoldTensor: unfoldTensor,
  CDist: cDist,
  RotaryEmbedding: microsoftRotaryEmbedding,
  GridSample: gridSample,
  Inverse: inverse,

  // Quantised values
  QuantizeLinear: quantizeLinear,
  DequantizeLinear: dequantizeLinear,
  QLinearConv: qLinearConv,
  QLinearAdd: qLinearAdd,
  QLinearMul: qLinearMul,
  QLinearAveragePool: qLinearAveragePool,
  QLinearGlobalAveragePool: qLinearGlobalAveragePool,
  QLinearConcat: qLinearConcat,
  QLinearLeakyRelu: qLinearLeakyRelu,
  QLinearSigmoid: qLinearSigmoid,
  QGemm: qGemm,
  DynamicQuantizeMatMul: dynamicQuantizeMatMul,
  MatMulIntegerToFloat: matMulIntegerToFloat,
  MatMulNBits: matMulNBits,
};
