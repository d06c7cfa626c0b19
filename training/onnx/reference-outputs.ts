/** A model with the outputs that a comparison wants, in a form that onnxruntime-web can hand out. */
import proto from 'onnx-proto';
import type { onnx } from 'onnx-proto';

/**
 * The bytes of `model` with `outputs` for outputs, any values of its graph; a map that a ZipMap makes is the tensor of its
 * values, since onnxruntime-web gives tensors only. The bytes themselves where nothing changes.
 */
export function withReferenceOutputs(model: Uint8Array, outputs: readonly string[]): Uint8Array {
  const decoded = proto.onnx.ModelProto.decode(new Uint8Array(model.buffer, model.byteOffset, model.byteLength));
  const { graph } = decoded;
  if (!graph) return model;
  const own = (graph.output ?? []).map(({ name }) => name ?? '');
  const isMap = ({ opType, domain }: onnx.INodeProto): boolean => opType === 'ZipMap' && domain === 'ai.onnx.ml';
  const nodes = graph.node ?? [];
  if (!nodes.some(isMap) && own.join('\0') === outputs.join('\0')) return model;
  graph.node = nodes.map((node) => (isMap(node) ? { ...node, opType: 'Identity', domain: '', attribute: [] } : node));
  const known = new Map([...(graph.valueInfo ?? []), ...(graph.output ?? [])].map((info) => [info.name ?? '', info]));
  graph.output = outputs.map((name) => {
    const info = known.get(name);
    return info?.type?.tensorType ? info : { name };
  });
  return proto.onnx.ModelProto.encode(decoded).finish();
}
