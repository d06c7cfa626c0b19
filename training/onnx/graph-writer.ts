/**
 * Writes ONNX graphs: nodes, initialisers, inputs and outputs, in the order in which they are added; the bytes of a model
 * in the end, or the body of an operator that holds a graph. Every value has a name of its own; what is made here is in
 * single precision.
 */
import proto from 'onnx-proto';
import type { onnx } from 'onnx-proto';

const DataType = proto.onnx.TensorProto.DataType;
const AttributeType = proto.onnx.AttributeProto.AttributeType;

/** Version of the operators, and the version of the format that first allowed it. */
const opset = 17;
const irVersion = 8;

/** An extent, or the name of one that is known only when the model runs. */
export type Extent = number | string;

/** A value by its name, or a number, which becomes an initialiser. */
export type Operand = string | number;

/** A number is an INT, a list INTS, a text a STRING; floats and graphs say so. */
export type AttributeValue =
  number | string | readonly number[] | { readonly float: number } | { readonly body: GraphWriter };

export interface NodeOptions {
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  /** Name of the node, changed if another has it. */
  readonly name?: string;
  /** Name of the result, changed if another value has it. */
  readonly result?: string;
  /** Name of the result, which was reserved for it. */
  readonly exactly?: string;
}

export class GraphWriter {
  private readonly names: Set<string>;
  private readonly nodeNames = new Set<string>();
  private readonly nodes: onnx.INodeProto[] = [];
  private readonly initializers: onnx.ITensorProto[] = [];
  private readonly inputs: onnx.IValueInfoProto[] = [];
  private readonly outputs: onnx.IValueInfoProto[] = [];
  private readonly scalars = new Map<number, string>();

  /** @param outer the graph whose values this one may use, where it is the body of an operator there. */
  constructor(outer?: GraphWriter) {
    this.names = outer?.names ?? new Set();
  }

  /** Keeps `name` for an `input`, or for a result that is to be called `exactly` so. */
  reserve(name: string): void {
    this.names.add(name);
  }

  /** `base`, or `base` with a number where that is taken; nothing else is called so afterwards. */
  uniqueName(base: string): string {
    return unique(base, this.names);
  }

  input(name: string, shape: readonly Extent[], elements: 'float' | 'int64' = 'float'): string {
    this.names.add(name);
    this.inputs.push(valueInfo(name, shape, elements));
    return name;
  }

  /** Makes the value `name` an output. */
  output(name: string, shape: readonly Extent[]): void {
    this.outputs.push(valueInfo(name, shape, 'float'));
  }

  /** An initialiser of floats, rounded to single precision. */
  floats(shape: readonly number[], values: ArrayLike<number>, name = 'constant'): string {
    const data = values instanceof Float32Array ? values : Float32Array.from(values);
    return this.initializer(name, shape, DataType.FLOAT, data);
  }

  int64s(shape: readonly number[], values: ArrayLike<number>, name = 'integers'): string {
    return this.initializer(name, shape, DataType.INT64, BigInt64Array.from(values as number[], BigInt));
  }

  /** One float, as an initialiser without axes; the same one for equal numbers. */
  /** One integer of 8 bits without a sign, as an initialiser. */
  byte(value: number): string {
    const name = this.uniqueName('zero_point');
    this.initializers.push({ name, dims: [], dataType: DataType.UINT8, rawData: Uint8Array.of(value) });
    return name;
  }

  scalar(value: number): string {
    const known = this.scalars.get(value);
    if (known !== undefined) return known;
    const name = this.floats([], [value], 'number');
    this.scalars.set(value, name);
    return name;
  }

  /** Appends a node of one result, and names that. An operand '' is left out. */
  node(opType: string, operands: readonly Operand[], options: NodeOptions = {}): string {
    const [result = ''] = this.nodeOf(opType, operands, 1, options);
    return result;
  }

  /** As `node`, with `count` results. */
  nodeOf(opType: string, operands: readonly Operand[], count: number, options: NodeOptions = {}): readonly string[] {
    const { attributes = {}, name, result, exactly } = options;
    const results = Array.from({ length: count }, () => exactly ?? this.uniqueName(result ?? opType.toLowerCase()));
    this.nodeCalled(opType, operands, results, attributes, name);
    return results;
  }

  /** As `node`, with results of names that were reserved for it. */
  nodeCalled(
    opType: string,
    operands: readonly Operand[],
    results: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>>,
    name?: string,
  ): void {
    this.nodes.push({
      opType,
      name: unique(name ?? results[0] ?? opType, this.nodeNames),
      input: operands.map((operand) => (typeof operand === 'number' ? this.scalar(operand) : operand)),
      output: [...results],
      attribute: Object.entries(attributes).map(([key, value]) => ({ name: key, ...this.attributeProto(value) })),
    });
  }

  /** The bytes of a model; `metadata` becomes its `metadata_props`. */
  modelBytes(name: string, metadata: ReadonlyMap<string, string> = new Map()): Uint8Array {
    return proto.onnx.ModelProto.encode({
      irVersion,
      opsetImport: [{ domain: '', version: opset }],
      producerName: 'hepc',
      graph: this.graphProto(name),
      metadataProps: Array.from(metadata, ([key, value]) => ({ key, value })),
    }).finish();
  }

  private graphProto(name: string): onnx.IGraphProto {
    return { name, node: this.nodes, initializer: this.initializers, input: this.inputs, output: this.outputs };
  }

  private attributeProto(value: AttributeValue): onnx.IAttributeProto {
    if (typeof value === 'number') return { type: AttributeType.INT, i: value };
    if (typeof value === 'string') return { type: AttributeType.STRING, s: new TextEncoder().encode(value) };
    if ('float' in value) return { type: AttributeType.FLOAT, f: value.float };
    if ('body' in value) return { type: AttributeType.GRAPH, g: value.body.graphProto('body') };
    return { type: AttributeType.INTS, ints: [...value] };
  }

  private initializer(base: string, shape: readonly number[], dataType: number, data: ArrayBufferView): string {
    const name = this.uniqueName(base);
    const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    this.initializers.push({ name, dims: [...shape], dataType, rawData });
    return name;
  }
}

function unique(base: string, taken: Set<string>): string {
  let name = base;
  for (let number = 2; taken.has(name); number++) name = `${base}_${number}`;
  taken.add(name);
  return name;
}

function valueInfo(name: string, shape: readonly Extent[], elements: 'float' | 'int64'): onnx.IValueInfoProto {
  const dim = shape.map((extent) => (typeof extent === 'number' ? { dimValue: extent } : { dimParam: extent }));
  return {
    name,
    type: { tensorType: { elemType: elements === 'float' ? DataType.FLOAT : DataType.INT64, shape: { dim } } },
  };
}
