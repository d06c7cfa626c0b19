/**
 * What each operator computes of encrypted operands, in words: whether a refusal of it is owed to what encryption allows,
 * or to hepc. Written from the operators' definitions, not from what hepc does.
 */
import type { onnx } from 'onnx-proto';
import { integer } from '../../../compiler/onnx/proto/decode.ts';
import type { Numbers } from './node-tests.ts';

/** `linear` and `polynomial` can be computed exactly, `activation` as closely as its polynomial; the others cannot. */
export type Kind =
  | 'linear'
  | 'polynomial'
  | 'activation'
  | 'comparison'
  | 'quotient'
  | 'root'
  | 'exponential'
  | 'rounding'
  | 'position'
  | 'random'
  | 'text'
  | 'unknown';

export const kindTitles: Readonly<Record<Kind, string>> = {
  linear: 'linear: to do',
  polynomial: 'polynomial: to do',
  activation: 'an activation of those that become polynomials: to do',
  unknown: 'an operator that nobody has classified: to do',
  comparison: 'compares encrypted values',
  quotient: 'divides by encrypted values',
  root: 'takes a root of encrypted values',
  exponential: 'an exponential, logarithm or trigonometric function of encrypted values',
  rounding: 'rounds encrypted values',
  position: 'positions, shapes or parameters that are encrypted',
  random: 'random numbers',
  text: 'texts',
};

/** Kinds that hepc has no excuse to refuse. */
export const owed: ReadonlySet<Kind> = new Set(['linear', 'polynomial', 'activation', 'unknown']);

/** One node, and what is known of the values of its operands. */
export interface NodeUse {
  readonly node: onnx.INodeProto;
  /** Whether operand i depends on encrypted values. */
  readonly encrypted: readonly boolean[];
  /** Operand i where it is constant. */
  readonly constant: (i: number) => Numbers | undefined;
}

interface OperatorKind {
  /** Operands that an exporter has as data, all others being weights or parameters. */
  readonly data: readonly number[] | 'all';
  /** Where no others are encrypted. */
  readonly kind: Kind | ((use: NodeUse) => Kind);
  /** Where others are; `position` where nothing is said. */
  readonly others?: Kind;
}

const entry = (names: string, kind: OperatorKind): [string, OperatorKind][] =>
  names.split(' ').map((name) => [name, kind]);

const operators: ReadonlyMap<string, OperatorKind> = new Map<string, OperatorKind>([
  ...entry('Add Sub Sum Mean Concat', { data: 'all', kind: 'linear' }),
  ...entry('Mul MatMul Gemm Einsum', { data: 'all', kind: linearInEach }),
  ...entry('Conv ConvTranspose', { data: [0], kind: 'linear', others: 'polynomial' }),
  ...entry('PRelu', { data: [0], kind: 'activation', others: 'comparison' }),
  ...entry('AveragePool GlobalAveragePool Neg ReduceSum ReduceMean CumSum', { data: [0], kind: 'linear' }),
  ...entry('Reshape Flatten Transpose Squeeze Unsqueeze Expand DepthToSpace SpaceToDepth', {
    data: [0],
    kind: 'linear',
  }),
  ...entry('Split Slice Pad Tile Gather GatherElements GatherND Trilu Resize Upsample', { data: [0], kind: 'linear' }),
  ...entry('Compress ReverseSequence CenterCropPad Col2Im MaxUnpool', { data: [0], kind: 'linear' }),
  ...entry('DFT STFT GridSample AffineGrid RotaryEmbedding', { data: [0], kind: 'linear' }),
  ...entry('RoiAlign', { data: [0], kind: pooledRegions }),
  ...entry('Identity Shape Size ArrayFeatureExtractor Scaler MatMulInteger ConvInteger', { data: [0], kind: 'linear' }),
  ...entry('DequantizeLinear', { data: [0], kind: 'linear', others: 'polynomial' }),
  ...entry('Constant ConstantOfShape Range OneHot HannWindow HammingWindow BlackmanWindow', {
    data: [],
    kind: 'linear',
  }),
  ...entry('ReduceSumSquare ReduceProd', { data: [0], kind: 'polynomial' }),
  ...entry('And Or Xor Not', { data: 'all', kind: 'polynomial' }),
  ...entry('Relu LeakyRelu Sigmoid Tanh Gelu Swish HardSwish HardSigmoid Elu Selu Celu Mish Softplus Softsign', {
    data: [0],
    kind: 'activation',
  }),
  ...entry('RNN GRU LSTM', { data: [0], kind: 'activation' }),
  ...entry('Clip', { data: [0], kind: 'activation', others: 'comparison' }),
  ...entry('Min Max', { data: [0], kind: 'activation', others: 'comparison' }),
  ...entry('Where', { data: [1, 2], kind: 'linear', others: 'comparison' }),
  ...entry('Scatter ScatterND ScatterElements', { data: [0, 2], kind: scattered }),
  ...entry('TensorScatter', { data: [0, 1], kind: 'linear' }),
  ...entry('Div', { data: [0], kind: quotient, others: 'quotient' }),
  ...entry('Pow', { data: [0], kind: power, others: 'exponential' }),
  ...entry('Cast CastLike', { data: [0], kind: cast }),
  ...entry('Dropout', { data: [0], kind: dropout }),
  ...entry('BatchNormalization', { data: [0], kind: batchNormalization, others: 'root' }),
  ...entry('InstanceNormalization GroupNormalization LayerNormalization RMSNormalization', { data: [0], kind: 'root' }),
  ...entry('SimplifiedLayerNormalization', { data: [0], kind: 'root' }),
  ...entry('ThresholdedRelu Shrink', { data: [0], kind: 'comparison' }),
  ...entry('Attention', { data: [0, 1, 2], kind: 'exponential' }),
  ...entry('MeanVarianceNormalization LRN LpNormalization Normalizer LpPool GlobalLpPool', { data: [0], kind: 'root' }),
  ...entry('Sqrt ReduceL2', { data: [0], kind: 'root' }),
  ...entry('Sin Cos Tan Asin Acos Atan Sinh Cosh Asinh Acosh Atanh Erf', { data: [0], kind: 'exponential' }),
  ...entry('LinearRegressor FeatureVectorizer', { data: [0], kind: 'linear' }),
  ...entry('LinearClassifier SVMClassifier ZipMap', { data: [0], kind: 'comparison' }),
  ...entry('SVMRegressor', { data: [0], kind: 'polynomial' }),
  ...entry('Reciprocal', { data: [0], kind: 'quotient' }),
  ...entry('Softmax LogSoftmax Exp Log ReduceLogSum ReduceLogSumExp', { data: [0], kind: 'exponential' }),
  ...entry('ArgMax ArgMin TopK Hardmax MaxPool GlobalMaxPool ReduceMax ReduceMin ReduceL1', {
    data: [0],
    kind: 'comparison',
  }),
  ...entry('Abs Sign Binarizer LabelEncoder TreeEnsemble IsNaN IsInf Imputer OneHotEncoder CategoryMapper', {
    data: [0],
    kind: 'comparison',
  }),
  ...entry('Equal Greater GreaterOrEqual Less LessOrEqual', { data: [0], kind: 'comparison', others: 'comparison' }),
  ...entry('Floor Ceil Round Mod QuantizeLinear QLinearConv QLinearMatMul', { data: [0], kind: 'rounding' }),
  ...entry('QLinearAdd QLinearMul QLinearConcat', { data: [0], kind: 'rounding' }),
  ...entry('QLinearAveragePool QLinearGlobalAveragePool QLinearLeakyRelu QLinearSigmoid QGemm DynamicQuantizeMatMul', {
    data: [0],
    kind: 'rounding',
  }),
  ...entry('MatMulIntegerToFloat MatMulNBits', { data: [0], kind: 'linear' }),
  ...entry('RNN GRU LSTM', { data: [0], kind: 'activation' }),
  ...entry('DynamicQuantizeLinear', { data: [0], kind: 'comparison' }),
]);

/** Positions of the operands of a node that are data. */
export function dataOperands({ opType, input }: onnx.INodeProto): readonly number[] {
  const data = operators.get(opType ?? '')?.data ?? [0];
  return data === 'all' ? (input ?? []).map((_, i) => i) : data;
}

/** Whether the result of a node follows from the values of operand i, and not only from its shape or type. */
export function dependsOnValueOf({ opType }: onnx.INodeProto, i: number): boolean {
  return opType !== 'Shape' && opType !== 'Size' && !(opType === 'CastLike' && i === 1);
}

export function isClassified(opType: string): boolean {
  return operators.has(opType);
}

export function kindOf(use: NodeUse): Kind {
  const { node, encrypted } = use;
  const own = operators.get(node.opType ?? '');
  if (own === undefined) return 'unknown';
  const data = dataOperands(node);
  if (encrypted.some((is, i) => is && !data.includes(i))) return own.others ?? 'position';
  return typeof own.kind === 'string' ? own.kind : own.kind(use);
}

function linearInEach({ encrypted }: NodeUse): Kind {
  return encrypted.filter(Boolean).length > 1 ? 'polynomial' : 'linear';
}

function quotient({ constant }: NodeUse): Kind {
  return constant(1)?.type.kind === 'integer' ? 'rounding' : 'linear';
}

function power({ constant }: NodeUse): Kind {
  const exponents = [...(constant(1)?.values ?? [])];
  if (exponents.some((exponent) => exponent < 0)) return 'quotient';
  return exponents.every(Number.isInteger) ? 'polynomial' : 'root';
}

function pooledRegions({ node }: NodeUse): Kind {
  return textAttribute(node, 'mode') === 'max' ? 'comparison' : 'linear';
}

function textAttribute(node: onnx.INodeProto, wanted: string): string | undefined {
  const bytes = node.attribute?.find(({ name }) => name === wanted)?.s;
  return bytes ? new TextDecoder().decode(bytes) : undefined;
}

function scattered({ node }: NodeUse): Kind {
  const reduction = textAttribute(node, 'reduction') ?? 'none';
  if (reduction === 'mul') return 'polynomial';
  return reduction === 'none' || reduction === 'add' ? 'linear' : 'comparison';
}

/** Numbers of ONNX's element types that hold fractions with little enough rounding to be called the same number. */
const floatTypes = [1, 10, 11, 16];
const textType = 8;

function cast({ node, constant }: NodeUse): Kind {
  const to = integerAttribute(node, 'to');
  if (to === undefined) return constant(1)?.type.kind === 'float' ? 'linear' : 'rounding';
  if (to === textType) return 'text';
  return floatTypes.includes(to) ? 'linear' : 'rounding';
}

function integerAttribute({ attribute }: onnx.INodeProto, name: string): number | undefined {
  const found = attribute?.find((own) => own.name === name);
  return found === undefined ? undefined : integer(found.i);
}

/** Since opset 12 a third operand turns it on. */
function dropout({ constant }: NodeUse): Kind {
  const [ratio = 0.5] = constant(1)?.values ?? [];
  const [training = 0] = constant(2)?.values ?? [];
  return training !== 0 && ratio !== 0 ? 'random' : 'linear';
}

function batchNormalization({ node }: NodeUse): Kind {
  return (integerAttribute(node, 'training_mode') ?? 0) === 0 ? 'linear' : 'root';
}
