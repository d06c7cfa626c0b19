/** Ensembles of trees, compiled for labels, say encrypted what the library says. */
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { Client, compile, Server } from '../../index.ts';
import { readModels } from '../exporters/sklearn/models.ts';

const models = readModels(join(import.meta.dirname, '../models/trees')).filter(({ name }) =>
  ['decision-tree-wine', 'extra-trees-wine', 'xgboost-gaps'].includes(name),
);

test.each(models.map((model) => [model.name, model] as const))(
  '%s',
  async (_, { bytes, answers, samples }) => {
    const [expected] = answers.outputs;
    let all: ReturnType<typeof samples> = [];
    const { plan } = compile(bytes, {
      maxDisagreement: 0.05,
      // Some values are missing, which clients tell apart before they encrypt.
      calibration: (inputs) => (all = samples('held-out', inputs)),
    });
    const client = await Client.create(plan.client);
    const server = await Server.create(plan);
    try {
      const session = await server.openSession(client.generateKeys().evaluationKeys);
      const { outputs } = await session.evaluate(client.encrypt(all));
      const labels = client.decrypt(outputs).map((answer) => [...([...answer.values()][0]?.values() ?? [])][0]);
      const same = labels.filter((label, i) => expected?.kind === 'labels' && label === expected.values[i]).length;
      expect(labels).toHaveLength(all.length);
      expect(same / all.length).toBeGreaterThanOrEqual(0.9);
    } finally {
      client.close();
      await server.close();
    }
  },
  600_000,
);
