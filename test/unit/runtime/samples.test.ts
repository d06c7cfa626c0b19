import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type NdArray, readNpy, writeNpy } from '../../../runtime/format/npy.ts';
import { readNpz, writeNpz } from '../../../runtime/format/npz.ts';
import { encodeOutputs, limitSamples, loadSamples } from '../../../runtime/samples.ts';
import type { Port } from '../../../ir/interface.ts';
import { codesOf, messageOf } from './format/errors.ts';
import { damaged } from './format/mutations.ts';
import { numpyFile } from './format/numpy-fixtures.ts';

const batched: Port = { name: 'image', shape: [2, 2], hasBatchAxis: true };
const fixedOne: Port = { name: 'image', shape: [1, 4], hasBatchAxis: false };
const second: Port = { name: 'mask', shape: [3], hasBatchAxis: true };

function array(shape: readonly number[], first = 0): NdArray {
  const length = shape.reduce((product, size) => product * size, 1);
  return { dtype: 'f4', shape, data: Float32Array.from({ length }, (_, i) => first + i) };
}

function labels(...values: number[]): NdArray {
  return { dtype: 'i4', shape: [values.length], data: Int32Array.from(values) };
}

function npz(arrays: Record<string, NdArray>): Uint8Array {
  return writeNpz(new Map(Object.entries(arrays)));
}

function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

describe('loadSamples', () => {
  it.each<[string, Port, readonly number[], number]>([
    ['the shape of one sample', batched, [2, 2], 1],
    ['a leading axis for a dynamic first axis', batched, [5, 2, 2], 5],
    ['a leading axis of length 1', batched, [1, 2, 2], 1],
    ['the shape of one sample with a static first dimension', fixedOne, [1, 4], 1],
    ['one axis more than a static first dimension', fixedOne, [5, 1, 4], 5],
    ['a vector for a scalar input', { name: 's', shape: [], hasBatchAxis: true }, [5], 5],
    ['a scalar for a scalar input', { name: 's', shape: [], hasBatchAxis: false }, [], 1],
  ])('takes %s', (_, spec, shape, count) => {
    const samples = loadSamples(writeNpy(array(shape)), 'a.npy', [spec]);
    const size = spec.shape.reduce((product, n) => product * n, 1);
    expect(samples).toEqual({
      count,
      inputs: new Map([
        [
          spec.name,
          Array.from({ length: count }, (_, i) => Float64Array.from({ length: size }, (_, j) => i * size + j)),
        ],
      ]),
    });
  });

  it.each<[Port, readonly number[], string]>([
    [batched, [5, 4], 'has shape [5, 4]; expected [2, 2] for one sample or [n, 2, 2] for n samples'],
    [batched, [5, 1, 2, 2], 'reshape the array to [5, 2, 2]'],
    [{ ...second, batchAxis: 1 }, [5, 3], 'expected [3] for one sample or [3, n] for n samples'],
    [fixedOne, [5, 4], 'The first dimension of this model input is fixed at 1'],
    [fixedOne, [5, 4], 'reshape the array to [5, 1, 4]'],
    [batched, [], 'has shape []'],
  ])('refuses for %o the shape %j (H407)', (spec, shape, text) => {
    const run = (): unknown => loadSamples(writeNpy(array(shape)), 'a.npy', [spec]);
    expect(codesOf(run)).toEqual(['H407']);
    expect(messageOf(run)).toContain(text);
  });

  it('matches arrays by name, takes y for labels and ignores the rest', () => {
    const file = npz({ mask: array([2, 3]), other: array([9]), image: array([2, 2, 2]), y: labels(3, -1) });
    const samples = loadSamples(file, 'a.npz', [batched, second]);
    expect([...samples.inputs.keys()]).toEqual(['image', 'mask']);
    expect(samples.inputs.get('mask')).toEqual([Float64Array.of(0, 1, 2), Float64Array.of(3, 4, 5)]);
    expect(samples.labels).toEqual([3, -1]);
  });

  it('takes x for a single input, unless an array has its name', () => {
    const named = npz({ x: array([9, 9]), image: array([2, 2], 10) });
    expect(loadSamples(named, 'a.npz', [batched]).inputs.get('image')).toEqual([Float64Array.of(10, 11, 12, 13)]);
    expect(loadSamples(npz({ x: array([2, 2]) }), 'a.npz', [batched]).count).toBe(1);
    expect(codesOf(() => loadSamples(npz({ x: array([2, 2]), mask: array([3]) }), 'a.npz', [batched, second]))).toEqual(
      ['H408'],
    );
  });

  it('takes y for an input that has that name', () => {
    const samples = loadSamples(npz({ y: array([2, 3]) }), 'a.npz', [{ ...second, name: 'y' }]);
    expect(samples.labels).toBeUndefined();
    expect(samples.count).toBe(2);
  });

  it('goes by content, not by name', () => {
    expect(loadSamples(npz({ image: array([2, 2]) }), 'a.npy', [batched]).count).toBe(1);
    expect(
      loadSamples(
        json([
          [1, 2],
          [3, 4],
        ]),
        'a.npz',
        [batched],
      ).count,
    ).toBe(1);
  });

  it('reads JSON lists and objects by the same rule', () => {
    expect(
      loadSamples(
        json([
          [
            [1, 2],
            [3, 4.5],
          ],
        ]),
        'a.json',
        [batched],
      ).inputs.get('image'),
    ).toEqual([Float64Array.of(1, 2, 3, 4.5)]);
    const samples = loadSamples(
      json({
        mask: [[1, 2, 3]],
        image: [
          [1, 2],
          [3, 4],
        ],
        y: [7],
        note: 'hi',
      }),
      'a.json',
      [batched, second],
    );
    expect(samples.count).toBe(1);
    expect(samples.labels).toEqual([7]);
  });

  it.each<[unknown, string]>([
    [[[1, 2], [3]], 'the element at [1] has length 1'],
    [
      [
        [1, 2],
        [3, null],
      ],
      'the element at [1][1] is null instead of a number',
    ],
    [[[1, 2], 3], 'the element at [1] is a number instead of a list'],
    [
      [
        [1, 2],
        [3, [4]],
      ],
      'the element at [1][1] is a list instead of a number',
    ],
    [['1'], 'the element at [0] is a string instead of a number'],
  ])('refuses the JSON %j (H406)', (value, text) => {
    const run = (): unknown => loadSamples(json(value), 'a.json', [batched]);
    expect(codesOf(run)).toEqual(['H406']);
    expect(messageOf(run)).toContain(text);
  });

  it.each(['[[1, 2], [3, 4]', '{"image": NaN}', '[1,]', `${'['.repeat(1000)}1${']'.repeat(1000)}`, '["\xff"]'])(
    'refuses the text %j as JSON (H406)',
    (text) => {
      expect(codesOf(() => loadSamples(Buffer.from(text, 'latin1'), 'a.json', [batched]))).toEqual(['H406']);
    },
  );

  it('refuses files of another format (H401)', () => {
    expect(messageOf(() => loadSamples(new Uint8Array(0), 'a.npy', [batched]))).toContain(
      'error[H401] a.npy: the file is empty',
    );
    expect(codesOf(() => loadSamples(Buffer.from('a letter'), 'a.txt', [batched]))).toEqual(['H401']);
  });

  it('refuses one array for several inputs (H409)', () => {
    expect(codesOf(() => loadSamples(writeNpy(array([2, 2])), 'a.npy', [batched, second]))).toEqual(['H409']);
    expect(
      codesOf(() =>
        loadSamples(
          json([
            [1, 2],
            [3, 4],
          ]),
          'a.json',
          [batched, second],
        ),
      ),
    ).toEqual(['H409']);
  });

  it('names the arrays of the file when one is missing (H408)', () => {
    expect(messageOf(() => loadSamples(npz({ a: array([1]), b: array([1]) }), 'a.npz', [batched]))).toBe(
      'error[H408] a.npz: there is no array for model input "image"; the file has "a", "b"\n  help: Name the array "image" or "x".',
    );
  });

  it.each([NaN, Infinity, -Infinity])('refuses %d, with its index (H410)', (value) => {
    const bad = array([3, 2, 2]);
    bad.data[9] = value;
    expect(messageOf(() => loadSamples(npz({ x: bad }), 'a.npz', [batched]))).toContain(
      `error[H410] a.npz, x: array "x" at [2, 0, 1] is ${value}`,
    );
    expect(codesOf(() => loadSamples(Buffer.from('[[0, 0], [0, 1e999]]'), 'a.json', [batched]))).toEqual(['H410']);
  });

  it.each(['complex', 'text'] as const)('refuses %s (H404)', (name) => {
    expect(codesOf(() => loadSamples(numpyFile(name), 'a.npy', [batched]))).toEqual(['H404']);
  });

  it('reads booleans as zeros and ones', () => {
    const booleans = writeNpy({ dtype: 'b1', shape: [2, 2], data: Uint8Array.of(1, 0, 0, 1) });
    expect(loadSamples(booleans, 'a.npy', [batched]).inputs.get('image')).toEqual([Float64Array.of(1, 0, 0, 1)]);
  });

  it('reads 64-bit integers', () => {
    const data = BigInt64Array.of(-1n, 2n, 3n, 1n << 40n);
    const samples = loadSamples(writeNpy({ dtype: 'i8', shape: [2, 2], data }), 'a.npy', [batched]);
    expect(samples.inputs.get('image')).toEqual([Float64Array.of(-1, 2, 3, 2 ** 40)]);
  });

  it('refuses different numbers of samples (H411) and none at all (H412)', () => {
    const run = (): unknown =>
      loadSamples(npz({ image: array([2, 2, 2]), mask: array([3, 3]), y: labels(1) }), 'a.npz', [batched, second]);
    expect(codesOf(run)).toEqual(['H411']);
    expect(messageOf(run)).toContain('"image" has 2, "mask" has 3, "y" has 1');
    expect(codesOf(() => loadSamples(writeNpy(array([0, 2, 2])), 'a.npy', [batched]))).toEqual(['H412']);
  });

  it.each<[NdArray, string]>([
    [array([1, 10]), 'its shape is [1, 10]'],
    [{ dtype: 'f8', shape: [1], data: Float64Array.of(0.5) }, 'label 0 is 0.5'],
    [{ dtype: 'b1', shape: [1], data: Uint8Array.of(1) }, 'it holds booleans'],
    [{ dtype: 'u8', shape: [1], data: BigUint64Array.of(1n << 60n) }, 'label 0 is'],
  ])('refuses the labels %o (H413)', (y, text) => {
    const run = (): unknown => loadSamples(npz({ image: array([2, 2]), y }), 'a.npz', [batched]);
    expect(codesOf(run)).toEqual(['H413']);
    expect(messageOf(run)).toContain(text);
  });

  it('reports every array that is wrong', () => {
    const file = npz({ image: array([3]), mask: array([0, 3]), y: array([1, 1]) });
    expect(codesOf(() => loadSamples(file, 'a.npz', [batched, second]))).toEqual(['H407', 'H412', 'H413']);
  });

  it('refuses more samples than fit (H414)', () => {
    const shape = [2 ** 22 + 1];
    const y = { dtype: 'u1', shape, data: new Uint8Array(2 ** 22 + 1) } as const;
    expect(codesOf(() => loadSamples(writeNpy(y), 'a.npy', [{ name: 's', shape: [], hasBatchAxis: true }]))).toEqual([
      'H414',
    ]);
  });

  it('loads the MNIST examples', () => {
    const bytes = readFileSync(new URL('../../../examples/models/mnist-test256.npz', import.meta.url));
    const samples = loadSamples(bytes, 'mnist-test256.npz', [
      { name: 'input', shape: [1, 28, 28], hasBatchAxis: true },
    ]);
    expect(samples.count).toBe(256);
    const images = samples.inputs.get('input') ?? [];
    expect(images.map((image) => image.length)).toEqual(Array<number>(256).fill(784));
    expect(images.every((image) => image.every((pixel) => pixel >= 0 && pixel <= 1))).toBe(true);
    expect(new Set(samples.labels)).toEqual(new Set([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]));
  });

  it('meets damaged files with diagnostics only', () => {
    const files = [
      writeNpy(array([2, 2, 2])),
      npz({ x: array([2, 2, 2]), y: labels(1, 2) }),
      json([
        [1, 2.5],
        [-3e4, 4],
      ]),
      json({
        image: [
          [
            [1, 2],
            [3, 4],
          ],
        ],
        y: [3],
      }),
      numpyFile('savezCompressed'),
    ];
    fc.assert(
      fc.property(damaged(files), (file) => {
        for (const code of codesOf(() => loadSamples(file, 'a', [batched]))) expect(code).toMatch(/^H4/);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('limitSamples', () => {
  const samples = loadSamples(npz({ x: array([3, 2, 2]), y: labels(5, 6, 7) }), 'a.npz', [batched]);

  it('keeps the first samples and their labels', () => {
    const two = limitSamples(samples, 2);
    expect(two.count).toBe(2);
    expect(two.inputs.get('image')).toEqual(samples.inputs.get('image')?.slice(0, 2));
    expect(two.labels).toEqual([5, 6]);
  });

  it('keeps all where there are fewer', () => {
    expect(limitSamples(samples, 10)).toEqual(samples);
  });
});

describe('encodeOutputs', () => {
  const scores = { name: '/fc/Gemm_output_0', shape: [2, 3], data: Float64Array.of(1, 2, 3, 4, 5, 6) };
  const flags = { name: 'flags', shape: [2], data: Float64Array.of(0.5, 0.25) };

  it('writes one output as npy', () => {
    expect(readNpy(encodeOutputs([scores]))).toEqual({ dtype: 'f8', shape: [2, 3], data: scores.data });
  });

  it('writes several as npz by name', () => {
    const arrays = readNpz(encodeOutputs([scores, flags]), { maxEntries: 2, maxTotalBytes: 1000, allowDeflate: false });
    expect([...arrays]).toEqual([
      ['/fc/Gemm_output_0', { dtype: 'f8', shape: [2, 3], data: scores.data }],
      ['flags', { dtype: 'f8', shape: [2], data: flags.data }],
    ]);
  });
});
