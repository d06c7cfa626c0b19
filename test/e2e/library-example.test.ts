/** The example in the header of `index.ts`, and the first of the README: their texts are this file's, which compiles and runs. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Client, compile, listSamples, loadSamples, readPlan, Server } from '../../index.ts';
import type { Answer, GivenSample, Sample } from '../../index.ts';
import { seededRandom } from '../../ir/random.ts';
import { writeNpz } from '../../runtime/format/npz.ts';
import { denseModel } from '../support/cli.ts';
import { readme } from '../support/readme.ts';
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

/** The five lines of the README, where a program has its model and samples. */
async function firstExample(
  readFileSync: (name: string) => Uint8Array,
  samples: readonly GivenSample[],
  questions: readonly GivenSample[],
): Promise<readonly (Answer | undefined)[]> {
  const { plan } = compile(readFileSync('model.onnx'), { calibration: samples });
  const [client, server] = [await Client.create(plan.client), await Server.create(plan)];
  const session = await server.openSession(client.generateKeys().evaluationKeys);
  const { outputs } = await session.evaluate(client.encrypt(questions));
  const [answer] = client.decrypt(outputs);
  client.close();
  await server.close();
  return [answer];
}

const random = seededRandom(3);
const values = Float32Array.from({ length: 10 * 16 }, () => random.uniform());
const samples = Array.from(
  { length: 10 },
  (_, k) => new Map([['x', Float64Array.from(values.subarray(16 * k, 16 * (k + 1)))]]),
);

function asSamples(answers: readonly (Answer | undefined)[]): readonly Sample[] {
  return answers.map(
    (answer): Sample =>
      new Map([...(answer ?? [])].flatMap(([name, value]) => (value instanceof Float64Array ? [[name, value]] : []))),
  );
}

test('the example of the library computes what the model does', async () => {
  const images = writeNpz(new Map([['x', { dtype: 'f4' as const, shape: [10, 16], data: values }]]));
  const questions = samples.slice(0, 2);
  const answers = asSamples(await example(denseModel(1), images, questions));
  expect(relativeError(answers, await reference(denseModel(1), questions))).toBeLessThan(0.01);
});

test('the first example of the README computes what the model does', async () => {
  const questions = samples.slice(0, 1);
  const answers = asSamples(await firstExample(() => denseModel(1), samples, questions));
  expect(relativeError(answers, await reference(denseModel(1), questions))).toBeLessThan(0.01);
});

test('its text in the README is the code of this file', () => {
  const [stated = ''] = /(?<=^```js\n).*?(?=^```$)/ms.exec(readme) ?? [];
  expect(stated.trimEnd().split('\n')).toHaveLength(5);
  const code = readFileSync(new URL('./library-example.test.ts', import.meta.url), 'utf8');
  expect(code).toContain(stated.replaceAll(/^/gm, '  ').trimEnd());
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
