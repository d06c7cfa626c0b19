/** A model that begins with indices and ends in labels and probabilities: encrypted in between, by library and command line. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import {
  Client,
  compile,
  HepcError,
  modelInputs,
  modelOutputs,
  readClientPart,
  readPlan,
  Server,
  writeClientPart,
} from '../../index.ts';
import { readNpz } from '../../runtime/format/npz.ts';
import { ReferenceModel } from '../../training/onnxruntime.ts';
import { runCli, temporaryFolder } from '../support/cli.ts';
import { elementType, floats, int64s, model, node } from '../support/onnx-builder.ts';

const labels = {
  dims: [3],
  proto: { dataType: 8, stringData: ['low', 'middle', 'high'].map((text) => new TextEncoder().encode(text)) },
};
const table = Array.from({ length: 15 }, (_, i) => Math.sin(3 * i + 1));

/** The class of two words of five, by the sum of their rows. */
const onnx = model({
  opset: 18,
  inputs: { words: ['batch', 2] },
  types: { words: elementType.int64, label: 8 },
  nodes: [
    node('Gather', 'table words', 'rows'),
    node('ReduceSum', 'rows axis', 'scores', { keepdims: 0 }),
    node('Softmax', 'scores', 'probabilities'),
    node('ArgMax', 'scores', 'place', { axis: 1, keepdims: 0 }),
    node('Gather', 'labels place', 'label'),
  ],
  initializers: { table: floats([5, 3], table), axis: int64s([1], [1]), labels },
  outputs: ['label', 'probabilities'],
});
const samples = Array.from({ length: 12 }, (_, k) => ({ words: [k % 5, (2 * k + 1) % 5] }));

describe('the library', () => {
  test('answers are those of the model, texts among them; raw ones what was encrypted', async () => {
    const { hep, plan } = compile(onnx, { calibration: samples });
    const part = readClientPart(writeClientPart(plan.client), 'client.hep');
    expect(modelInputs(part, part.inputs).map(({ name, elements, shape }) => [name, elements, shape])).toEqual([
      ['words', 'integer', [2]],
    ]);
    expect(modelOutputs(part, part.outputs).map(({ name, elements, shape }) => [name, elements, shape])).toEqual([
      ['label', 'string', []],
      ['probabilities', 'real', [3]],
    ]);
    expect(part.outputs.map(({ name }) => name)).toEqual(['scores']);
    const reference = await ReferenceModel.load(onnx);
    const expected = await reference.answer(samples.map(({ words }) => new Map([['words', Float64Array.from(words)]])));
    await reference.close();
    const client = await Client.create(part);
    const server = await Server.create(readPlan(hep, 'plan.hep'));
    try {
      const keys = client.generateKeys();
      const session = await server.openSession(keys.evaluationKeys);
      const { outputs } = await session.evaluate(client.encrypt(samples));
      const answers = client.decrypt(outputs);
      for (const [k, own] of expected.entries()) {
        expect(answers[k]?.get('label')).toEqual(own.get('label'));
        const probabilities = answers[k]?.get('probabilities');
        own.get('probabilities')?.forEach((p, i) => {
          expect(probabilities instanceof Float64Array ? probabilities[i] : NaN).toBeCloseTo(Number(p), 2);
        });
      }
      const [raw] = client.decrypt(outputs, { raw: true });
      expect([...(raw ?? new Map()).keys()]).toEqual(['scores']);
      expect(() => client.encrypt([{ words: [0, 5] }])).toThrow(/H515.*sample 0 has 5, which is none of 5 categories/);
    } finally {
      client.close();
      await server.close();
    }
  });

  test('outputs by name', () => {
    const { plan } = compile(onnx, { calibration: samples, outputs: ['scores'] });
    expect(plan.client.post).toBeUndefined();
    expect(() => compile(onnx, { outputs: ['score'] })).toThrow(/H122.*"score"[^]*Did you mean "scores"/);
    expect(() => compile(onnx, { outputs: ['score'] })).toThrow(HepcError);
  });
});

describe('the command line', () => {
  test('client and server, in files', async () => {
    const folder = temporaryFolder();
    const file = (name: string) => join(folder, name);
    writeFileSync(file('m.onnx'), onnx);
    writeFileSync(file('x.json'), JSON.stringify({ words: samples.map(({ words }) => words) }));
    const run = async (...args: string[]) => {
      const result = await runCli(...args);
      expect(result.stderr + result.stdout, args.join(' ')).not.toContain('error[');
      return result.stdout;
    };
    expect(await run('compile', file('m.onnx'), '-o', file('p.hep'), '--calibrate', file('x.json'), '-q')).toMatch(
      /before encryption +\S+ = one-hot of 5[^]*after decryption +label = take[^]*probabilities = softmax\(scores\)/,
    );
    expect(await run('inspect', file('p.hep'))).toContain('probabilities = softmax(scores)');
    expect(await run('inspect', file('p.hep'), '--html', file('p.html'))).toContain('p.html');
    expect(readFileSync(file('p.html'), 'utf8')).toContain('softmax(scores)');
    expect(await run('verify', file('p.hep'), '--model', file('m.onnx'), '--input', file('x.json'), '-q')).toMatch(
      /same labels +100%/,
    );
    const json: unknown = JSON.parse(
      await run('run', file('p.hep'), '--input', file('x.json'), '--limit', '2', '--json', '-q'),
    );
    expect(json).toMatchObject({ outputs: { label: [expect.stringMatching(/low|middle|high/), expect.any(String)] } });
    await run('client-part', file('p.hep'), '-o', file('c.hep'));
    await run('keygen', file('c.hep'), '-o', file('keys'));
    await run('encrypt', file('c.hep'), '--keys', file('keys'), '--input', file('x.json'), '-o', file('in.ct'));
    await run(
      'eval',
      file('p.hep'),
      '--keys',
      file('keys/eval.keys'),
      '--input',
      file('in.ct'),
      '-o',
      file('out.ct'),
      '-q',
    );
    const decrypt = ['decrypt', file('c.hep'), '--keys', file('keys'), '--input', file('out.ct')];
    expect(await run(...decrypt, '-o', file('y.npz'))).toMatch(/sample 0, label: "(low|middle|high)"/);
    expect(readFileSync(file('y.npz'), 'latin1')).toContain("'<U6'");
    await run(...decrypt, '-o', file('raw.npz'), '--raw');
    expect(await run(...decrypt, '-o', file('raw.npz'), '--raw')).toContain('sample 0, scores [3]');
    const unknown = await runCli('compile', file('m.onnx'), '-o', file('q.hep'), '--outputs', 'label,nothing', '-q');
    expect([unknown.exitCode, unknown.stderr]).toEqual([1, expect.stringContaining('H122')]);
  });
});

test('files of answers have the arrays of numpy', async () => {
  const folder = temporaryFolder();
  const file = (name: string) => join(folder, name);
  writeFileSync(
    file('m.onnx'),
    model({
      inputs: { x: ['n', 3] },
      types: { z: elementType.int64 },
      nodes: [node('ArgMax', 'x', 'z', { axis: 1 }), node('Mul', 'x x', 'y')],
      outputs: ['y', 'z'],
    }),
  );
  writeFileSync(
    file('x.json'),
    JSON.stringify({
      x: [
        [1, 2, 0],
        [3, 1, 0],
      ],
    }),
  );
  await runCli('compile', file('m.onnx'), '-o', file('p.hep'), '--calibrate', file('x.json'), '-q');
  await runCli('run', file('p.hep'), '--input', file('x.json'), '-o', file('y.npz'), '-q');
  const arrays = readNpz(readFileSync(file('y.npz')), { maxEntries: 4, maxTotalBytes: 1e6, allowDeflate: false });
  expect(arrays.get('y')?.dtype).toBe('f8');
  expect(arrays.get('z')).toEqual({ dtype: 'i8', shape: [2, 1], data: BigInt64Array.of(1n, 0n) });
});
