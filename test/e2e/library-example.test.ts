/** The example in the header of `index.ts`: its text is this file's, which compiles and runs. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Client, compile, listSamples, loadSamples, readPlan, Server } from '../../index.ts';
import type { Answer, Sample } from '../../index.ts';
import { seededRandom } from '../../ir/random.ts';
import { writeNpz } from '../../runtime/format/npz.ts';
import { denseModel } from '../support/cli.ts';
import { reference, relativeError } from '../support/run-plans.ts';

async function example(onnx: Uint8Array, images: Uint8Array, samples: readonly Sample[]): Promise<readonly Answer[]> {
  const { hep, plan } = compile(onnx, {
    calibration: (inputs) => listSamples(loadSamples(images, 'images.npz', inputs)),
  });
  const client = await Client.create(plan.client); // where the data are
  const keys = client.generateKeys();
  const server = await Server.create(readPlan(hep, 'plan.hep')); // where the computing is done
  const session = await server.openSession(keys.evaluationKeys);
  const { outputs } = await session.evaluate(client.encrypt(samples));
  const answers = client.decrypt(outputs);
  client.close();
  await server.close();
  return answers;
}

test('the example of the library computes what the model does', async () => {
  const random = seededRandom(3);
  const values = Float32Array.from({ length: 10 * 16 }, () => random.uniform());
  const images = writeNpz(new Map([['x', { dtype: 'f4' as const, shape: [10, 16], data: values }]]));
  const samples = [0, 1].map((k) => new Map([['x', Float64Array.from(values.subarray(16 * k, 16 * (k + 1)))]]));
  const answers = (await example(denseModel(1), images, samples)).map(
    (answer): Sample =>
      new Map([...answer].flatMap(([name, value]) => (value instanceof Float64Array ? [[name, value]] : []))),
  );
  expect(relativeError(answers, await reference(denseModel(1), samples))).toBeLessThan(0.01);
});

test('its text in the header of index.ts is the code of this file', () => {
  const linesOf = (file: string, prefix: string): string[] =>
    readFileSync(new URL(file, import.meta.url), 'utf8')
      .split('\n')
      .filter((line) => line.startsWith(prefix))
      .map((line) => line.slice(prefix.length));
  const stated = linesOf('../../index.ts', ' *   ');
  const code = linesOf('./library-example.test.ts', '  ');
  const first = code.indexOf(stated[0] ?? '');
  expect(stated.length).toBeGreaterThan(5);
  expect(code.slice(first, first + stated.length)).toEqual(stated);
});
