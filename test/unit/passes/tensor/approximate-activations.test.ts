import { describe, expect, test } from 'vitest';

import { measureAccuracy } from '../../../../cli/answers/accuracy.ts';
import { Constant, elementCount } from '../../../../ir/constant.ts';
import type { Diagnostic } from '../../../../ir/diagnostics/diagnostic.ts';
import { evaluateTensor } from '../../../../ir/interpret/tensor.ts';
import type { ValueId } from '../../../../ir/op.ts';
import { seededRandom } from '../../../../ir/random.ts';
import { TensorBuilder, type TensorModule, type TensorNodeNamed } from '../../../../ir/tensor/ops.ts';
import { verify } from '../../../../ir/verify.ts';
import { approximateActivations } from '../../../../passes/tensor/approximate-activations.ts';
import type { Sample } from '../../../../ir/interface.ts';
import { randomVector } from '../../ir/tensor/arbitraries.ts';

type Attrs = TensorNodeNamed<'activation'>['attrs'];

const random = seededRandom(3);
const dense = (b: TensorBuilder, x: ValueId, rows: number) => {
  const columns = elementCount(b.typeOf(x));
  const weights = new Constant([rows, columns], randomVector(random, rows * columns));
  return b.add('dense', [x], { weights, bias: new Constant([rows], randomVector(random, rows)) }, []);
};

/** dense → activation → dense → activation → dense. */
function network(attrs: Attrs): TensorModule {
  const b = new TensorBuilder();
  const x = b.add('input', [], { name: 'x', shape: [8] }, []);
  const first = b.add('activation', [dense(b, x, 12)], attrs, [{ name: 'first', opType: 'Act', output: 'a' }]);
  const second = b.add('activation', [dense(b, first, 12)], attrs, [{ name: 'second', opType: 'Act', output: 'b' }]);
  b.add('output', [dense(b, second, 3)], { name: 'y' }, []);
  return b.build('network');
}

function samplesOf(size: number, count = 100, seed = 8): Sample[] {
  const source = seededRandom(seed);
  return Array.from({ length: count }, () => new Map([['x', randomVector(source, size)]]));
}

type Options = Parameters<typeof approximateActivations.options.parse>[0];

function run(module: TensorModule, samples: readonly Sample[], given: Options = {}) {
  const reported: Diagnostic[] = [];
  const options = approximateActivations.options.parse(given);
  const context = { samples, report: (diagnostic: Diagnostic) => reported.push(diagnostic) };
  const result = approximateActivations.run(module, options, context);
  expect(verify(result.module)).toEqual([]);
  return { ...result, reported };
}

/** As `hepc verify` reports it, so that one `maxError` means the same everywhere. */
function outputError(exact: TensorModule, approximate: TensorModule, samples: readonly Sample[]): number {
  const outputsOf = (module: TensorModule) => samples.map((sample) => evaluateTensor(module, sample));
  return measureAccuracy(outputsOf(approximate), outputsOf(exact)).maxError;
}

const polynomials = (module: TensorModule) => module.nodes.filter((node) => node.op === 'polynomial');

describe('replacement', () => {
  test.each([
    ['tanh', [], 0.01],
    ['sigmoid', [], 0.001],
    ['gelu', [], 0.001],
    ['silu', [], 0.001],
    ['relu', [], 0.1],
    ['prelu', [0.25], 0.1],
  ] as const)('%s keeps to half of the error', (kind, parameters, maxError) => {
    const module = network({ kind, parameters: [...parameters] });
    const samples = samplesOf(8);
    const { module: result, reported, statistics } = run(module, samples, { maxError });
    expect(reported).toEqual([]);
    expect(polynomials(result).length).toBe(2);
    const error = outputError(module, result, samples);
    expect(error).toBeLessThanOrEqual(maxError / 2);
    expect(error).toBeCloseTo(statistics['error'] ?? 0, 9);
    expect(outputError(module, result, samplesOf(8, 50, 99))).toBeLessThan(maxError);
    // An odd count has one sample in the middle, an even one two.
    const odd = samples.slice(1);
    expect(outputError(module, run(module, odd, { maxError }).module, odd)).toBeLessThanOrEqual(maxError / 2);
  });

  test('a larger error is met with lower degrees', () => {
    const module = network({ kind: 'silu', parameters: [] });
    const degrees = [0.2, 0.01, 0.0001].map((maxError) => run(module, samplesOf(8), { maxError }).statistics['degree']);
    expect(degrees).toEqual([...degrees].sort((a = 0, b = 0) => a - b));
    expect(degrees[0]).toBeLessThan(degrees[2] ?? 0);
  });

  test('auto needs no higher degree than either criterion', () => {
    const module = network({ kind: 'gelu', parameters: [] });
    const degree = (criterion: 'auto' | 'minimax' | 'least-squares') =>
      run(module, samplesOf(8), { criterion, maxError: 0.002 }).statistics['degree'] ?? 0;
    expect(degree('auto')).toBeLessThanOrEqual(Math.min(degree('minimax'), degree('least-squares')));
  });

  test('the range is the measured one and the margin', () => {
    const b = new TensorBuilder();
    const x = b.add('input', [], { name: 'x', shape: [2] }, []);
    b.add('output', [b.add('activation', [x], { kind: 'tanh', parameters: [] }, [])], { name: 'y' }, []);
    const samples = [new Map([['x', Float64Array.of(-1, 3)]]), new Map([['x', Float64Array.of(0, 2)]])];
    const [node] = polynomials(run(b.build('m'), samples, { margin: 0.25 }).module);
    expect(node?.op === 'polynomial' && [node.attrs.center, node.attrs.halfWidth]).toEqual([1, 3]);
  });

  test('each slope of a prelu has its own coefficients', () => {
    const b = new TensorBuilder();
    const x = b.add('input', [], { name: 'x', shape: [2, 4] }, []);
    const attrs: Attrs = { kind: 'prelu', parameters: [0.5, 1] };
    b.add('output', [b.add('activation', [x], attrs, [])], { name: 'y' }, []);
    const module = b.build('m');
    const { module: result } = run(module, samplesOf(8), { maxError: 0.2 });
    const [node] = polynomials(result);
    expect(node?.op === 'polynomial' && node.attrs.coefficients.shape[0]).toBe(2);
    expect(outputError(module, result, samplesOf(8))).toBeLessThanOrEqual(0.1);
    // A slope of one is the identity, whatever the polynomial of the other slope does.
    const [sample] = samplesOf(8);
    const values = sample?.get('x') ?? new Float64Array();
    const y = evaluateTensor(result, new Map([['x', values]])).get('y') ?? new Float64Array();
    for (let i = 4; i < 8; i++) expect(y[i]).toBeCloseTo(values[i] ?? Number.NaN, 9);
  });
});

describe('activations that are affine on their range', () => {
  const single = (attrs: Attrs, values: number[]) => {
    const b = new TensorBuilder();
    const x = b.add('input', [], { name: 'x', shape: [values.length] }, []);
    b.add('output', [b.add('activation', [x], attrs, [])], { name: 'y' }, []);
    const samples = [new Map([['x', Float64Array.from(values)]])];
    const module = b.build('m');
    const result = run(module, samples, { maxError: 0.5 });
    const want = evaluateTensor(module, samples[0] ?? new Map()).get('y') ?? new Float64Array();
    const got = evaluateTensor(result.module, samples[0] ?? new Map()).get('y');
    const error = Math.max(...want.map((v, i) => Math.abs(v - (got?.[i] ?? Number.NaN))));
    return { ...result, ops: result.module.nodes.map((node) => node.op), error };
  };
  test.each<[Attrs, number[]]>([
    [{ kind: 'relu', parameters: [] }, [1, 5]],
    [{ kind: 'relu', parameters: [] }, [-5, -1]],
    [{ kind: 'clip', parameters: [0, 6] }, [1, 5]],
    [{ kind: 'hard-sigmoid', parameters: [0.2, 0.5] }, [-2, 2]],
    [{ kind: 'leaky-relu', parameters: [0.1] }, [-3, -2]],
  ])('%j on %j', (attrs, values) => {
    const { ops, error, statistics } = single(attrs, values);
    expect(ops).toEqual(['input', 'scale-shift', 'output']);
    expect(error).toBeLessThan(1e-12);
    expect(statistics).toMatchObject({ replaced: 0, affine: 1 });
  });
  test('a relu of a relu', () => {
    expect(single({ kind: 'relu', parameters: [] }, [0, 0.5, 4]).ops).toContain('scale-shift');
  });
  test('not within the margin of a kink', () => {
    expect(single({ kind: 'relu', parameters: [] }, [0.01, 5]).ops).toContain('polynomial');
  });
});

describe('a layer that is constant on the samples is named', () => {
  const constantLayers: [Attrs, number, number][] = [
    [{ kind: 'relu', parameters: [] }, -5, 0],
    [{ kind: 'clip', parameters: [1, Infinity] }, -3, 0.5],
    [{ kind: 'hard-sigmoid', parameters: [0.2, 0.5] }, 4, 9],
  ];
  const others: [Attrs, number, number][] = [
    [{ kind: 'relu', parameters: [] }, -5, 0.01],
    [{ kind: 'clip', parameters: [1, 2] }, 1.2, 1.4],
    [{ kind: 'leaky-relu', parameters: [0.1] }, -3, -2],
  ];
  const codesOf = ([attrs, lo, hi]: [Attrs, number, number]) => {
    const b = new TensorBuilder();
    const x = b.add('input', [], { name: 'x', shape: [2] }, []);
    const act = b.add('activation', [x], attrs, [{ name: 'act', opType: 'Act', output: 'a' }]);
    b.add('output', [act], { name: 'y' }, []);
    const samples = [0, 0.3, 1].map((t) => new Map([['x', Float64Array.of(lo + t * (hi - lo), lo)]]));
    const { reported } = run(b.build('m'), samples, { maxError: 0.9 });
    return reported.map(({ code, severity, at }) => [code, severity, at.nodes?.[0]?.name]);
  };
  test.each(constantLayers)('%j on [%f, %f]', (...layer) => {
    expect(codesOf(layer)).toEqual([['H315', 'warning', 'act']]);
  });
  test.each(others)('but not %j on [%f, %f]', (...layer) => {
    expect(codesOf(layer)).toEqual([]);
  });
});

describe('what the user can mend', () => {
  const codes = ({ reported }: { reported: readonly Diagnostic[] }) => reported.map(({ code }) => code);
  test('no samples, or made-up ones', () => {
    const module = network({ kind: 'relu', parameters: [] });
    expect(codes(run(module, []))).toEqual(['H311']);
    expect(codes(run(module, samplesOf(8), { synthetic: true }))).toEqual(['H311']);
  });
  test('nothing to approximate needs no samples', () => {
    const b = new TensorBuilder();
    const x = b.add('input', [], { name: 'x', shape: [2] }, []);
    b.add('output', [x], { name: 'y' }, []);
    expect(codes(run(b.build('m'), [], { synthetic: true }))).toEqual([]);
  });
  test('values that are not finite', () => {
    const samples = [...samplesOf(8), new Map([['x', new Float64Array(8).fill(1e308)]])];
    const { reported } = run(network({ kind: 'relu', parameters: [] }), samples);
    expect(reported.map(({ code, message }) => [code, message.includes('sample 100')])).toEqual([['H312', true]]);
  });
  test('samples that are all alike', () => {
    const b = new TensorBuilder();
    const x = b.add('input', [], { name: 'x', shape: [2] }, []);
    const origin = { name: 'relu', opType: 'Relu', output: 'r' };
    b.add('output', [b.add('activation', [x], { kind: 'relu', parameters: [] }, [origin])], { name: 'y' }, []);
    const { reported } = run(b.build('m'), [new Map([['x', Float64Array.of(2, 2)]])]);
    expect(reported.map(({ code, at }) => [code, at.nodes])).toEqual([['H313', [origin]]]);
  });
  test('no degree is enough', () => {
    const { reported } = run(network({ kind: 'relu', parameters: [] }), samplesOf(8), { maxError: 1e-6 });
    expect(codes({ reported })).toEqual(['H314']);
    expect(reported[0]?.at.nodes?.[0]?.name).toMatch(/first|second/);
    expect(reported[0]?.message).toMatch(/degree 255 change the output by 0\.\d+%, they may by 0\.00005%/);
  });
});
