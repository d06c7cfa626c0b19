/** Samples as training sees them: what is held out, that labels stay with their samples, and what is refused. */
import { describe, expect, test } from 'vitest';

import { HepcError } from '../../../ir/diagnostics/diagnostic.ts';
import { type LabelledSamples, type TrainingSet, trainingSet } from '../../../pruning/training-set.ts';
import { denseChain, residual } from '../../support/tiny-networks.ts';
import { TensorBuilder, type TensorModule } from '../../../ir/tensor/ops.ts';

const module = denseChain([2, 20, 5]);

/** Sample k is [k, 2 k] and has the label k mod 5. */
function numbered(from: number, count: number, labelled = true): LabelledSamples {
  const numbers = Array.from({ length: count }, (_, k) => from + k);
  return {
    samples: numbers.map((k) => new Map([['x', Float64Array.of(k, 2 * k)]])),
    ...(labelled && { labels: numbers.map((k) => k % 5) }),
  };
}

const numbersIn = ({ inputs }: TrainingSet['training']): number[] => [...inputs].filter((_, i) => i % 2 === 0);
const ascending = (numbers: number[]): number[] => numbers.toSorted((a, b) => a - b);
const upTo = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, k) => from + k);

describe('without held-out samples', () => {
  test('a fifth of the samples is held out, and every sample is in one part with its label', () => {
    const { training, heldOut } = trainingSet(module, numbered(0, 50), undefined, 1);
    expect([training.count, heldOut.count]).toEqual([40, 10]);
    expect(ascending([...numbersIn(training), ...numbersIn(heldOut)])).toEqual(upTo(0, 50));
    for (const part of [training, heldOut]) {
      expect([...part.inputs].filter((_, i) => i % 2 === 1)).toEqual(numbersIn(part).map((k) => 2 * k));
      expect([...(part.labels ?? [])]).toEqual(numbersIn(part).map((k) => k % 5));
    }
  });

  test('the seed says which, and nothing else does', () => {
    const held = (seed: number) => numbersIn(trainingSet(module, numbered(0, 50), undefined, seed).heldOut);
    expect(held(1)).toEqual(held(1));
    expect(held(1)).not.toEqual(held(2));
  });

  test('what closed forms see is of the training samples', () => {
    const { training, few, fewLabels } = trainingSet(module, numbered(0, 2000), undefined, 1);
    expect(few).toHaveLength(1024);
    const numbers = few.map((sample) => sample.get('x')?.[0] ?? NaN);
    expect(new Set(numbersIn(training))).toEqual(new Set([...numbersIn(training), ...numbers]));
    expect([...(fewLabels ?? [])]).toEqual(numbers.map((k) => k % 5));
  });
});

test('held-out samples that are given are those, in their order, and all others train', () => {
  const { training, heldOut } = trainingSet(module, numbered(0, 30), numbered(100, 7), 1);
  expect(ascending(numbersIn(training))).toEqual(upTo(0, 30));
  expect(numbersIn(heldOut)).toEqual(upTo(100, 107));
  expect([...(heldOut.labels ?? [])]).toEqual([0, 1, 2, 3, 4, 0, 1]);
});

test('without labels there are none', () => {
  const { training, heldOut, fewLabels } = trainingSet(module, numbered(0, 30, false), numbered(100, 7, false), 1);
  expect([training.labels, heldOut.labels, fewLabels]).toEqual([undefined, undefined, undefined]);
});

function twoInputs(): TensorModule {
  const builder = new TensorBuilder();
  const add = (name: string) => builder.add('input', [], { name, shape: [2] }, []);
  builder.add('output', [builder.add('add', [add('x'), add('z')], {}, [])], { name: 'y' }, []);
  return builder.build('two inputs');
}

const withSample = (sample: ReadonlyMap<string, Float64Array>): LabelledSamples => {
  const { samples, labels } = numbered(0, 30);
  return { labels, samples: samples.map((each, k) => (k === 3 ? sample : each)) };
};
const withLabels = (labels: readonly number[]): LabelledSamples => ({ ...numbered(0, 30), labels });
const good = numbered(0, 30);

test.each([
  ['several inputs', 'H370', twoInputs(), good, undefined],
  ['an input that is missing', 'H620', module, withSample(new Map()), undefined],
  ['values of another number', 'H621', module, withSample(new Map([['x', Float64Array.of(1)]])), undefined],
  ['values that are not finite', 'H410', module, withSample(new Map([['x', Float64Array.of(1, NaN)]])), undefined],
  ['held-out values that are not finite', 'H410', module, good, withSample(new Map([['x', Float64Array.of(NaN, 1)]]))],
  ['no held-out samples', 'H374', module, good, { samples: [], labels: [] }],
  ['a label beyond the outputs', 'H371', module, withLabels(good.labels?.map((k) => k + 1) ?? []), undefined],
  ['a label that is no integer', 'H371', module, withLabels(good.labels?.map((k) => k / 2) ?? []), undefined],
  ['too few labels', 'H377', module, withLabels([0, 1]), undefined],
  ['labels of the training samples only', 'H376', module, good, numbered(0, 5, false)],
  ['labels of the held-out samples only', 'H376', module, numbered(0, 30, false), numbered(0, 5)],
] as const)('%s: %s', (_, code, network, data, heldOut) => {
  let error: unknown;
  try {
    trainingSet(network, data, heldOut, 1);
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(HepcError);
  expect(error instanceof HepcError && error.diagnostics.map((diagnostic) => diagnostic.code)).toEqual([code]);
});

test('a residual network has one input, whatever its branches', () => {
  const set = trainingSet(residual(2, 20, 5), numbered(0, 30), undefined, 1);
  expect(set.training.inputs).toHaveLength(48);
});
