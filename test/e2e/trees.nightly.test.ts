/** Ensembles of trees, compiled for labels, say encrypted what the library says, and what the model says of features far from all samples. */
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { Client, type ClientSample, type ClientValue, compile, Server } from '../../index.ts';
import { readModels } from '../exporters/sklearn/models.ts';
import { answer } from '../unit/compiler/onnx/client/rules/ml/same-answers.ts';
import { importModel } from '../unit/compiler/onnx/differential.ts';

/** The first element of the first output. */
function firstOf(outputs: ReadonlyMap<string, { values: () => Iterable<unknown> }>): unknown {
  const [first] = outputs.values();
  const [label] = first?.values() ?? [];
  return label;
}

/** The sample, one feature of which is far from all thresholds. */
function withFeature(sample: ClientSample, k: number): ClientSample {
  return new Map(
    [...sample].map(([name, values]): [string, ClientValue] => {
      const features = Float64Array.from(values, Number);
      return [name, features.with(k % features.length, k % 2 === 0 ? 1e6 : -1e6)];
    }),
  );
}

const models = readModels(join(import.meta.dirname, '../models/trees')).filter(({ name }) =>
  ['decision-tree-wine', 'extra-trees-wine', 'xgboost-gaps', 'stacking-wine'].includes(name),
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
      const labelsOf = async (given: readonly ClientSample[]) => {
        const { outputs } = await session.evaluate(client.encrypt(given));
        return client.decrypt(outputs).map((answer) => firstOf(answer));
      };
      const labels = await labelsOf(all);
      const same = labels.filter((label, i) => expected?.kind === 'labels' && label === expected.values[i]).length;
      expect(labels).toHaveLength(all.length);
      expect(same / all.length).toBeGreaterThanOrEqual(0.9);
      const far = all.map((sample, k) => withFeature(sample, k));
      const model = importModel(bytes);
      const answered = (await labelsOf(far)).filter(
        (label, i) => label === firstOf(answer(model, far[i] ?? new Map())),
      );
      expect(answered.length / far.length).toBeGreaterThanOrEqual(0.9);
    } finally {
      client.close();
      await server.close();
    }
  },
  600_000,
);
