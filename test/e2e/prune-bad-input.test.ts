/** What `hepc prune` refuses: the exit code, what it says, and that it writes nothing. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { seededRandom } from '../../ir/random.ts';
import { type NdArray, writeNpy } from '../../runtime/format/npy.ts';
import { writeNpz } from '../../runtime/format/npz.ts';
import { type CliResult, denseModel, runCli } from '../support/cli.ts';
import { floats, model, node } from '../support/onnx-builder.ts';

const count = 40;

/** Samples of 16 elements, and labels of 4 classes. */
function samples({ width = 16, rows = count, edit = (data: Float64Array) => data } = {}): Float64Array {
  const random = seededRandom(5);
  const data = Float64Array.from({ length: rows * width }, () => random.uniform());
  edit(data);
  return data;
}

const x = (data: Float64Array, width = 16): NdArray => ({ dtype: 'f8', shape: [data.length / width, width], data });
const y = (label: (sample: number) => number): NdArray => ({
  dtype: 'i4',
  shape: [count],
  data: Int32Array.from({ length: count }, (_, k) => label(k)),
});

let folder: string;
const at = (name: string): string => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hepc-prune-'));
  const files: Readonly<Record<string, Uint8Array>> = {
    'm.onnx': denseModel(2),
    'x.npy': writeNpy(x(samples())),
    'wide.npy': writeNpy(x(samples({ width: 17 }), 17)),
    'nan.npy': writeNpy(x(samples({ edit: (data) => data.fill(NaN, 99, 100) }))),
    'infinite.npy': writeNpy(x(samples({ edit: (data) => data.fill(Infinity, 99, 100) }))),
    'few.npy': writeNpy(x(samples({ rows: 19 }))),
    'labelled.npz': writeNpz(
      new Map([
        ['x', x(samples())],
        ['y', y((k) => k % 4)],
      ]),
    ),
    'four.npz': writeNpz(
      new Map([
        ['x', x(samples())],
        ['y', y((k) => (k === 7 ? 4 : k % 4))],
      ]),
    ),
    'negative.npz': writeNpz(
      new Map([
        ['x', x(samples())],
        ['y', y((k) => (k === 9 ? -1 : k % 4))],
      ]),
    ),
    'no-weights.onnx': model({ inputs: { x: ['n', 16] }, outputs: ['y'], nodes: [node('Mul', 'x x', 'y')] }),
    'two-inputs.onnx': model({
      inputs: { x: ['n', 16], z: ['n', 16] },
      outputs: ['y'],
      nodes: [node('Add', 'x z', 's'), node('Gemm', 's w b', 'y')],
      initializers: { w: floats([16, 4], samples({ rows: 4 })), b: floats([4], new Float32Array(4)) },
    }),
    'both.npz': writeNpz(
      new Map([
        ['x', x(samples())],
        ['z', x(samples())],
      ]),
    ),
  };
  for (const [name, bytes] of Object.entries(files)) writeFileSync(at(name), bytes);
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

async function prune(...args: string[]): Promise<CliResult> {
  const options = args.map((arg) => (/\.(onnx|np[yz])$/.test(arg) ? at(arg) : arg));
  const [input = '', ...rest] = options;
  return runCli('prune', input, ...rest, '-o', at('out.onnx'), '-q', '--epochs', '0');
}

const half = ['--scheme', 'P2', '--sparsity', '0.5'];
const byX = ['m.onnx', '--data', 'x.npy'];

interface Refusal {
  readonly what: string;
  readonly args: readonly string[];
  readonly exitCode?: number;
  /** In what is said, in this order. */
  readonly says: readonly string[];
}

const refusals: readonly Refusal[] = [
  { what: 'samples of another shape', args: ['m.onnx', '--data', 'wide.npy', ...half], says: ['H407', '17', '16'] },
  { what: 'samples with NaN', args: ['m.onnx', '--data', 'nan.npy', ...half], says: ['H410', '[6, 3]'] },
  { what: 'infinite samples', args: ['m.onnx', '--data', 'infinite.npy', ...half], says: ['H410', '[6, 3]'] },
  { what: 'held-out samples with NaN', args: [...byX, '--held-out', 'nan.npy', ...half], says: ['H410', 'nan.npy'] },
  { what: 'few samples', args: ['m.onnx', '--data', 'few.npy', ...half], says: ['H374', '19', '20', '--data'] },
  {
    what: 'a label beyond the outputs',
    args: ['m.onnx', '--data', 'four.npz', ...half],
    says: ['H371', 'label 4 of training sample 7', '0 to 3'],
  },
  {
    what: 'a negative label',
    args: ['m.onnx', '--data', 'negative.npz', ...half],
    says: ['H371', 'label -1 of training sample 9', '0 to 3'],
  },
  {
    what: 'a bad label among held-out samples',
    args: ['m.onnx', '--data', 'labelled.npz', '--held-out', 'four.npz', ...half],
    says: ['H371', 'label 4 of held-out sample 7'],
  },
  {
    what: 'labels in the training samples only',
    args: ['m.onnx', '--data', 'labelled.npz', '--held-out', 'x.npy', ...half],
    says: ['H376', 'both'],
  },
  {
    what: 'labels in the held-out samples only',
    args: [...byX, '--held-out', 'labelled.npz', ...half],
    says: ['H376', 'both'],
  },
  { what: 'two inputs', args: ['two-inputs.onnx', '--data', 'both.npz', ...half], says: ['H370', '2 inputs'] },
  {
    what: 'a model without weights',
    args: ['no-weights.onnx', '--data', 'x.npy', ...half],
    says: ['H372', 'no layer with weights'],
  },
  {
    what: 'all of it',
    args: [...byX, '--scheme', 'P2', '--sparsity', '1'],
    exitCode: 2,
    says: ['--sparsity', 'below 1'],
  },
  {
    what: 'less than nothing',
    args: [...byX, '--scheme', 'P2', '--sparsity', '-0.1'],
    exitCode: 2,
    says: ['--sparsity', 'at least 0'],
  },
  { what: 'no number', args: [...byX, '--scheme', 'P2', '--sparsity', 'half'], exitCode: 2, says: ['--sparsity'] },
  { what: 'a scheme without a share', args: [...byX, '--scheme', 'P2'], exitCode: 2, says: ['P2 needs --sparsity'] },
  {
    what: 'auto without a budget',
    args: [...byX, '--scheme', 'auto'],
    exitCode: 2,
    says: ['auto needs --max-degradation'],
  },
  {
    what: 'auto with a share',
    args: [...byX, '--scheme', 'auto', '--max-degradation', '0.1', '--sparsity', '0.5'],
    exitCode: 2,
    says: ['auto takes no --sparsity'],
  },
  {
    what: 'a tile of more slots than a ciphertext has',
    args: [...byX, '--scheme', 'P2T', '--sparsity', '0.5', '--tile', '32768x32768'],
    exitCode: 2,
    says: ['--tile', '4x8', 'together at most 32768'],
  },
  {
    what: 'a scheme that is none',
    args: [...byX, '--scheme', 'P4F', '--sparsity', '0.5'],
    says: ['H343', 'P4F', 'did you mean P4'],
  },
  {
    what: 'a criterion that is none',
    args: [...byX, '--scheme', 'P4E:Gl/L3/Wei', '--sparsity', '0.5'],
    says: ['H343', 'L3', 'L1, L2'],
  },
  {
    what: 'a threshold beyond 1',
    args: [...byX, '--scheme', 'P4E:Gl/L1/Wei:1.5', '--sparsity', '0.5'],
    says: ['H343', '1.5', 'from 0 to 1'],
  },
  {
    what: 'a budget that nothing keeps',
    args: [
      ...byX,
      ...['--scheme', 'P2T:Gl/T-Avg', '--sparsity', '0.5', '--max-degradation', '0'],
      // By these costs the network has several tiles.
      ...['--engine', 'seal-wasm'],
    ],
    says: ['H373', 'P2T:Gl/T-Avg', '--max-degradation', '--epochs'],
  },
];

describe('refused', () => {
  test.each(refusals)('$what', async ({ args, exitCode = 1, says }) => {
    const result = await prune(...args);
    expect(result).toMatchObject({ exitCode, stdout: '' });
    let rest = result.stderr;
    for (const part of says) {
      expect(rest).toContain(part);
      rest = rest.slice(rest.indexOf(part));
    }
    expect(existsSync(at('out.onnx'))).toBe(false);
  });
});
