/** The operators of `com.microsoft`, onnxruntime's own domain, that hepc imports. */
import type { RuleTable } from './rule-table.ts';
import { dynamicQuantizeMatMul, matMulIntegerToFloat } from './rules/quantization/integer.ts';
import { matMulNBits } from './rules/quantization/matmul-n-bits.ts';
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
