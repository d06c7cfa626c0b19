/** ONNX's tests of single operators as `generate.py` writes them: a model, operands and what is expected. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import proto from 'onnx-proto';
import type { onnx } from 'onnx-proto';
import { integer } from '../../../compiler/onnx/proto/decode.ts';
import { type ElementType, elementTypeOf } from '../../../compiler/onnx/proto/element-types.ts';

/** An operand or a result. */
export interface TestTensor {
  readonly proto: onnx.ITensorProto;
  readonly shape: readonly number[];
  /** Undefined for what are no numbers that hepc reads: texts, complex numbers. */
  readonly numbers: Numbers | undefined;
}

export interface Numbers {
  readonly type: ElementType;
  readonly values: Float64Array;
}

export interface NodeTest {
  readonly name: string;
  readonly model: onnx.IModelProto;
  /** By name, in the order of the graph's inputs and outputs. */
  readonly operands: ReadonlyMap<string, TestTensor>;
  readonly expected: ReadonlyMap<string, TestTensor>;
}

/** All tests of the folder, in the order of their names, one after the other: together they are large. */
export function* readNodeTests(folder: string): Generator<NodeTest> {
  for (const name of readdirSync(folder).toSorted()) {
    const file = join(folder, name, 'model.onnx');
    if (!existsSync(file)) continue;
    const model = proto.onnx.ModelProto.decode(new Uint8Array(readFileSync(file)));
    const { input = [], output = [] } = model.graph ?? {};
    const data = join(folder, name, 'test_data_set_0');
    yield {
      name: name.replace(/^test_/, ''),
      model,
      operands: readTensors(data, 'input', input ?? []),
      expected: readTensors(data, 'output', output ?? []),
    };
  }
}

function readTensors(
  folder: string,
  kind: 'input' | 'output',
  ports: readonly onnx.IValueInfoProto[],
): ReadonlyMap<string, TestTensor> {
  return new Map(
    ports.map(({ name }, i) => {
      const bytes = readFileSync(join(folder, `${kind}_${i}.pb`));
      return [name ?? '', testTensor(proto.onnx.TensorProto.decode(new Uint8Array(bytes)))];
    }),
  );
}

function testTensor(tensor: onnx.ITensorProto): TestTensor {
  const shape = (tensor.dims ?? []).map(integer);
  return { proto: tensor, shape, numbers: numbersOf(tensor) };
}

/** The elements of a tensor that holds numbers; undefined for any other. */
export function numbersOf(tensor: onnx.ITensorProto): Numbers | undefined {
  const type = elementTypeOf(tensor.dataType ?? 0);
  if (type === undefined) return undefined;
  const fields: readonly unknown[] = tensor[type.field] ?? [];
  if (type.fromField !== undefined && fields.length > 0)
    return { type, values: Float64Array.from(fields, type.fromField) };
  const bytes = fields.length > 0 ? Uint8Array.from(fields, integer) : (tensor.rawData ?? new Uint8Array());
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = (tensor.dims ?? []).map(integer).reduce((product, extent) => product * extent, 1);
  return { type, values: Float64Array.from({ length: count }, (_, i) => type.read(view, i)) };
}
