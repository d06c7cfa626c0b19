/** ONNX files with weights of their own changed, as pruning tools write them: the graph stays what it is. */
import proto from 'onnx-proto';

/** The elements of a float initializer, to be changed in place. */
export type EditWeights = (weights: Float32Array, dims: readonly number[]) => void;

/** The model with the initializers that `edits` names changed. Throws where there is no such float initializer. */
export function editInitializers(model: Uint8Array, edits: Readonly<Record<string, EditWeights>>): Uint8Array {
  const message = proto.onnx.ModelProto.decode(model);
  const initializers = new Map(message.graph?.initializer?.map((tensor) => [tensor.name, tensor]));
  for (const [name, edit] of Object.entries(edits)) {
    const tensor = initializers.get(name);
    if (tensor?.rawData === null || tensor?.rawData === undefined)
      throw new Error(`no initializer ${name} in raw data`);
    const values = new Float32Array(Uint8Array.from(tensor.rawData).buffer);
    edit(values, (tensor.dims ?? []).map(Number));
    tensor.rawData = new Uint8Array(values.buffer);
  }
  return proto.onnx.ModelProto.encode(message).finish();
}

/** Zeros in the rows of a matrix, or output channels, that `isDead` says. */
export function zeroRows(isDead: (row: number) => boolean): EditWeights {
  return (weights, [rows = 1]) => {
    const width = weights.length / rows;
    for (let row = 0; row < rows; row++) if (isDead(row)) weights.fill(0, row * width, (row + 1) * width);
  };
}

/** Zeros in the columns of a matrix that `isDead` says. */
export function zeroColumns(isDead: (column: number) => boolean): EditWeights {
  return (weights, [, columns = 1]) => {
    for (let i = 0; i < weights.length; i++) if (isDead(i % columns)) weights[i] = 0;
  };
}

/** The model with an entry of its metadata replaced. Throws where there is none of that name. */
export function editMetadata(model: Uint8Array, key: string, edit: (value: string) => string): Uint8Array {
  const message = proto.onnx.ModelProto.decode(model);
  const entry = message.metadataProps.find((each) => each.key === key);
  if (entry === undefined) throw new Error(`no metadata ${key}`);
  entry.value = edit(entry.value ?? '');
  return proto.onnx.ModelProto.encode(message).finish();
}
