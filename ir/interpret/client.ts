/** What client steps mean: the interpreter of `client/ops.ts`, which clients run on every sample. */
import {
  type ClientModule,
  type ClientNode,
  type ClientNodeNamed,
  type ClientOpName,
  type Labels,
} from '../client/ops.ts';
import { modelOutputs, type ClientSteps } from '../client/steps.ts';
import type { Answer, AnswerValue, ClientElements, ClientSample, ClientValue, Sample } from '../interface.ts';
import { elementCount } from '../constant.ts';
import { placeOutside, unknownCategory } from '../diagnostics/client.ts';
import { HepcError, InternalError } from '../diagnostics/diagnostic.ts';
import { nodeAt } from '../module.ts';
import { activationFunction } from './activations.ts';
import { binaryFunction, coupledPairs, ranked, reduction, softmaxOf, unaryFunction } from './client-functions.ts';

interface Step<Node> {
  readonly node: Node;
  readonly operands: readonly ClientValue[];
  /** Type of operand k. */
  readonly typeOf: (k: number) => ClientNode['type'];
  readonly inputs: ClientSample;
}

type Rules = { readonly [Op in ClientOpName]: (step: Step<ClientNodeNamed<Op>>) => ClientValue };

/**
 * The outputs of `module` by name for one sample, number `sample` for messages. Throws `HepcError` for a category that the
 * steps do not know (H515) and a place that does not exist (H516).
 */
export function evaluateClient(module: ClientModule, inputs: ClientSample, sample = 0): Map<string, ClientValue> {
  const values: ClientValue[] = [];
  const outputs = new Map<string, ClientValue>();
  for (const node of module.nodes) {
    const operands = node.operands.map((id) => values[id] ?? new Float64Array());
    const typeOf = (k: number): ClientNode['type'] => nodeAt(module, node.operands[k] ?? -1).type;
    try {
      values.push(run({ node, operands, typeOf, inputs }));
    } catch (error) {
      throw error instanceof SampleFault ? new HepcError([error.report(sample, node)]) : error;
    }
    if (node.op === 'output') outputs.set(node.attrs.name, values[node.id] ?? new Float64Array());
  }
  return outputs;
}

/** What is encrypted of one sample of a model, number `sample` for messages. Throws as `evaluateClient` does. */
export function beforeEncryption({ pre }: ClientSteps, inputs: ClientSample, sample = 0): Sample {
  return onlyNumbers(pre === undefined ? inputs : evaluateClient(pre, inputs, sample));
}

/** The answer for one sample from what was decrypted. Throws as `evaluateClient` does. */
export function afterDecryption({ post }: ClientSteps, decrypted: Sample, sample = 0): Answer {
  if (post === undefined) return decrypted;
  const outputs = evaluateClient(post, decrypted, sample);
  return new Map(
    modelOutputs({ post }, []).map(({ name, keys }): [string, AnswerValue] => {
      const value = outputs.get(name) ?? none;
      return [name, keys === undefined ? value : new Map(Array.from(numbers(value), (x, i) => [keys[i] ?? i, x]))];
    }),
  );
}

function onlyNumbers(values: ClientSample): Sample {
  return new Map(Array.from(values, ([name, value]) => [name, numbers(value)]));
}

/** A sample that a step cannot take. */
class SampleFault extends Error {
  readonly report: (sample: number, node: ClientNode) => HepcError['diagnostics'][number];

  constructor(report: SampleFault['report']) {
    super('a diagnostic of client steps');
    this.name = 'SampleFault';
    this.report = report;
  }
}

function run<Node extends ClientNode>(step: Step<Node>): ClientValue {
  // The table is total, and a node's op picks its own rule.
  const rule = rules[step.node.op] as (step: Step<ClientNode>) => ClientValue;
  return rule(step);
}

const rules: Rules = {
  input: ({ node, inputs }) => {
    const value = inputs.get(node.attrs.name);
    if (value === undefined) throw new InternalError(`input ${node.attrs.name} of client steps is missing`);
    return value;
  },
  constant: ({ node }) => valueOf(node.attrs.values),
  output: ({ operands: [x = none] }) => x,
  gather: ({ node, operands }) => {
    const { index } = node.attrs;
    if (node.type.elements === 'string') {
      const all = operands.flatMap(texts);
      return index.map((i) => all[i] ?? '');
    }
    const all = new Float64Array(operands.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const operand of operands) {
      all.set(numbers(operand), at);
      at += operand.length;
    }
    return Float64Array.from(index, (i) => all[i] ?? 0);
  },
  take: ({ node, operands: [x = none, places = none], typeOf }) => {
    const { shape } = typeOf(0);
    const extent = shape.at(-1) ?? 1;
    const perRow = shape.length === 1 ? places.length : (typeOf(1).shape.at(-1) ?? 1);
    const sources = Array.from(numbers(places), (place, i) => {
      const normal = place < 0 ? place + extent : place;
      if (!(normal >= 0 && normal < extent))
        throw new SampleFault((sample, { origins }) => placeOutside({ sample, place, extent }, { nodes: origins }));
      return Math.floor(i / perRow) * extent + normal;
    });
    return node.type.elements === 'string'
      ? sources.map((i) => texts(x)[i] ?? '')
      : Float64Array.from(sources, (i) => numbers(x)[i] ?? 0);
  },
  cast: ({ node, operands: [x = none], typeOf }) => castTo(x, typeOf(0).elements, node.attrs.to),
  unary: ({ node, operands: [x = none] }) => numbers(x).map(unaryFunction[node.attrs.fn]),
  activation: ({ node, operands: [x = none] }) => numbers(x).map(activationFunction(node.attrs)),
  binary: ({ node, operands: [x = none, y = none] }) => {
    if (!(x instanceof Float64Array)) return Float64Array.from(x, (text, i) => Number(text === texts(y)[i]));
    const fn = binaryFunction[node.attrs.fn];
    const other = numbers(y);
    const result = x.map((value, i) => fn(value, other[i] ?? 0));
    return node.attrs.fn === 'divide' && node.type.elements === 'integer' ? result.map(Math.trunc) : result;
  },
  select: ({ operands: [condition = none, x = none, y = none] }) => {
    const mask = numbers(condition);
    if (!(x instanceof Float64Array)) return x.map((text, i) => (mask[i] === 0 ? (texts(y)[i] ?? '') : text));
    const other = numbers(y);
    return x.map((value, i) => (mask[i] === 0 ? (other[i] ?? 0) : value));
  },
  reduce: ({ node, operands: [x = none], typeOf }) =>
    overRows(x, typeOf(0).shape, 1, (row) => {
      const value = reduction[node.attrs.fn](row);
      return [node.type.elements === 'integer' ? Math.trunc(value) : value];
    }),
  arg: ({ node: { attrs }, operands: [x = none], typeOf }) =>
    overRows(x, typeOf(0).shape, 1, (row) => {
      const [first = 0] = ranked(row, attrs.of === 'maximum');
      return [attrs.last ? Math.max(first, row.lastIndexOf(row[first] ?? 0)) : first];
    }),
  top: ({ node: { attrs }, operands: [x = none], typeOf }) =>
    overRows(x, typeOf(0).shape, attrs.k, (row) => {
      const places = ranked(row, attrs.largest).subarray(0, attrs.k);
      return attrs.part === 'places' ? places : Float64Array.from(places, (i) => row[i] ?? 0);
    }),
  softmax: ({ node, operands: [x = none], typeOf }) => {
    const { shape } = typeOf(0);
    return overRows(x, shape, shape.at(-1) ?? 1, (row) => softmaxOf(row, node.attrs.logarithm));
  },
  'look-up': ({ node: { attrs }, operands: [x = none] }) => {
    const { values, otherwise } = attrs;
    const places = placesIn(attrs.keys);
    const found = Array.from<number | string, number | string>(x, (item) => {
      const value = values[places.get(item) ?? -1] ?? otherwise;
      if (value === undefined) throw unknown(item, attrs.keys);
      return value;
    });
    return attrs.elements === 'string' ? found.map(String) : Float64Array.from(found, Number);
  },
  'one-hot': ({ node: { attrs }, operands: [x = none] }) => {
    const { categories } = attrs;
    const places = placesIn(categories);
    const hot = new Float64Array(x.length * categories.length);
    for (const [i, item] of x.entries()) {
      const place = places.get(item);
      if (place === undefined && attrs.strict) throw unknown(item, categories);
      if (place !== undefined) hot[i * categories.length + place] = 1;
    }
    return hot;
  },
  'couple-pairs': ({ node: { attrs }, operands: [x = none], typeOf }) =>
    overRows(x, typeOf(0).shape, attrs.classes, (row) => coupledPairs(row, attrs.classes)),
};

const none = new Float64Array();

/** A list of labels as a value. */
export function valueOf(labels: Labels): ClientValue {
  return isTexts(labels) ? labels : Float64Array.from(labels);
}

function isTexts(labels: Labels): labels is string[] {
  return typeof labels[0] === 'string';
}

/** Where each label stands; of one that stands twice, the last place. A map takes NaN for equal to NaN. */
function placesIn(labels: Labels): ReadonlyMap<number | string, number> {
  return new Map(Array.from<number | string, [number | string, number]>(labels, (label, i) => [label, i]));
}

function unknown(item: number | string, known: Labels): SampleFault {
  return new SampleFault((sample, { origins }) => unknownCategory({ sample, item, known }, { nodes: origins }));
}

function castTo(x: ClientValue, from: ClientElements, to: ClientElements): ClientValue {
  if (to === 'string') return from === 'string' ? x : Array.from(numbers(x), String);
  const values = from === 'string' ? Float64Array.from(texts(x), Number) : numbers(x);
  if (to === 'integer') return from === 'integer' ? values : values.map(Math.trunc);
  return to === 'boolean' ? values.map((value) => Number(value !== 0)) : values;
}

/** What `compute` makes of each row of the last axis, `width` numbers each. */
function overRows(
  x: ClientValue,
  shape: readonly number[],
  width: number,
  compute: (row: Float64Array) => ArrayLike<number>,
): Float64Array {
  const extent = shape.at(-1) ?? 1;
  const rows = elementCount(shape) / extent;
  const result = new Float64Array(rows * width);
  for (let r = 0; r < rows; r++) result.set(compute(numbers(x).subarray(r * extent, (r + 1) * extent)), r * width);
  return result;
}

function numbers(value: ClientValue): Float64Array {
  if (value instanceof Float64Array) return value;
  throw new InternalError('a client step got texts where it takes numbers');
}

function texts(value: ClientValue): readonly string[] {
  if (!(value instanceof Float64Array)) return value;
  throw new InternalError('a client step got numbers where it takes texts');
}
