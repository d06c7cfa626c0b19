import { expect, test } from 'vitest';
import { Client } from '../../../../runtime/client.ts';
import { writeClientPart } from '../../../../runtime/hep/client-part.ts';
import { modelSchema } from '../../../../runtime/protocol/resources.ts';
import { Server } from '../../../../runtime/server.ts';
import { modelIdOf, modelIdPattern } from '../../../../service/models/model-id.ts';
import { figuresOf, keyLimit, modelOf } from '../../../../service/models/served-plan.ts';
import { smallPlan } from '../../../fuzz/targets/small-plan.ts';

test('the figures are the sizes of files', async () => {
  const plan = smallPlan();
  const figures = figuresOf(plan);
  const client = await Client.create(plan.client);
  const server = await Server.create(plan);
  try {
    const { evaluationKeys } = client.generateKeys();
    const inputs = client.encrypt([new Map(plan.client.inputs.map(({ name }) => [name, new Float64Array(2048)]))]);
    const { outputs } = await (await server.openSession(evaluationKeys)).evaluate(inputs);
    const record = { id: 'small', digest: 'a'.repeat(64), clientDigest: 'b'.repeat(64), ...figures };
    for (const [said, is] of [
      [figures.keyBytes, evaluationKeys.length],
      [figures.requestBytes, inputs.length],
      [figures.responseBytes, outputs.length],
    ] as const)
      expect(Math.abs(said - is) / is).toBeLessThan(0.02);
    expect(keyLimit(record)).toBeGreaterThan(evaluationKeys.length);
    expect(figures.memoryBytes).toBe(plan.statistics.peakBytes);
    const model = modelOf({ ...record, part: plan.client, clientPart: writeClientPart(plan.client) });
    expect(modelSchema.parse(model)).toEqual(model);
    expect(model.inputs).toEqual([
      { name: 'x0', shape: [2048] },
      { name: 'x1', shape: [2048] },
    ]);
  } finally {
    await server.close();
    client.close();
  }
});

test('the name of a model is that of its file, made safe', () => {
  const names = [
    'mlp.hep',
    '/plans/lenet 5.v2.hep',
    '../..',
    '.hep',
    '../../etc/passwd',
    'ä.hep',
    `${'x'.repeat(300)}.hep`,
  ];
  expect(names.map(modelIdOf)).toEqual(['mlp', 'lenet-5-v2', '', 'hep', 'passwd', '', 'x'.repeat(100)]);
  for (const id of names.map(modelIdOf)) if (id !== '') expect(id).toMatch(modelIdPattern);
});
