/** ONNX models, with data in other files: imported, evaluated, and now and then compiled. */
import { evaluateTensor } from '../../../ir/interpret/tensor.ts';
import { elementCount } from '../../../ir/constant.ts';
import { compileOnnx } from '../../../compiler/compile-onnx.ts';
import { importOnnx, type ImportedModel, type OnnxSource } from '../../../compiler/onnx/import.ts';
import { readHep } from '../../../runtime/hep/read.ts';
import { writeHep } from '../../../runtime/hep/write.ts';
import { randomVector } from '../../support/arbitrary-maps.ts';
import { externalFloats, floats, int64s, model, node, type ModelSpec } from '../../support/onnx-builder.ts';
import { runInTheClear } from '../../support/run-plans.ts';
import { mutateBytes } from '../mutate/bytes.ts';
import type { Draw } from '../mutate/draw.ts';
import { leavesOf, mutateMessage, parseMessage } from '../mutate/protobuf.ts';
import { expectFinite, expectSameBytes, Fault, type Target } from '../target.ts';

const weights = (...dims: number[]) => floats(dims, randomVector(elementCount(dims), elementCount(dims)));

const convolutions: ModelSpec = {
  inputs: { x: ['batch', 2, 5, 5] },
  nodes: [
    node('Conv', 'x w b', 'c', { pads: [1, 1, 1, 1], strides: [2, 2], dilations: [1, 1], group: 1 }),
    node('Relu', 'c', 'r'),
    node('AveragePool', 'r', 'p', { kernel_shape: [2, 2], strides: [1, 1], ceil_mode: 0, count_include_pad: 1 }),
    node('BatchNormalization', 'p m m m v', 'n', { epsilon: { float: 1e-5 } }),
    node('Reshape', 'n s', 'f'),
    node('Gemm', 'f g', 'h', { alpha: { float: 0.5 }, transB: 0 }),
    node('Slice', 'h one three one', 'y'),
  ],
  initializers: {
    w: weights(3, 2, 3, 3),
    b: weights(3),
    s: int64s([2], [0, -1]),
    g: weights(12, 4),
    m: weights(3),
    v: floats([3], [1, 2, 3]),
    one: int64s([1], [1]),
    three: int64s([1], [3]),
  },
  outputs: ['y'],
};

const dense: ModelSpec = {
  inputs: { x: ['n', 8] },
  nodes: [
    node('Gemm', 'x w c', 'h', { transB: 1, alpha: { float: 1 }, beta: { float: 1 } }),
    node('Mul', 'h h', 'q'),
    node('MatMul', 'q v', 'z'),
    node('Add', 'z d', 'y'),
  ],
  initializers: { w: weights(6, 8), c: weights(6), v: weights(6, 3), d: weights(3) },
  outputs: ['y'],
};

const shapes: ModelSpec = {
  inputs: { x: [1, 3, 4, 4] },
  nodes: [
    node('Tile', 'x r', 't'),
    node('ReduceMean', 't', 'e', { axes: [3], keepdims: 1 }),
    node('Transpose', 'e', 'a', { perm: [0, 2, 1, 3] }),
    node('Concat', 'a a', 'k', { axis: 2 }),
    node('Pad', 'k p', 'l', { mode: 'constant' }),
    node('Resize', 'l _ z', 'u', { mode: 'nearest' }),
    node('ReduceProd', 'r', 'i', { keepdims: 0 }),
    node('ConvTranspose', 'u w', 'o', { strides: [2, 1], auto_pad: 'SAME_UPPER' }),
    node('Gather', 'o j', 'g', { axis: 1 }),
    node('Squeeze', 'g', 's'),
    node('Expand', 's q', 'y'),
  ],
  initializers: {
    r: int64s([4], [1, 1, 2, 1]),
    p: int64s([8], [0, 0, 0, 1, 0, 0, 0, 1]),
    z: floats([4], [1, 1, 2, 1]),
    w: weights(8, 2, 3, 3),
    j: int64s([1], [1]),
    q: int64s([1], [1]),
  },
  outputs: ['y'],
};

const external: ModelSpec = {
  inputs: { x: ['n', 4] },
  nodes: [node('MatMul', 'x w', 'h'), node('Sigmoid', 'h', 'y')],
  initializers: { w: externalFloats([4, 3], { location: 'w.bin', offset: '16', length: '48' }) },
  outputs: ['y'],
};

const seeds = [convolutions, dense, shapes, external].map((spec) => {
  // What protobufjs writes is a Buffer, whose pieces are not copies.
  const bytes = new Uint8Array(model(spec));
  return { bytes, message: parseMessage(bytes) };
});
const leaves = seeds.flatMap(({ message }) => leavesOf(message));
const allBytes = seeds.map(({ bytes }) => bytes);
const externalFile = new Uint8Array(Float32Array.from(randomVector(64, 7)).buffer);

function mutate(draw: Draw): Uint8Array {
  const { bytes, message } = draw.pick(seeds);
  return draw.chance(0.08) ? mutateBytes(draw, bytes, allBytes) : mutateMessage(draw, message, leaves);
}

function sourceOf(bytes: Uint8Array): OnnxSource {
  return { bytes, fileName: 'x.onnx', readExternal: (path) => (path === 'w.bin' ? externalFile : undefined) };
}

function samplesOf({ inputs }: Pick<ImportedModel, 'inputs'>, count: number): Map<string, Float64Array>[] {
  return Array.from(
    { length: count },
    (_, k) => new Map(inputs.map(({ name, shape }) => [name, randomVector(elementCount(shape), k)])),
  );
}

const largestEvaluation = 1 << 16;
const maxError = 0.05;

export const modelTargets: readonly Target[] = [
  {
    name: 'model',
    mutate,
    run: (bytes) => {
      const imported = importOnnx(sourceOf(bytes));
      const size = [...imported.inputs, ...imported.outputs].reduce((sum, { shape }) => sum + elementCount(shape), 0);
      if (size > largestEvaluation) return;
      const [sample = new Map<string, Float64Array>()] = samplesOf(imported, 1);
      const outputs = evaluateTensor(imported.module, sample);
      for (const { name, shape } of imported.outputs)
        if (outputs.get(name)?.length !== elementCount(shape)) throw new Fault(`output ${name} is not of its shape`);
    },
  },
  {
    name: 'compile',
    mutate,
    run: (bytes) => {
      const imported = importOnnx(sourceOf(bytes));
      const samples = samplesOf(imported, 4);
      const { plan } = compileOnnx(sourceOf(bytes), { samples: () => samples, maxError });
      const written = writeHep(plan);
      const read = readHep(written, 'x.hep');
      expectSameBytes('a plan and what is read of it', written, writeHep(read));
      compare(
        runInTheClear(read, samples),
        samples.map((sample) => evaluateTensor(imported.module, sample)),
      );
    },
  },
];

type Outputs = ReadonlyMap<string, Float64Array>;

/** That outputs are as near as the plan promises, in units of the largest one. */
function compare(got: readonly Outputs[], expected: readonly Outputs[]): void {
  const largest = Math.max(
    ...expected.flatMap((each) => [...each.values()].flatMap((values) => [...values.map(Math.abs)])),
  );
  for (const [k, outputs] of expected.entries())
    for (const [name, values] of outputs) {
      const own = got[k]?.get(name) ?? new Float64Array();
      expectFinite(name, own);
      const worst = values.reduce((most, value, i) => Math.max(most, Math.abs(value - (own[i] ?? Infinity))), 0);
      if (worst > 2 * maxError * Math.max(largest, 1e-6)) throw new Fault(`${name} is ${worst} off, of ${largest}`);
    }
}
