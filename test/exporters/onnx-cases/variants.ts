/**
 * The ways that a test of an operator is tried: ONNX has all operands as inputs of the graph, exporters have weights and
 * parameters as initializers. So one data operand is encrypted and the others are constant, and where an operator has
 * several data operands, all of them are encrypted once more.
 */
import proto from 'onnx-proto';
import type { onnx } from 'onnx-proto';
import { integer } from '../../../compiler/onnx/proto/decode.ts';
import type { Sample } from '../../../ir/interface.ts';
import { type NodeTest, numbersOf, type TestTensor } from './node-tests.ts';
import { dataOperands, dependsOnValueOf, type Kind, kindOf, type NodeUse, owed } from './operator-kinds.ts';

export interface Variant {
  /** That of the test, and how many operands are encrypted where there are several. */
  readonly name: string;
  /** The operator that is tested, as the models of its domain call it; `several` in a graph of more. */
  readonly operator: string;
  /** Version of the default operator set; 0 where the model needs none. */
  readonly opset: number;
  readonly bytes: Uint8Array;
  readonly sample: Sample;
  readonly expected: ReadonlyMap<string, TestTensor>;
  /** Operators that work on encrypted values, each as `domain:name`, and those that work on constants alone. */
  readonly operators: { readonly encrypted: readonly string[]; readonly constant: readonly string[] };
  /** Of the first node, in the order of computing, that keeps it from being computed; of the hardest where none does. */
  readonly kind: Kind;
}

const hardestFirst = ['unknown', 'activation', 'polynomial'] as const;

/** None where there is nothing to encrypt: no operand is data, holds finite numbers, and is not empty. */
export function variantsOf(test: NodeTest): readonly Variant[] {
  if (!allFinite(test.expected.values())) return [];
  const candidates = encryptable(test);
  const [first] = candidates;
  if (first === undefined) return [];
  const all = candidates.length > 1 ? [variant(test, candidates, ` (${candidates.length} encrypted)`)] : [];
  return [variant(test, [first]), ...all];
}

/** In a single operator its data operands, in a graph of several all that hold fractions. */
function encryptable({ model, operands }: NodeTest): readonly string[] {
  const nodes = model.graph?.node ?? [];
  const [only] = nodes;
  const names =
    only !== undefined && nodes.length === 1
      ? dataOperands(only).flatMap((i) => only.input?.[i] ?? [])
      : [...operands.keys()].filter((name) => operands.get(name)?.numbers?.type.kind === 'float');
  return [...new Set(names)].filter((name) => {
    const values = operands.get(name)?.numbers?.values ?? [];
    return values.length > 0 && values.every(Number.isFinite);
  });
}

function allFinite(tensors: Iterable<TestTensor>): boolean {
  return [...tensors].every(({ numbers }) => numbers?.values.every(Number.isFinite) ?? true);
}

function variant(test: NodeTest, encrypted: readonly string[], suffix = ''): Variant {
  const { name, model, operands, expected } = test;
  const graph = model.graph ?? {};
  const constants = [...operands].filter(([operand]) => !encrypted.includes(operand));
  const bytes = proto.onnx.ModelProto.encode({
    ...model,
    graph: {
      ...graph,
      input: encrypted.map((operand) => inputOf(operand, operands.get(operand))),
      initializer: [
        ...(graph.initializer ?? []),
        ...constants.map(([own, tensor]) => ({ ...tensor.proto, name: own })),
      ],
    },
  }).finish();
  const sample = new Map(
    encrypted.map((operand) => [operand, operands.get(operand)?.numbers?.values ?? new Float64Array()]),
  );
  const [only] = graph.node ?? [];
  const operator = (graph.node ?? []).length === 1 ? (only?.opType ?? '') : 'several';
  const opset = integer(model.opsetImport?.find(({ domain }) => (domain ?? '') === '')?.version ?? 0);
  return { name: name + suffix, operator, opset, bytes, sample, expected, ...reading(test, encrypted) };
}

/** The type as the values have it: some tests leave extents open. */
function inputOf(name: string, tensor: TestTensor | undefined): onnx.IValueInfoProto {
  const dim = (tensor?.shape ?? []).map((dimValue) => ({ dimValue }));
  return { name, type: { tensorType: { elemType: tensor?.proto.dataType ?? 0, shape: { dim } } } };
}

function reading({ model, operands }: NodeTest, encrypted: readonly string[]): Pick<Variant, 'operators' | 'kind'> {
  const graph = model.graph ?? {};
  const live = new Set(encrypted);
  const constants = new Map([...operands].map(([name, { numbers }]) => [name, numbers]));
  for (const tensor of graph.initializer ?? []) constants.set(tensor.name ?? '', numbersOf(tensor));
  const operators = { encrypted: new Set<string>(), constant: new Set<string>() };
  const kinds: Kind[] = [];
  for (const node of graph.node ?? []) {
    const inputs = node.input ?? [];
    const operator = `${node.domain ?? ''}:${node.opType ?? ''}`;
    const use: NodeUse = {
      node,
      encrypted: inputs.map((input, i) => live.has(input) && dependsOnValueOf(node, i)),
      constant: (i) => (live.has(inputs[i] ?? '') ? undefined : constants.get(inputs[i] ?? '')),
    };
    const value = node.opType === 'Constant' ? node.attribute?.find(({ name }) => name === 'value')?.t : undefined;
    if (value) constants.set(node.output?.[0] ?? '', numbersOf(value));
    if (!use.encrypted.includes(true)) {
      operators.constant.add(operator);
      continue;
    }
    operators.encrypted.add(operator);
    kinds.push(kindOf(use));
    for (const output of node.output ?? []) live.add(output);
  }
  const kind = kinds.find((own) => !owed.has(own)) ?? hardestFirst.find((own) => kinds.includes(own)) ?? 'linear';
  return { operators: { encrypted: [...operators.encrypted], constant: [...operators.constant] }, kind };
}
