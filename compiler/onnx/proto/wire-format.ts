/**
 * Whether bytes hold an ONNX model in the protobuf wire format, asked before protobufjs reads them. Its decoder never
 * looks at the wire type of a field that it knows: bytes of another type are read as something else, or a field goes
 * missing, without an error. Here every known field has the type that the schema gives it (onnx.proto, ONNX 1.18), a
 * message that may occur once does so, and every message ends where its length says. Unknown fields are skipped, since
 * newer files have some.
 *
 * One pass; strings and tensors are skipped by their length.
 */

/** Wire types (protobuf.dev, "Encoding"). */
const varint = 0;
const fixed64 = 1;
const delimited = 2;
const startGroup = 3;
const endGroup = 4;
const fixed32 = 5;

/** As deep as protobuf's own readers go. */
const maxDepth = 100;

interface Field {
  readonly name: string;
  readonly wireType: number;
  /** Several numbers may stand in one length-delimited field. */
  readonly packed: boolean;
  /** Of a field that is a message. */
  readonly message?: string;
  readonly repeated: boolean;
}

/**
 * `number: 'name kind'`: kinds are `int` (any varint), `float`, `double`, `bytes` (strings too) or a message; `*` marks
 * repeated ones.
 */
const schema: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  ModelProto: {
    1: 'ir_version int',
    2: 'producer_name bytes',
    3: 'producer_version bytes',
    4: 'domain bytes',
    5: 'model_version int',
    6: 'doc_string bytes',
    7: 'graph GraphProto',
    8: 'opset_import OperatorSetIdProto*',
    14: 'metadata_props StringStringEntryProto*',
    20: 'training_info TrainingInfoProto*',
    25: 'functions FunctionProto*',
  },
  OperatorSetIdProto: { 1: 'domain bytes', 2: 'version int' },
  StringStringEntryProto: { 1: 'key bytes', 2: 'value bytes' },
  TrainingInfoProto: {
    1: 'initialization GraphProto',
    2: 'algorithm GraphProto',
    3: 'initialization_binding StringStringEntryProto*',
    4: 'update_binding StringStringEntryProto*',
  },
  FunctionProto: {
    1: 'name bytes',
    4: 'input bytes*',
    5: 'output bytes*',
    6: 'attribute bytes*',
    7: 'node NodeProto*',
    8: 'doc_string bytes',
    9: 'opset_import OperatorSetIdProto*',
    10: 'domain bytes',
  },
  GraphProto: {
    1: 'node NodeProto*',
    2: 'name bytes',
    5: 'initializer TensorProto*',
    10: 'doc_string bytes',
    11: 'input ValueInfoProto*',
    12: 'output ValueInfoProto*',
    13: 'value_info ValueInfoProto*',
    14: 'quantization_annotation TensorAnnotation*',
    15: 'sparse_initializer SparseTensorProto*',
  },
  TensorAnnotation: { 1: 'tensor_name bytes', 2: 'quant_parameter_tensor_names StringStringEntryProto*' },
  NodeProto: {
    1: 'input bytes*',
    2: 'output bytes*',
    3: 'name bytes',
    4: 'op_type bytes',
    5: 'attribute AttributeProto*',
    6: 'doc_string bytes',
    7: 'domain bytes',
  },
  AttributeProto: {
    1: 'name bytes',
    2: 'f float',
    3: 'i int',
    4: 's bytes',
    5: 't TensorProto',
    6: 'g GraphProto',
    7: 'floats float*',
    8: 'ints int*',
    9: 'strings bytes*',
    10: 'tensors TensorProto*',
    11: 'graphs GraphProto*',
    13: 'doc_string bytes',
    14: 'tp TypeProto',
    15: 'type_protos TypeProto*',
    20: 'type int',
    21: 'ref_attr_name bytes',
    22: 'sparse_tensor SparseTensorProto',
    23: 'sparse_tensors SparseTensorProto*',
  },
  ValueInfoProto: { 1: 'name bytes', 2: 'type TypeProto', 3: 'doc_string bytes' },
  TypeProto: {
    1: 'tensor_type TypeProto.Tensor',
    4: 'sequence_type TypeProto.Element',
    5: 'map_type TypeProto.Map',
    6: 'denotation bytes',
    8: 'sparse_tensor_type TypeProto.Tensor',
    9: 'optional_type TypeProto.Element',
  },
  'TypeProto.Tensor': { 1: 'elem_type int', 2: 'shape TensorShapeProto' },
  'TypeProto.Element': { 1: 'elem_type TypeProto' },
  'TypeProto.Map': { 1: 'key_type int', 2: 'value_type TypeProto' },
  TensorShapeProto: { 1: 'dim Dimension*' },
  Dimension: { 1: 'dim_value int', 2: 'dim_param bytes', 3: 'denotation bytes' },
  SparseTensorProto: { 1: 'values TensorProto', 2: 'indices TensorProto', 3: 'dims int*' },
  TensorProto: {
    1: 'dims int*',
    2: 'data_type int',
    3: 'segment Segment',
    4: 'float_data float*',
    5: 'int32_data int*',
    6: 'string_data bytes*',
    7: 'int64_data int*',
    8: 'name bytes',
    9: 'raw_data bytes',
    10: 'double_data double*',
    11: 'uint64_data int*',
    12: 'doc_string bytes',
    13: 'external_data StringStringEntryProto*',
    14: 'data_location int',
  },
  Segment: { 1: 'begin int', 2: 'end int' },
};

const scalarTypes: ReadonlyMap<string, number> = new Map([
  ['int', varint],
  ['float', fixed32],
  ['double', fixed64],
  ['bytes', delimited],
]);

const messages: ReadonlyMap<string, ReadonlyMap<number, Field>> = new Map(
  Object.entries(schema).map(([message, fields]) => [
    message,
    new Map(Object.entries(fields).map(([number, text]) => [Number(number), fieldOf(text)])),
  ]),
);

function fieldOf(text: string): Field {
  const [name = '', kindAndMark = ''] = text.split(' ');
  const repeated = kindAndMark.endsWith('*');
  const kind = repeated ? kindAndMark.slice(0, -1) : kindAndMark;
  const scalar = scalarTypes.get(kind);
  return {
    ...{ name, repeated, wireType: scalar ?? delimited, packed: repeated && scalar !== undefined && kind !== 'bytes' },
    ...(scalar === undefined && { message: kind }),
  };
}

/** What keeps `bytes` from being the wire format of a ModelProto; undefined if nothing does. */
export function wireFormatFault(bytes: Uint8Array): string | undefined {
  return new WireReader(bytes).message('ModelProto', bytes.length, 0);
}

/** Reads forward; methods return what is wrong, or undefined. */
class WireReader {
  private readonly bytes: Uint8Array;
  private position = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  message(name: string, end: number, depth: number): string | undefined {
    if (depth > maxDepth) return `messages are nested more than ${maxDepth} deep`;
    const fields = messages.get(name);
    const once = new Set<Field>();
    while (this.position < end) {
      const tag = this.varint(end);
      if (tag === undefined || tag < 8 || tag >= 2 ** 32)
        return `${name} ends within a field or has one without a number`;
      const [number, wireType] = [Math.floor(tag / 8), tag % 8];
      const field = fields?.get(number);
      if (field === undefined) {
        const fault = this.skip(`field ${number} of ${name}`, wireType, end, depth);
        if (fault !== undefined) return fault;
        continue;
      }
      const place = `${name}.${field.name}`;
      if (wireType !== field.wireType && !(field.packed && wireType === delimited))
        return `${place} has wire type ${wireType}, expected ${field.wireType}`;
      if (field.message === undefined) {
        const isPacked = field.packed && wireType === delimited;
        const fault = isPacked ? this.packed(field, place, end) : this.skip(place, wireType, end, depth);
        if (fault !== undefined) return fault;
        continue;
      }
      // Protobuf would merge them; protobufjs keeps the last.
      if (!field.repeated && once.has(field)) return `${place} occurs twice`;
      once.add(field);
      const inner = this.length(end);
      if (inner === undefined) return `${place} ends beyond ${name}`;
      const fault = this.message(field.message, inner, depth + 1);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }

  /** Numbers side by side; they fill the field. */
  private packed({ wireType }: Field, place: string, end: number): string | undefined {
    const inner = this.length(end);
    if (inner === undefined) return `${place} ends beyond its message`;
    if (wireType !== varint) {
      const size = wireType === fixed32 ? 4 : 8;
      const fits = (inner - this.position) % size === 0;
      this.position = inner;
      return fits ? undefined : `${place} ends within a number`;
    }
    while (this.position < inner) if (this.varint(inner) === undefined) return `${place} ends within a number`;
    return undefined;
  }

  private skip(place: string, wireType: number, end: number, depth: number): string | undefined {
    switch (wireType) {
      case varint:
        return this.varint(end) === undefined ? `${place} is no number` : undefined;
      case fixed64:
        return this.advance(8, end) ? undefined : `${place} is cut off`;
      case fixed32:
        return this.advance(4, end) ? undefined : `${place} is cut off`;
      case delimited: {
        const inner = this.length(end);
        if (inner === undefined) return `${place} is cut off`;
        this.position = inner;
        return undefined;
      }
      case startGroup:
        return this.group(place, end, depth + 1);
      default:
        return `${place} has wire type ${wireType}, which does not exist here`;
    }
  }

  /** The fields of a group, which only unknown fields can be, up to its end. */
  private group(place: string, end: number, depth: number): string | undefined {
    if (depth > maxDepth) return `messages are nested more than ${maxDepth} deep`;
    while (this.position < end) {
      const tag = this.varint(end);
      if (tag === undefined) break;
      if (tag % 8 === endGroup) return undefined;
      const fault = this.skip(place, tag % 8, end, depth);
      if (fault !== undefined) return fault;
    }
    return `${place} is a group without an end`;
  }

  /** Where what follows ends, by the length before it; undefined past `end`. */
  private length(end: number): number | undefined {
    const length = this.varint(end);
    return length === undefined || length > end - this.position ? undefined : this.position + length;
  }

  private advance(count: number, end: number): boolean {
    this.position += count;
    return this.position <= end;
  }

  /** Seven bits a byte, at most ten bytes; exact below 2^53. */
  private varint(end: number): number | undefined {
    let value = 0;
    for (let i = 0, factor = 1; i < 10 && this.position < end; i++, factor *= 128) {
      const byte = this.bytes[this.position++] ?? 0;
      value += (byte % 128) * factor;
      if (byte < 128) return value;
    }
    return undefined;
  }
}
