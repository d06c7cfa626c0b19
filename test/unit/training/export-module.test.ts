/** Exported modules: onnxruntime and the importer read them, and both compute what the module computes. */
import { readdirSync, readFileSync } from 'node:fs';

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { importOnnx } from '../../../compiler/onnx/import.ts';
import { Constant, elementCount, indexConstant, vector } from '../../../ir/constant.ts';
import { TensorInterpreter } from '../../../ir/interpret/tensor.ts';
import type { ValueId } from '../../../ir/op.ts';
import { seededRandom } from '../../../ir/random.ts';
import { activationKinds, TensorBuilder, type TensorModule } from '../../../ir/tensor/ops.ts';
import { printModule } from '../../../ir/text/print.ts';
import { verify } from '../../../ir/verify.ts';
import { mergeLinear } from '../../../passes/tensor/merge-linear.ts';
import { PassManager } from '../../../passes/manager.ts';
import { exportModule } from '../../../training/onnx/export-module.ts';
import { ReferenceModel } from '../../../training/onnxruntime.ts';
import type { ModelInterface, Sample } from '../../../ir/interface.ts';
import { arbitraryNetwork, networkSamples } from '../../support/arbitrary-networks.ts';
import { exampleModels, modelBytes } from '../../support/mnist.ts';
import { model } from '../../support/onnx-builder.ts';
import { recurrentCases, torchRecurrent } from '../compiler/onnx/cases/recurrent.ts';
import { casesOf } from '../../support/setup/suite.ts';

/** Of the largest output: single precision against double. */
const tolerance = 1e-4;

function imported(bytes: Uint8Array) {
  return importOnnx({ bytes, fileName: 'model.onnx', readExternal: () => undefined });
}

/** Ports of a module; which inputs have an axis of samples is told, and outputs have one if they depend on such an input. */
function interfaceOf(module: TensorModule, hasBatchAxis: (input: string) => boolean = () => true): ModelInterface {
  const batched: boolean[] = [];
  for (const node of module.nodes) {
    batched.push(node.op === 'input' ? hasBatchAxis(node.attrs.name) : node.operands.some((id) => batched[id]));
  }
  const ports = (op: 'input' | 'output') =>
    module.nodes.flatMap((node) =>
      node.op === op ? [{ name: node.attrs.name, shape: node.type, hasBatchAxis: batched[node.id] ?? false }] : [],
    );
  return { inputs: ports('input'), outputs: ports('output') };
}

function expectClose(got: Sample | undefined, expected: Sample): void {
  expect([...(got?.keys() ?? [])].sort()).toEqual([...expected.keys()].sort());
  for (const [name, values] of expected) {
    const others = got?.get(name);
    expect(others?.length, `elements of ${name}`).toBe(values.length);
    const scale = values.reduce((most, x) => Math.max(most, Math.abs(x)), 1);
    const worst = values.reduce((most, x, i) => Math.max(most, Math.abs(x - (others?.[i] ?? NaN))), 0);
    expect(worst / scale, `error of ${name}`).toBeLessThan(tolerance);
  }
}

/** Writes `module` and runs what is read back, by onnxruntime (`samples` at once if there are axes for them) and by us. */
async function expectRoundTrip(
  module: TensorModule,
  io: ModelInterface,
  samples: readonly Sample[],
): Promise<TensorModule> {
  const bytes = exportModule(module, io);
  const read = imported(bytes);
  expect(verify(read.module)).toEqual([]);
  expect(read.inputs).toEqual(io.inputs);
  expect(read.outputs).toEqual(io.outputs);
  const original = new TensorInterpreter(module);
  const again = new TensorInterpreter(read.module);
  const reference = await ReferenceModel.load(bytes);
  try {
    const results = await reference.runBatch(samples);
    for (const [i, sample] of samples.entries()) {
      const expected = original.evaluate(sample);
      expectClose(again.evaluate(sample), expected);
      expectClose(results[i], expected);
    }
  } finally {
    await reference.close();
  }
  return read.module;
}

/** A module of one op between input and output. */
function moduleOf(shape: readonly number[], append: (builder: TensorBuilder, x: ValueId) => ValueId): TensorModule {
  const builder = new TensorBuilder();
  const x = builder.add('input', [], { name: 'x', shape: [...shape] }, []);
  builder.add('output', [append(builder, x)], { name: 'y' }, []);
  return builder.build('one');
}

function polynomialOf(basis: 'power' | 'chebyshev', sets: number, coefficients: readonly number[]): TensorModule {
  return moduleOf([2, 3], (builder, x) => {
    const constant = new Constant([sets, coefficients.length / sets], Float64Array.from(coefficients));
    return builder.add('polynomial', [x], { basis, coefficients: constant, center: 0.5, halfWidth: 2 }, []);
  });
}

function merged(module: TensorModule): TensorModule {
  return new PassManager([]).run(mergeLinear, module, {});
}

describe('round trips', () => {
  test.each(exampleModels)('$name comes back the same', async ({ name }) => {
    const model = imported(modelBytes(name));
    const module = await expectRoundTrip(model.module, model, networkSamples(model.module, 3, 1));
    expect(printModule(module).text).toBe(printModule({ ...model.module, name: module.name }).text);
  });

  const folder = new URL('../../models/', import.meta.url);
  const models = readdirSync(folder).filter((name) => name.endsWith('.onnx'));
  test.each(models)('%s, as it is and with linear ops merged', async (name) => {
    const model = imported(readFileSync(new URL(name, folder)));
    // onnxruntime quantises the samples of a batch by one scale where that is dynamic, which is not their own.
    const batch = model.module.nodes.some((node) => node.op === 'quantize' && node.attrs.steps === 'dynamic') ? 1 : 3;
    const samples = networkSamples(model.module, batch, 1);
    await expectRoundTrip(model.module, model, samples);
    await expectRoundTrip(merged(model.module), model, samples);
  });

  test('random networks, with and without axes of samples', async () => {
    await fc.assert(
      fc.asyncProperty(
        arbitraryNetwork,
        fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
        async (module, axes) => {
          const hasBatchAxis = (name: string) => axes[Number(name.slice(1))] ?? true;
          const samples = networkSamples(module, 2, 7);
          await expectRoundTrip(module, interfaceOf(module, hasBatchAxis), samples.slice(0, 1));
          await expectRoundTrip(module, interfaceOf(module), samples);
        },
      ),
      { numRuns: casesOf({ normal: 18, nightly: 60 }) },
    );
  }, 120_000);

  const parameters: Partial<Record<(typeof activationKinds)[number], number[]>> = {
    'leaky-relu': [0.1],
    prelu: [0.25, -0.5],
    elu: [1.5],
    clip: [-0.5, 0.75],
    'hard-sigmoid': [0.25, 0.5],
  };
  // The functions after these are the client's where they read an input, as in such a network.
  const kinds = activationKinds.slice(0, activationKinds.indexOf('clip') + 1);
  test.each(kinds)('the activation %s', async (kind) => {
    const attrs = { kind, parameters: parameters[kind] ?? [] };
    const module = moduleOf([2, 3], (builder, x) => builder.add('activation', [x], attrs, []));
    const back = await expectRoundTrip(module, interfaceOf(module), networkSamples(module, 3, 1));
    // All but one are operators, or groups of operators that the importer knows.
    if (kind !== 'gelu-tanh') expect(back.nodes.map(({ op }) => op)).toEqual(['input', 'activation', 'output']);
  });

  test('a clip without an upper bound', async () => {
    const attrs = { kind: 'clip', parameters: [0.25, Number.MAX_VALUE] } as const;
    const module = moduleOf([4], (builder, x) =>
      builder.add('activation', [x], { ...attrs, parameters: [...attrs.parameters] }, []),
    );
    const back = await expectRoundTrip(module, interfaceOf(module), networkSamples(module, 2, 1));
    expect(back.nodes[1]?.attrs).toEqual(attrs);
  });

  test.each([
    ['of degree 0', polynomialOf('power', 1, [0.5])],
    ['of degree 1', polynomialOf('chebyshev', 2, [0.5, 1, 2, 0.25])],
    ['a quadratic', polynomialOf('power', 2, [1, -2, 0.5, 0.25, 3, 2])],
    ['a cubic', polynomialOf('power', 1, [0, 0.5, 0, 0.25])],
    ['a Chebyshev series', polynomialOf('chebyshev', 2, [1, 0, -2, 0.5, 0.25, 0, 1, 0.5, 0, 0.125])],
  ])('polynomials: %s', async (_, module) => {
    await expectRoundTrip(module, interfaceOf(module), networkSamples(module, 3, 1));
  });

  test('a quadratic takes one product, and nothing between it and linear ops', async () => {
    const module = polynomialOf('power', 1, [1, -2, 0.5]);
    const back = merged(await expectRoundTrip(module, interfaceOf(module), networkSamples(module, 3, 1)));
    expect(back.nodes.filter(({ op }) => op === 'multiply' || op === 'polynomial')).toHaveLength(1);
  });

  test('a sparse layer with an empty row', async () => {
    const attrs = {
      starts: indexConstant([3], [0, 3, 3]),
      columns: indexConstant([3], [0, 1, 2]),
      values: vector([0.5, -0.25, 0.75]),
      bias: vector([0.5, -0.5]),
      shape: [1, 2],
    };
    const module = moduleOf([3], (builder, x) => builder.add('sparse', [x], attrs, []));
    await expectRoundTrip(module, interfaceOf(module), networkSamples(module, 3, 1));
  });

  test('an output that the client puts together', async () => {
    const builder = new TensorBuilder();
    const x = builder.add('input', [], { name: 'x', shape: [3] }, []);
    const y = builder.add('multiply', [x, x], {}, []);
    const index = indexConstant([2, 2], [2, -1, 0, 2]);
    builder.add(
      'output',
      [y],
      { name: 'y', index, constants: new Constant([2, 2], Float64Array.of(9, 0.5, 9, 9)) },
      [],
    );
    builder.add('output', [y], { name: 'z', index }, []);
    const module = builder.build('client');
    await expectRoundTrip(module, interfaceOf(module), networkSamples(module, 3, 1));
  });
});

describe('what is written', () => {
  test('has the names of the model, its metadata, and weights that are zero', async () => {
    const random = seededRandom(1);
    const weights = Float64Array.from({ length: 6 }, (_, i) => (i % 2 === 0 ? 0 : Math.fround(random.uniform())));
    const layer = (pruned?: Constant) =>
      moduleOf([3], (builder, x) => {
        const origins = [{ name: 'fc', opType: 'Gemm', output: 'hidden' }];
        const attrs = { weights: new Constant([2, 3], weights), bias: vector([1, 2]) };
        const y = builder.add('dense', [x], pruned === undefined ? attrs : { ...attrs, pruned }, origins);
        return builder.add('multiply', [y, y], {}, [{ name: '', opType: 'Mul', output: '' }]);
      });
    const io = interfaceOf(layer());
    const bytes = exportModule(layer(), io, new Map([['hepc.scheme', 'P4E']]));
    expect(
      exportModule(layer(new Constant([2, 3], new Float64Array(6).fill(7))), io, new Map([['hepc.scheme', 'P4E']])),
    ).toEqual(bytes);
    const { module, metadata, opsets } = imported(bytes);
    expect(opsets.get('')).toBe(17);
    expect(metadata).toEqual(new Map([['hepc.scheme', 'P4E']]));
    expect(module.nodes[1]).toMatchObject({ op: 'dense', origins: [{ name: 'fc', opType: 'Gemm', output: 'hidden' }] });
    expect(module.nodes[1]?.attrs).toEqual({ weights: new Constant([2, 3], weights), bias: vector([1, 2]) });
    await expectRoundTrip(layer(), io, networkSamples(layer(), 2, 1));
  });

  test('is refused where a sparse layer would be too large', () => {
    const n = 5000;
    const module = moduleOf([n], (builder, x) => {
      const attrs = {
        starts: indexConstant([n + 1], new Int32Array(n + 1)),
        columns: indexConstant([0], []),
        values: vector([]),
        bias: vector(new Float64Array(n)),
        shape: [n],
      };
      return builder.add('sparse', [x], attrs, [{ name: 'up', opType: 'ConvTranspose', output: 'up:0' }]);
    });
    expect(elementCount([n, n])).toBeGreaterThan(2 ** 24);
    expect(() => exportModule(module, interfaceOf(module))).toThrow(/H369.*node "up"/);
  });
});

test('inputs and outputs with the axis of samples inside', async () => {
  const found = recurrentCases.find(({ name }) => name.includes('batch second'));
  if (found === undefined) throw new Error('there is no such case');
  const { module, inputs, outputs } = imported(model(found.spec));
  expect(inputs.map(({ batchAxis }) => batchAxis)).toEqual([1, 1, 1]);
  const random = seededRandom(1);
  const draw = (count: number) => Float64Array.from({ length: count }, () => random.uniform());
  const samples = [0, 1, 2].map(() => new Map(inputs.map(({ name, shape }) => [name, draw(elementCount(shape))])));
  await expectRoundTrip(module, { inputs, outputs }, samples);
});

test('an output with the axis of samples inside', async () => {
  const { module, inputs, outputs } = imported(model(torchRecurrent('RNN', 'bidirectional').spec));
  expect(outputs.map(({ batchAxis }) => batchAxis)).toEqual([undefined, 1]);
  const random = seededRandom(1);
  const samples = [0, 1, 2].map(
    () =>
      new Map(
        inputs.map(({ name, shape }) => [
          name,
          Float64Array.from({ length: elementCount(shape) }, () => random.uniform()),
        ]),
      ),
  );
  await expectRoundTrip(module, { inputs, outputs }, samples);
});
