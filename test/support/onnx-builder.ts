/** Builds ONNX models for tests: `model({ inputs, nodes, outputs })` gives the bytes of a file. */
import proto from 'onnx-proto';
import type { onnx } from 'onnx-proto';

const DataType = proto.onnx.TensorProto.DataType;
const AttributeType = proto.onnx.AttributeProto.AttributeType;

export interface TensorSpec {
  readonly dims: readonly number[];
  /** Everything but dims and name. */
  readonly proto: onnx.ITensorProto;
}

/** A number is an INT, a text a STRING, a list INTS; floats say so. */
export type AttributeSpec =
  | number
  | string
  | readonly number[]
  | { readonly float: number }
  | { readonly floats: readonly number[] }
  | { readonly strings: readonly string[] }
  | { readonly tensor: TensorSpec }
  | { readonly graph: onnx.IGraphProto }
  /** Within a function: an attribute of the node that calls it. */
  | { readonly reference: string; readonly type: keyof typeof AttributeType };

export interface NodeSpec {
  readonly opType: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, AttributeSpec>>;
  readonly name?: string;
  readonly domain?: string;
}

export interface FunctionSpec {
  readonly domain: string;
  readonly name: string;
  readonly inputs: string;
  readonly outputs: string;
  readonly attributes?: readonly string[];
  readonly defaults?: Readonly<Record<string, AttributeSpec>>;
  /** Versions of the domains of its nodes; `{ '': 17 }` unless told otherwise. */
  readonly opsets?: Readonly<Record<string, number>>;
  readonly nodes: readonly NodeSpec[];
}

export interface ModelSpec {
  /** 17 unless told otherwise. */
  readonly opset?: number;
  /** Versions of other domains than the default one, by domain. */
  readonly domains?: Readonly<Record<string, number>>;
  readonly irVersion?: number;
  /** Shapes by name; a text is a dynamic extent. */
  readonly inputs: Readonly<Record<string, readonly (number | string)[]>>;
  /** Element types of inputs and outputs that are not float. */
  readonly types?: Readonly<Record<string, number>>;
  readonly outputs: readonly string[];
  readonly nodes: readonly NodeSpec[];
  readonly initializers?: Readonly<Record<string, TensorSpec>>;
  readonly sparseInitializers?: readonly string[];
  readonly graphName?: string;
  readonly functions?: readonly FunctionSpec[];
}

export function model(spec: ModelSpec): Uint8Array {
  const functions = (spec.functions ?? []).map((own) => delimited(25, encodeFunction(own)));
  return joined([encodeWithoutFunctions(spec), ...functions]);
}

function encodeWithoutFunctions(spec: ModelSpec): Uint8Array {
  return encode({
    irVersion: spec.irVersion ?? 8,
    opsetImport: [
      { domain: '', version: spec.opset ?? 17 },
      ...Object.entries(spec.domains ?? {}).map(([domain, version]) => ({ domain, version })),
    ],
    producerName: 'hepc tests',
    graph: encodeGraph({ ...spec, name: spec.graphName ?? 'test' }),
  });
}

type GraphSpec = Pick<ModelSpec, 'inputs' | 'outputs' | 'types' | 'nodes' | 'initializers' | 'sparseInitializers'>;

/** A graph, of a model or as an attribute of a node. */
export function encodeGraph(spec: GraphSpec & { readonly name: string }): onnx.IGraphProto {
  return {
    name: spec.name,
    input: Object.entries(spec.inputs).map(([name, shape]) => valueInfo(name, spec.types?.[name], shape)),
    output: spec.outputs.map((name) => valueInfo(name, spec.types?.[name])),
    node: spec.nodes.map(encodeNode),
    initializer: Object.entries(spec.initializers ?? {}).map(([name, tensor]) => tensorProto(tensor, name)),
    sparseInitializer: (spec.sparseInitializers ?? []).map((name) => ({ values: { name } })),
  };
}

export function encode(message: onnx.IModelProto): Uint8Array {
  return proto.onnx.ModelProto.encode(message).finish();
}

/** onnx-proto does not know the defaults of attributes. */
function encodeFunction({ attributes, defaults = {}, opsets = { '': 17 }, ...own }: FunctionSpec): Uint8Array {
  const message: onnx.IFunctionProto = {
    ...{ domain: own.domain, name: own.name, input: namesOf(own.inputs), output: namesOf(own.outputs) },
    attribute: [...(attributes ?? [])],
    node: own.nodes.map(encodeNode),
    opsetImport: Object.entries(opsets).map(([domain, version]) => ({ domain, version })),
  };
  const values = encodeAttributes(defaults).map((a) => delimited(11, proto.onnx.AttributeProto.encode(a).finish()));
  return joined([proto.onnx.FunctionProto.encode(message).finish(), ...values]);
}

/** A length-delimited field of the wire format. */
function delimited(field: number, bytes: Uint8Array): Uint8Array {
  return joined([varint(8 * field + 2), varint(bytes.length), bytes]);
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    bytes.push(rest < 128 ? rest : 128 + (rest % 128));
    if (rest < 128) return Uint8Array.from(bytes);
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** A node; a text of several names separated by spaces stands for a list of them, `_` for one that is left out. */
export function node(
  opType: string,
  inputs: string,
  outputs: string,
  attributes: Readonly<Record<string, AttributeSpec>> = {},
): NodeSpec {
  return { opType, inputs: namesOf(inputs), outputs: namesOf(outputs), attributes };
}

function namesOf(text: string): string[] {
  return text === '' ? [] : text.split(' ').map((name) => (name === '_' ? '' : name));
}

export function floats(dims: readonly number[], data: ArrayLike<number>): TensorSpec {
  return raw(dims, DataType.FLOAT, Float32Array.from(data));
}

export function doubles(dims: readonly number[], data: ArrayLike<number>): TensorSpec {
  return raw(dims, DataType.DOUBLE, Float64Array.from(data));
}

export function int64s(dims: readonly number[], data: readonly number[]): TensorSpec {
  return raw(dims, DataType.INT64, BigInt64Array.from(data, BigInt));
}

export function int32s(dims: readonly number[], data: readonly number[]): TensorSpec {
  return raw(dims, DataType.INT32, Int32Array.from(data));
}

export function bools(dims: readonly number[], data: readonly boolean[]): TensorSpec {
  return raw(dims, DataType.BOOL, Uint8Array.from(data, Number));
}

export function texts(dims: readonly number[], data: readonly string[]): TensorSpec {
  const stringData = data.map((text) => new TextEncoder().encode(text));
  return typed(dims, DataType.STRING, { stringData });
}

/** A tensor of any element type from its raw bytes. */
export function raw(dims: readonly number[], dataType: number, data: ArrayBufferView): TensorSpec {
  return { dims, proto: { dataType, rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) } };
}

/** A tensor with its elements in a typed field. */
export function typed(dims: readonly number[], dataType: number, fields: onnx.ITensorProto): TensorSpec {
  return { dims, proto: { dataType, ...fields } };
}

/** A float tensor whose elements are in another file. */
export function externalFloats(dims: readonly number[], entries: Readonly<Record<string, string>>): TensorSpec {
  const externalData = Object.entries(entries).map(([key, value]) => ({ key, value }));
  const dataLocation = proto.onnx.TensorProto.DataLocation.EXTERNAL;
  return { dims, proto: { dataType: DataType.FLOAT, dataLocation, externalData } };
}

export const elementType = {
  float: DataType.FLOAT,
  double: DataType.DOUBLE,
  float16: DataType.FLOAT16,
  bfloat16: DataType.BFLOAT16,
  int64: DataType.INT64,
  int32: DataType.INT32,
  int16: DataType.INT16,
  int8: DataType.INT8,
  uint16: DataType.UINT16,
  uint8: DataType.UINT8,
  uint32: DataType.UINT32,
  uint64: DataType.UINT64,
  bool: DataType.BOOL,
  string: DataType.STRING,
  // Younger than the package's enumeration.
  float8e4m3fn: 17,
  float8e4m3fnuz: 18,
  float8e5m2: 19,
  float8e5m2fnuz: 20,
  uint4: 21,
  int4: 22,
  float4e2m1: 23,
  uint2: 25,
  int2: 26,
} as const;

function valueInfo(
  name: string,
  elemType: number = DataType.FLOAT,
  shape?: readonly (number | string)[],
): onnx.IValueInfoProto {
  const dim = shape?.map((extent) => (typeof extent === 'number' ? { dimValue: extent } : { dimParam: extent }));
  return { name, type: { tensorType: { elemType, ...(dim !== undefined && { shape: { dim } }) } } };
}

function encodeNode({ opType, inputs, outputs, attributes = {}, name, domain }: NodeSpec): onnx.INodeProto {
  return {
    opType,
    input: [...inputs],
    output: [...outputs],
    name: name ?? `${opType}_${outputs[0] ?? ''}`,
    domain: domain ?? '',
    attribute: encodeAttributes(attributes),
  };
}

function encodeAttributes(attributes: Readonly<Record<string, AttributeSpec>>): onnx.IAttributeProto[] {
  return Object.entries(attributes).map(([key, value]) => ({ name: key, ...encodeAttribute(value) }));
}

function encodeAttribute(value: AttributeSpec): onnx.IAttributeProto {
  if (typeof value === 'number') return { type: AttributeType.INT, i: value };
  if (typeof value === 'string') return { type: AttributeType.STRING, s: new TextEncoder().encode(value) };
  if ('float' in value) return { type: AttributeType.FLOAT, f: value.float };
  if ('floats' in value) return { type: AttributeType.FLOATS, floats: [...value.floats] };
  if ('strings' in value)
    return { type: AttributeType.STRINGS, strings: value.strings.map((text) => new TextEncoder().encode(text)) };
  if ('tensor' in value) return { type: AttributeType.TENSOR, t: tensorProto(value.tensor, '') };
  if ('reference' in value) return { type: AttributeType[value.type], refAttrName: value.reference };
  if ('graph' in value) return { type: AttributeType.GRAPH, g: value.graph };
  return { type: AttributeType.INTS, ints: [...value] };
}

function tensorProto({ dims, proto: fields }: TensorSpec, name: string): onnx.ITensorProto {
  return { name, dims: [...dims], ...fields };
}
