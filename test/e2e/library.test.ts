/** The library as its users see it: compile, client, server. */
import { expect, test } from 'vitest';
import { Client, compile, HepcError, readClientPart, readPlan, Server, writeClientPart } from '../../index.ts';
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
  const { hep, plan, statistics, warnings } = compile(onnx, {
    calibration: samples,
    onStep: (step) => steps.push(step),
  });
  expect(warnings.map(({ code }) => code)).toEqual(['H337']);
  expect(steps).toContain('choosing layouts for N = 4096');
  expect(statistics).toBe(plan.statistics);

  const client = await Client.create(readClientPart(writeClientPart(plan.client), 'client.hep'));
  const server = await Server.create(readPlan(hep, 'plan.hep'));
  try {
    const keys = client.generateKeys();
    const session = await server.openSession(keys.evaluationKeys);
    const { outputs } = await session.evaluate(client.encrypt(samples.slice(0, 2)));
    const answers = client.decrypt(outputs);
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
