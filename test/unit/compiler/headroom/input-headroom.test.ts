/** Inputs beyond the calibrated range are refused, or answered as the model answers them. */
import { describe, expect, test } from 'vitest';

import { inputHeadroom } from '../../../../compiler/headroom/input-headroom.ts';
import { Trial } from '../../../../compiler/headroom/trial.ts';
import { settingsOf } from '../../../../compiler/settings.ts';
import { largestShare, type SimplifiedNetwork, simplify } from '../../../../compiler/simplify.ts';
import { Constant, vector } from '../../../../ir/constant.ts';
import type { ActivationKind } from '../../../../ir/interpret/activations.ts';
import { evaluateTensor } from '../../../../ir/interpret/tensor.ts';
import type { Sample } from '../../../../ir/interface.ts';
import { largestAbsolute } from '../../../../ir/maths/averages.ts';
import { activationKinds, TensorBuilder, type TensorModule } from '../../../../ir/tensor/ops.ts';
import { checkInputRange } from '../../../../runtime/base/codec.ts';
import { parametersOfKind } from '../../../support/activation-parameters.ts';
import { randomVector } from '../../../support/arbitrary-maps.ts';
import { floats, model, node } from '../../../support/onnx-builder.ts';
import { compileBytes, importModel, reference, runInTheClear } from '../../../support/run-plans.ts';
import { denseChain, graphOf, samplesOf } from '../../../support/tiny-networks.ts';
import {
  networkBytes,
  networkSamples,
  trainedNetworks,
  type TrainedNetwork,
} from '../../../support/trained-networks.ts';
import { isNightly } from '../../../support/setup/suite.ts';

const times = (sample: Sample, factor: number): Sample =>
  new Map([...sample].map(([name, values]) => [name, values.map((value) => factor * value)]));

function headroomOf({ exact, whole, samples, reference: { unit } }: SimplifiedNetwork, maxError: number): number[] {
  const facts = { exact, whole, samples, unit, allowedError: largestShare * maxError };
  return [...inputHeadroom(facts, new Trial(facts)).values()];
}

function trained(name: string): TrainedNetwork {
  const network = trainedNetworks.find((each) => each.name === name);
  if (network === undefined) throw new Error(`there is no ${name}`);
  return network;
}

const networks = ['batchnorm-relu', ...(isNightly ? ['ecg-1d'] : [])];

/** Errors as shares of the median largest output, or of the sample's own where that is larger. */
function expectWithin(got: readonly Sample[], expected: readonly Sample[], unit: number, maxError: number): void {
  for (const [k, sample] of expected.entries()) {
    for (const [name, values] of sample) {
      const allowed = maxError * Math.max(unit, largestAbsolute(values));
      values.forEach((value, i) => {
        expect(Math.abs(value - (got[k]?.get(name)?.[i] ?? NaN))).toBeLessThanOrEqual(allowed);
      });
    }
  }
}

describe.each(networks)('calibration samples of %s, amplified', (name) => {
  const network = trained(name);
  const bytes = networkBytes(network);
  const samples = networkSamples(network).slice(0, 96);
  const { maxError } = network;
  let simplified: SimplifiedNetwork;
  let bound: number;

  test('are in range unchanged, and a little beyond', () => {
    simplified = simplify(importModel(bytes), settingsOf({ samples, maxError }));
    const [headroom = NaN] = headroomOf(simplified, maxError);
    expect(headroom).toBeGreaterThan(1.04);
    expect(headroom).toBeLessThan(1.5);
    bound = headroom * Math.max(...samples.map((sample) => largestAbsolute(sample.get('input') ?? new Float64Array())));
  });

  test.each([1, 1.02, 1.1, 1.2, 1.3, 1.5, 2, 3, 7])('%f times are refused or answered', async (factor) => {
    const amplified = samples.map((sample) => times(sample, factor));
    const accepted = amplified.filter((sample) => largestAbsolute(sample.get('input') ?? new Float64Array()) <= bound);
    if (factor === 1) expect(accepted).toHaveLength(samples.length);
    const got = accepted.map((sample) => evaluateTensor(simplified.whole, sample));
    expectWithin(got, await reference(bytes, accepted), simplified.reference.unit, maxError);
  });
});

interface Compiled {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly samples: readonly Sample[];
  readonly maxError: number;
  /** About the median of the largest outputs. */
  readonly unit: number;
}

/** A ReLU between two dense layers. */
function smallNetwork(): Compiled {
  const bytes = model({
    inputs: { input: ['batch', 8] },
    nodes: [
      node('Gemm', 'input w b', 'hidden', { transB: 1 }),
      node('Relu', 'hidden', 'positive'),
      node('Gemm', 'positive v c', 'y', { transB: 1 }),
    ],
    initializers: {
      w: floats([6, 8], randomVector(48, 1)),
      b: floats([6], randomVector(6, 2)),
      v: floats([3, 6], randomVector(18, 3)),
      c: floats([3], randomVector(3, 4)),
    },
    outputs: ['y'],
  });
  const samples = Array.from({ length: 64 }, (_, k) => new Map([['input', randomVector(8, 100 + k)]]));
  return { name: 'two dense layers', bytes, samples, maxError: 0.05, unit: 1 };
}

function trainedNetwork(name: string): Compiled {
  const network = trained(name);
  const samples = networkSamples(network).slice(0, 64);
  return { name, bytes: networkBytes(network), samples, maxError: network.maxError, unit: 10 };
}

test.each([smallNetwork(), ...(isNightly ? networks.map(trainedNetwork) : [])])(
  'a plan of $name refuses what its activations were not fitted for, and answers the rest',
  async ({ bytes, samples, maxError, unit }) => {
    const { plan, warnings } = compileBytes(bytes, { samples, maxError });
    expect(warnings).toEqual([]);
    const [input] = plan.client.inputs;
    if (input === undefined) throw new Error('the plan has an input');
    const isAccepted = (sample: Sample): boolean => {
      const problems = checkInputRange(input, [sample.get('input') ?? new Float64Array()]);
      expect(problems.every(({ code }) => code === 'H510')).toBe(true);
      return problems.length === 0;
    };
    for (const factor of [1, 1.05, 1.5, 3, 7]) {
      const accepted = samples.map((sample) => times(sample, factor)).filter(isAccepted);
      if (factor === 1) expect(accepted).toHaveLength(samples.length);
      if (factor > 3) expect(accepted).toEqual([]);
      expectWithin(runInTheClear(plan, accepted), await reference(bytes, accepted), unit, maxError);
    }
  },
);

/** Numbers that bring a standard normal into the domain of a kind: factor and offset. */
const intoDomain: Partial<Readonly<Record<ActivationKind, readonly [number, number]>>> = {
  reciprocal: [1, 3.5],
  sqrt: [1, 3.5],
  rsqrt: [1, 3.5],
  power: [1, 3.5],
  log: [1, 3.5],
  acosh: [1, 4.5],
  asin: [0.3, 0],
  acos: [0.3, 0],
  atanh: [0.3, 0],
  tan: [0.3, 0],
};

test.each(activationKinds.flatMap((kind) => [0.05, 0.3].map((maxError) => [kind, maxError] as const)))(
  'inputs beyond what %s was fitted for within %f are refused',
  (kind, maxError) => {
    const builder = new TensorBuilder();
    const x = builder.add('input', [], { name: 'x', shape: [4] }, []);
    const [factor, offset] = intoDomain[kind] ?? [1, 0];
    const weights = new Constant([4, 4], randomVector(16, 3));
    const layer = builder.add('dense', [x], { weights, bias: vector([0, 0, 0, 0]) }, []);
    const seen = builder.add('scale-shift', [layer], { factors: vector([factor]), offsets: vector([offset]) }, []);
    const value = builder.add('activation', [seen], { kind, parameters: [...(parametersOfKind[kind] ?? [])] }, []);
    const last = { weights: new Constant([2, 4], randomVector(8, 5)), bias: vector([0.1, 0.2]) };
    builder.add('output', [builder.add('dense', [value], last, [])], { name: 'y' }, []);
    const samples = Array.from({ length: 48 }, (_, k) => new Map([['x', randomVector(4, 100 + k)]]));
    const network = simplify(graphOf(builder.build('function')), settingsOf({ samples, maxError }));
    const [headroom = NaN] = headroomOf(network, maxError);
    expect(headroom).toBeGreaterThan(1);
    expect(headroom).toBeLessThan(1.3);
  },
);

describe('without activations', () => {
  const bounds = (module: TensorModule): Record<string, number> => {
    const facts = { exact: module, whole: module, samples: samplesOf(module, 4), unit: 1, allowedError: 0.0085 };
    return Object.fromEntries(inputHeadroom(facts, new Trial({ ...facts, samples: [] })));
  };

  test('the degree decides, whatever it is', () => {
    expect(bounds(denseChain([4, 3]))).toEqual({ x: 8 });
    expect(bounds(denseChain([4, 3, 3, 3]))['x']).toBeCloseTo(8 ** (1 / 4), 12);
    expect(bounds(denseChain([4, ...Array.from({ length: 7 }, () => 2)]))['x']).toBeCloseTo(8 ** (1 / 64), 12);
  });

  test('inputs that are multiplied share the headroom', () => {
    const builder = new TensorBuilder();
    const [a = 0, b = 0, c = 0] = ['a', 'b', 'c'].map((name) => builder.add('input', [], { name, shape: [3] }, []));
    const product = builder.add('multiply', [a, b], {}, []);
    builder.add('output', [builder.add('multiply', [product, a], {}, [])], { name: 'y' }, []);
    builder.add('output', [c], { name: 'z' }, []);
    const { a: first, b: second, c: third } = bounds(builder.build('products'));
    expect(first).toBeCloseTo(2, 12);
    expect(second).toBeCloseTo(2, 12);
    expect(third).toBe(8);
  });
});

test('an activation that is affine on its range binds inputs as others do', () => {
  const builder = new TensorBuilder();
  const x = builder.add('input', [], { name: 'x', shape: [4] }, []);
  const offsets = { factors: vector([1, 1, 1, 1]), offsets: vector([2, 2, 2, 2]) };
  const positive = builder.add('scale-shift', [x], offsets, []);
  const rectified = builder.add('activation', [positive], { kind: 'relu', parameters: [] }, []);
  builder.add('output', [rectified], { name: 'y' }, []);
  const module = builder.build('affine');
  const samples = samplesOf(module, 16).map((sample) => times(sample, -1));
  const network = simplify(graphOf(module), settingsOf({ samples }));
  expect(network.whole.nodes.some(({ op }) => op === 'activation')).toBe(false);
  // x + 2 turns negative at twice the range.
  const [headroom = NaN] = headroomOf(network, 0.01);
  expect(headroom).toBeGreaterThan(1.5);
  expect(headroom).toBeLessThan(2.2);
});
