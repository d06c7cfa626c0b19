/** Why an operator has no rule, and what to do instead. */
import type { OnnxNode } from './proto/model.ts';

export interface Refusal {
  readonly reason: string;
  readonly instead: string;
}

const comparison = 'it compares encrypted values';
const subgraph: Refusal = {
  reason: 'it runs a subgraph, which would depend on encrypted values or repeat',
  instead: 'Export with fixed control flow: trace the model, and unroll loops.',
};
const quantized: Refusal = {
  reason: 'it is quantised, and hepc does not know the float operator behind it',
  instead:
    'Export the float model, or leave this operator out of quantisation (op_types_to_quantize, nodes_to_exclude); ' +
    'CKKS computes on real numbers.',
};
const regions: Refusal = {
  reason: 'it pools over regions that are encrypted',
  instead: 'Use RoiAlign with constant regions, or let the client cut them out.',
};
const softmax: Refusal = {
  reason: 'it divides by a sum of exponentials',
  instead:
    'Drop it from the export: the largest logit stays the largest, and the client can apply it after decryption.',
};
const argmax: Refusal = {
  reason: comparison,
  instead: 'Drop it from the export: the client takes the argmax of the decrypted logits.',
};
const lookup: Refusal = {
  reason: 'it selects by encrypted indices, or makes a number of results that depends on the values',
  instead: 'Let the client do the selection before encryption or after decryption.',
};
const random: Refusal = {
  reason: 'it is random, so that no answer can be checked',
  instead: 'Export the model in evaluation mode: model.eval().',
};

const refusals: ReadonlyMap<string, Refusal> = new Map(
  Object.entries<readonly [Refusal, readonly string[]]>({
    subgraph: [subgraph, ['If', 'Loop', 'Scan', 'SequenceMap']],
    regions: [regions, ['MaxRoiPool']],
    softmax: [softmax, ['Softmax', 'LogSoftmax', 'Hardmax', 'SoftmaxCrossEntropyLoss']],
    argmax: [argmax, ['ArgMax', 'ArgMin', 'TopK']],
    lookup: [lookup, ['NonMaxSuppression']],
    random: [
      random,
      ['RandomNormal', 'RandomUniform', 'RandomNormalLike', 'RandomUniformLike', 'Bernoulli', 'Multinomial'],
    ],
  }).flatMap(([, [refusal, names]]) => names.map((name) => [name, refusal] as const)),
);

/** What onnxruntime calls its quantised operators: QLinearSoftmax, DynamicQuantizeLSTM, GatherBlockQuantized. */
const quantizedNames = /^Q[A-Z]|^DynamicQuantize|BlockQuantized$|Bnb4$/;

const unknown: Refusal = {
  reason: 'hepc knows no way to compute it on encrypted values',
  instead: 'Express it by linear layers, products and supported activations, or move it out of the encrypted part.',
};
const maps: Refusal = {
  reason: 'it takes a map, and inputs of a plan are tensors',
  instead: 'Turn dictionaries into columns before the model: pandas, or ColumnTransformer with OneHotEncoder.',
};

/** Of scikit-learn's domain, which XGBoost's and LightGBM's converters write too. */
const mlRefusals: ReadonlyMap<string, Refusal> = new Map([
  ['DictVectorizer', maps],
  ['CastMap', maps],
]);

/** The reason for a node whose operator is not in the table of rules. */
export function refusalOf({ domain, opType }: OnnxNode): Refusal {
  if (domain === 'com.microsoft' && quantizedNames.test(opType)) return quantized;
  if (domain === 'ai.onnx.ml') return mlRefusals.get(opType) ?? unknown;
  if (domain !== '') {
    return {
      reason: `it belongs to the operator domain "${domain}"`,
      instead: 'Export with standard ONNX operators only, without graph optimisations of a runtime.',
    };
  }
  return refusals.get(opType) ?? unknown;
}
