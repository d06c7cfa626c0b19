/** The library as its users see it: compile, client, server. */
import { expect, test } from 'vitest';
import {
  Client,
  compile,
  HepcError,
  readClientPart,
  readPlan,
  sampleSource,
  Server,
  writeClientPart,
} from '../../index.ts';
import { seededRandom } from '../../ir/random.ts';
import { denseModel } from '../support/cli.ts';
import { reference, relativeError } from '../support/run-plans.ts';

const random = seededRandom(3);
const samples = Array.from(
  { length: 6 },
  () => new Map([['x', Float64Array.from({ length: 16 }, () => random.uniform())]]),
);

test('from a model to decrypted answers', async () => {
  const onnx = denseModel(1);
  const steps: string[] = [];
  const fractions: number[] = [];
  const atSteps: number[] = [];
  const { hep, plan, statistics, warnings } = compile(onnx, {
    calibration: samples,
    onStep: (step, fraction) => {
      steps.push(step);
      atSteps.push(fraction);
    },
    onProgress: (fraction) => fractions.push(fraction),
  });
  expect(warnings.map(({ code }) => code)).toEqual(['H337']);
  expect(steps).toContain('choosing layouts for N = 4096');
  expect(steps[0]).toBe('reading the model');
  expect(atSteps).toEqual(atSteps.toSorted((a, b) => a - b));
  expect(fractions.length).toBeGreaterThan(steps.length);
  expect(new Set(fractions).size).toBe(fractions.length);
  expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
  expect(fractions.at(-1)).toBe(1);
  expect(statistics).toBe(plan.statistics);

  const client = await Client.create(readClientPart(writeClientPart(plan.client), 'client.hep'));
  const server = await Server.create(readPlan(hep, 'plan.hep'));
  try {
    const keys = client.generateKeys();
    const session = await server.openSession(keys.evaluationKeys);
    const { outputs } = await session.evaluate(client.encrypt(samples.slice(0, 2)));
    const answers = client.decrypt(outputs, { raw: true });
    expect(relativeError(answers, await reference(onnx, samples.slice(0, 2)))).toBeLessThan(0.01);
  } finally {
    client.close();
    await server.close();
  }
});

test('calibration may depend on the inputs, and bytes on nothing but model, samples and options', () => {
  const { hep } = compile({ bytes: denseModel(1) }, { calibration: samples });
  const again = compile(denseModel(1), {
    calibration: (inputs) => {
      expect(inputs).toEqual([{ name: 'x', shape: [16], hasBatchAxis: true }]);
      return samples;
    },
  });
  expect(Buffer.compare(again.hep, hep)).toBe(0);
});

test('mistakes are one HepcError', () => {
  expect(() => compile(new Uint8Array(10))).toThrow(HepcError);
});

test('bytes may be Buffers and views; samples objects, in single precision and nested', async () => {
  const { hep, plan } = compile(denseModel(1), {
    calibration: samples.map((sample) => ({ x: Float32Array.from(sample.get('x') ?? []) })),
  });
  const shifted = (bytes: Uint8Array): Uint8Array => {
    const larger = new Uint8Array(bytes.length + 3);
    larger.set(bytes, 3);
    return larger.subarray(3);
  };
  const server = await Server.create(readPlan(Buffer.from(hep), 'plan.hep'));
  const client = await Client.create(readClientPart(shifted(writeClientPart(plan.client)), 'client.hep'));
  try {
    const keys = client.generateKeys();
    client.loadKeys(Buffer.from(keys.secretKey));
    client.loadKeys(shifted(keys.secretKey));
    const session = await server.openSession(Buffer.from(keys.evaluationKeys));
    const values = Array.from(samples[0]?.get('x') ?? []);
    const inputs = client.encrypt([{ x: values }, { x: Float32Array.from(values) }, new Map([['x', values]])]);
    const { outputs } = await session.evaluate(shifted(inputs));
    const expected = await reference(
      denseModel(1),
      [samples[0], samples[0], samples[0]].filter((s) => s !== undefined),
    );
    for (const bytes of [Buffer.from(outputs), shifted(outputs)])
      expect(relativeError(client.decrypt(bytes, { raw: true }), expected)).toBeLessThan(0.01);
  } finally {
    client.close();
    await server.close();
  }
});

test('what is no bytes and no sample is a diagnostic', async () => {
  const { hep, plan } = compile(denseModel(1), { calibration: samples });
  const client = await Client.create(plan.client);
  const codesOf = (action: () => unknown): string[] => {
    try {
      action();
      return [];
    } catch (error) {
      if (error instanceof HepcError) return error.diagnostics.map(({ code }) => code);
      throw error;
    }
  };
  try {
    client.generateKeys();
    for (const bad of [null, undefined, 'bytes', 7, {}, [1, 2], new Float64Array(2)] as never[]) {
      expect(codesOf(() => readPlan(bad, 'plan.hep'))).toEqual(['H644']);
      expect(codesOf(() => readClientPart(bad, 'client.hep'))).toEqual(['H644']);
      client.loadKeys(client.generateKeys().secretKey);
      expect(codesOf(() => client.loadKeys(bad))).toEqual(['H644']);
      expect(codesOf(() => client.decrypt(bad))).toEqual(['H644']);
      expect(codesOf(() => client.encrypt(bad))[0]).toMatch(/^H62[34]/);
    }
    for (const bad of [null, undefined, 'model.onnx', {}, { bytes: 'x' }, new ArrayBuffer(8)] as never[])
      expect(codesOf(() => compile(bad))).toEqual(['H644']);
    // A file that nobody has read is no plan.
    await expect(Client.create(hep as never)).rejects.toThrow(
      /H648.*client part of a plan, got Uint8Array[^]*readClientPart/,
    );
    await expect(Client.create(plan as never)).rejects.toThrow('H648');
    await expect(Server.create(hep as never)).rejects.toThrow(/H648.*a plan, got Uint8Array[^]*readPlan/);
    await expect(Server.create(undefined as never)).rejects.toThrow('H648');
    expect(codesOf(() => compile(denseModel(1), { calibration: [] }))).toEqual(['H412']);
    expect(codesOf(() => compile(denseModel(1), { calibration: 'x' as never }))).toEqual(['H623']);
    expect(codesOf(() => compile(denseModel(1), { calibration: [{ y: [1] }] }))).toEqual(['H620']);
    expect(codesOf(() => compile(denseModel(1), { calibration: [{ x: new Array<number>(16).fill(NaN) }] }))).toEqual([
      'H410',
    ]);
    expect(codesOf(() => compile(denseModel(1), { calibration: [{ x: [1, 2] }] }))).toEqual(['H621']);
  } finally {
    client.close();
  }
});

test('samples and answers unlike those of calibration are noticed, those of calibration never', async () => {
  // Slow waves: neighbours are alike, and the mean is near a half.
  const waves = Array.from({ length: 24 }, (_, k) => ({
    x: Float64Array.from({ length: 16 }, (_, i) => 0.5 + 0.3 * Math.sin(0.3 * i + k)),
  }));
  const { plan } = compile(denseModel(1), { calibration: waves });
  expect(plan.client.calibration?.samples).toBe(24);
  const part = readClientPart(writeClientPart(plan.client), 'client.hep');
  expect(part.calibration).toEqual(plan.client.calibration);
  const client = await Client.create(part);
  const server = await Server.create(plan);
  try {
    const session = await server.openSession(client.generateKeys().evaluationKeys);
    client.decrypt((await session.evaluate(client.encrypt(waves))).outputs);
    expect(client.warnings).toEqual([]);
    client.encrypt(waves);
    expect(client.warnings).toEqual([]);
    const noise = Array.from({ length: 5 }, () => ({
      x: Float64Array.from({ length: 16 }, () => 0.2 + 0.6 * random.uniform()),
    }));
    client.encrypt([waves[0] ?? { x: [] }, ...noise]);
    expect(client.warnings.map(({ code }) => code)).toEqual(noise.map(() => 'H511'));
    expect(client.warnings[0]?.message).toMatch(/^input "x" of sample 1 is unlike .* roughness .*, which showed /);
    const streamed: string[] = [];
    const source = sampleSource([...waves, ...noise]);
    await client.encryptTo(source, () => Promise.resolve(), { onWarning: ({ message }) => streamed.push(message) });
    expect(streamed.map((message) => /of sample (\d+) is/.exec(message)?.[1])).toEqual(['24', '25', '26', '27', '28']);
    const ones = { x: new Float64Array(16).fill(0.8) };
    client.encrypt([ones]);
    expect(client.warnings[0]?.message).toMatch(/mean 0\.8, which showed 0\.\d+ to 0\.\d+/);
  } finally {
    client.close();
    await server.close();
  }
});

test('a plan of few samples, or of none, notices nothing', () => {
  const { plan } = compile(denseModel(1), { calibration: samples });
  expect(plan.client.calibration).toBeUndefined();
  expect(compile(denseModel(1)).plan.client.calibration).toBeUndefined();
});
