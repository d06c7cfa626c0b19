/**
 * From bytes to `OnnxModel`: the only file that knows the protocol buffer.
 *
 * `wire-format.ts` has checked the bytes before protobufjs sees them; an exception of it still means that this is no
 * ONNX file. Memory is bounded by a small multiple of the file.
 */
import proto from 'onnx-proto';
import type { onnx } from 'onnx-proto';

import { type Diagnostic, HepcError, type Place, visible } from '../../../ir/diagnostics/diagnostic.ts';
import { kindOfBytes } from '../../../ir/files/kind-of-bytes.ts';
import { malformedGraph, notOnnx } from '../../../ir/diagnostics/import.ts';
import { functionDefaults } from './function-defaults.ts';
import { wireFormatFault } from './wire-format.ts';
import type { Attribute, OnnxFunction, OnnxGraph, OnnxInput, OnnxModel, OnnxNode, OnnxTensor } from './model.ts';

const maxNameLength = 1024;

/** Throws `HepcError` for bytes that hold no model with a graph, or names that are unreasonably long or hold control characters. */
export function decodeModel(bytes: Uint8Array, file: string): OnnxModel {
  const at = { file };
  const message = decodeMessage(bytes, at);
  if (!message.graph) throw new HepcError([notOnnx({ reason: 'it holds no graph' }, at)]);
  const opsets = decodeOpsets(message.opsetImport);
  const decoded = decodeGraph(message.graph, opsets);
  const graph = { ...decoded, name: nameOf(decoded, file) };
  const defaults = message.functions?.length ? functionDefaults(bytes) : [];
  const functions = (message.functions ?? []).map((own, i) => decodeFunction(own, defaults[i] ?? []));
  const diagnostics = checkNames(graph, functions, at);
  if (diagnostics.length > 0) throw new HepcError(diagnostics);
  return {
    opsets,
    graph,
    metadata: new Map((message.metadataProps ?? []).map(({ key, value }) => [key ?? '', value ?? ''])),
    functions,
  };
}

/** What exporters call every graph. */
const namesOfExporters = ['main_graph', 'torch_jit', 'torch-jit-export', 'tf2onnx'];

/** The name of the graph, or of its file where the graph has but that of an exporter. */
function nameOf({ name }: OnnxGraph, file: string): string {
  const [, stem = ''] = /([^/\\]+?)(?:\.onnx)?$/i.exec(file) ?? [];
  const isUseful = stem !== '' && stem !== '-' && stem.length <= maxNameLength && visible(stem) === stem;
  return namesOfExporters.includes(name) && isUseful ? stem : name;
}

/** The default domain has two spellings; here it is the empty one. */
function domainName(domain: string | null | undefined): string {
  return domain === undefined || domain === null || domain === 'ai.onnx' ? '' : domain;
}

function decodeOpsets(imports: readonly onnx.IOperatorSetIdProto[] | null | undefined): OnnxModel['opsets'] {
  return new Map((imports ?? []).map(({ domain, version }) => [domainName(domain), integer(version)]));
}

function decodeMessage(bytes: Uint8Array, at: Place): onnx.IModelProto {
  const fault = wireFormatFault(bytes);
  if (fault !== undefined) throw new HepcError([notOnnx({ reason: whatItIs(bytes) ?? fault }, at)]);
  try {
    // A Buffer would be read by another reader, with other errors: always the plain one.
    return proto.onnx.ModelProto.decode(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  } catch (error) {
    const reason = whatItIs(bytes) ?? (error instanceof Error ? error.message : String(error));
    throw new HepcError([notOnnx({ reason }, at)]);
  }
}

/** What bytes that are no model look like. */
function whatItIs(bytes: Uint8Array): string | undefined {
  const kind = kindOfBytes(bytes);
  return kind === undefined || kind === 'an ONNX model' ? undefined : `the file is ${kind}`;
}

function decodeGraph(graph: onnx.IGraphProto, opsets: OnnxModel['opsets'], hasGraphs = true): OnnxGraph {
  return {
    name: graph.name ?? '',
    inputs: (graph.input ?? []).map(decodeInput),
    outputs: (graph.output ?? []).map(({ name }) => name ?? ''),
    initializers: (graph.initializer ?? []).map(decodeTensor),
    sparseInitializers: (graph.sparseInitializer ?? []).map(({ values }) => values?.name ?? ''),
    nodes: (graph.node ?? []).map((node) => decodeNode(node, opsets, hasGraphs)),
  };
}

function decodeFunction(own: onnx.IFunctionProto, defaults: readonly onnx.IAttributeProto[]): OnnxFunction {
  const opsets = decodeOpsets(own.opsetImport);
  return {
    domain: domainName(own.domain),
    name: own.name ?? '',
    inputs: own.input ?? [],
    outputs: own.output ?? [],
    defaults: decodeAttributes(defaults),
    nodes: (own.node ?? []).map((node) => decodeNode(node, opsets, false)),
  };
}

function decodeInput({ name, type }: onnx.IValueInfoProto): OnnxInput {
  const tensor = type?.tensorType ?? undefined;
  return {
    name: name ?? '',
    elementType: tensor === undefined ? undefined : (tensor.elemType ?? 0),
    shape: tensor?.shape?.dim?.map(decodeExtent),
  };
}

function decodeExtent({ dimValue, dimParam }: onnx.TensorShapeProto.IDimension): number | string {
  const extent = integer(dimValue ?? 0);
  // Older exporters write 0 or -1 for an extent that they do not know.
  return extent > 0 ? extent : dimParam || '?';
}

function decodeNode(node: onnx.INodeProto, opsets: OnnxModel['opsets'], hasGraphs: boolean): OnnxNode {
  const outputs = node.output ?? [];
  const opType = node.opType ?? '';
  const domain = domainName(node.domain);
  return {
    refs: [{ name: node.name ?? '', opType, output: outputs[0] ?? '' }],
    domain,
    opType,
    version: opsets.get(domain) ?? 0,
    inputs: node.input ?? [],
    outputs,
    attributes: decodeAttributes(node.attribute ?? [], hasGraphs ? opsets : undefined),
  };
}

function decodeAttributes(
  attributes: readonly onnx.IAttributeProto[],
  opsets?: OnnxModel['opsets'],
): ReadonlyMap<string, Attribute> {
  return new Map(attributes.map((a) => [a.name ?? '', decodeAttribute(a, opsets)]));
}

/** Graphs within graphs are not decoded: without operator sets there is only their presence. */
function decodeAttribute(a: onnx.IAttributeProto, opsets: OnnxModel['opsets'] | undefined): Attribute {
  const types = proto.onnx.AttributeProto.AttributeType;
  if (a.refAttrName) return { type: 'reference', attribute: a.refAttrName };
  switch (a.type ?? types.UNDEFINED) {
    case types.FLOAT:
      return { type: 'float', value: a.f ?? 0 };
    case types.INT:
      return { type: 'int', value: integer(a.i) };
    case types.STRING:
      return { type: 'string', value: text(a.s ?? new Uint8Array()) };
    case types.TENSOR:
      return a.t ? { type: 'tensor', value: decodeTensor(a.t) } : { type: 'unknown' };
    case types.FLOATS:
      return { type: 'floats', value: a.floats ?? [] };
    case types.INTS:
      return { type: 'ints', value: (a.ints ?? []).map(integer) };
    case types.STRINGS:
      return { type: 'strings', value: (a.strings ?? []).map(text) };
    case types.GRAPH:
      return { type: 'graph', value: a.g && opsets ? decodeGraph(a.g, opsets, false) : undefined };
    case types.GRAPHS:
      return { type: 'graph', value: undefined };
    case types.UNDEFINED:
    case types.SPARSE_TENSOR:
    case types.SPARSE_TENSORS:
    case types.TENSORS:
    case types.TYPE_PROTO:
    case types.TYPE_PROTOS:
    // The enumeration is what the bytes should hold, not what they do.
    default:
      return { type: 'unknown' };
  }
}

function decodeTensor(tensor: onnx.ITensorProto): OnnxTensor {
  const { floatData, int32Data, int64Data, doubleData, uint64Data, externalData } = tensor;
  const isExternal = tensor.dataLocation === proto.onnx.TensorProto.DataLocation.EXTERNAL;
  return {
    name: tensor.name ?? '',
    elementType: tensor.dataType ?? 0,
    dims: (tensor.dims ?? []).map(integer),
    // The prototype of a decoded message holds an empty default for every field that the bytes leave out.
    raw: Object.hasOwn(tensor, 'rawData') ? (tensor.rawData ?? undefined) : undefined,
    typed: {
      floatData: floatData ?? [],
      int32Data: int32Data ?? [],
      int64Data: int64Data ?? [],
      doubleData: doubleData ?? [],
      uint64Data: uint64Data ?? [],
    },
    texts: (tensor.stringData ?? []).map(text),
    external: isExternal ? new Map((externalData ?? []).map(({ key, value }) => [key ?? '', value ?? ''])) : undefined,
  };
}

/**
 * A number, or a 64-bit integer of protobufjs (an object that prints as one), as a double; beyond 2^53 only its size
 * matters, as in the open ends of Slice.
 */
export function integer(value: unknown): number {
  return Number(value ?? 0);
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function checkNames(graph: OnnxGraph, functions: readonly OnnxFunction[], at: Place): Diagnostic[] {
  const names = [
    [graph.name],
    graph.inputs.map(({ name }) => name),
    graph.outputs,
    graph.initializers.map(({ name }) => name),
    functions.flatMap(({ domain, name, inputs, outputs }) => [domain, name, ...inputs, ...outputs]),
    [graph, ...functions]
      .flatMap(({ nodes }) => nodes)
      .flatMap(({ refs, inputs, outputs, opType }) => [opType, ...refs.map(({ name }) => name), ...inputs, ...outputs]),
  ].flat();
  const long = names.find((name) => name.length > maxNameLength);
  if (long !== undefined)
    return [malformedGraph({ reason: `the name "${long.slice(0, 60)}…" has ${long.length} characters` }, at)];
  const hidden = names.find((name) => visible(name) !== name);
  return hidden === undefined
    ? []
    : [malformedGraph({ reason: `the name "${visible(hidden)}" holds control characters` }, at)];
}
