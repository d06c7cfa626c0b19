/**
 * What ensembles of decision trees take encrypted, and how many of their labels are the library's.
 *
 *   python tools/train-trees.py bench FOLDER
 *   npm run bench:trees -- FOLDER [--samples COUNT] [--max-error E] [--write] [NAME...]
 *
 * NAME: only models whose names hold one of these. Every plan is compiled for labels, at most 1 % of which may be others on the
 * samples that the model was trained on, and runs on one thread.
 */
import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Client, compile, Server } from '../../index.ts';
import { median } from '../../ir/maths/averages.ts';
import { type ExportedModel, readModels, type SampleList } from '../../test/exporters/sklearn/models.ts';
import { circumstances, publish } from '../publish.ts';
import { type MeasuredTrees, renderTrees } from './render.ts';

const resultFile = join(import.meta.dirname, '..', 'trees.md');
const maxDisagreement = 0.01;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    samples: { type: 'string', default: '200' },
    'max-error': { type: 'string' },
    write: { type: 'boolean', default: false },
  },
});
const [folder, ...names] = positionals;
if (folder === undefined) {
  process.stderr.write('usage: npm run bench:trees -- FOLDER [NAME...]\n');
  process.exitCode = 2;
} else {
  const maxError = values['max-error'] === undefined ? undefined : Number(values['max-error']);
  const measured: MeasuredTrees[] = [];
  for (const model of readModels(folder)) {
    if (names.length > 0 && !names.some((part) => model.name.includes(part))) continue;
    process.stderr.write(`${model.name}\n`);
    measured.push(await measure(model, Number(values.samples), maxError));
  }
  const report = renderTrees(measured, { ...circumstances(), cores: availableParallelism(), load: loadavg()[1] ?? 0 });
  await publish(resultFile, report, values.write);
}

async function measure(model: ExportedModel, count: number, maxError: number | undefined): Promise<MeasuredTrees> {
  const [expected] = model.answers.outputs;
  if (expected?.kind !== 'labels') throw new Error(`${model.name} has no labels`);
  const begun = performance.now();
  let heldOut: SampleList = [];
  const { plan } = compile(model.bytes, {
    maxDisagreement,
    ...(maxError !== undefined && { maxError }),
    calibration: (inputs) => {
      heldOut = model.samples('held-out', inputs).slice(0, count);
      return model.samples('calibration', inputs);
    },
  });
  const compileMs = performance.now() - begun;
  const client = await Client.create(plan.client);
  const server = await Server.create(plan, { threads: 1 });
  try {
    const session = await server.openSession(client.generateKeys().evaluationKeys);
    const times: number[] = [];
    let same = 0;
    // One by one, as a service would be asked.
    for (const [i, sample] of heldOut.entries()) {
      const inputs = client.encrypt([sample]);
      const start = performance.now();
      const { outputs } = await session.evaluate(inputs);
      times.push(performance.now() - start);
      const [label] = [...(client.decrypt(outputs)[0]?.values() ?? [])].flatMap((output) => [...output.values()]);
      if (label === expected.values[i]) same++;
    }
    const { polyModulusDegree, primes } = plan.program.parameters;
    return {
      name: model.name,
      ...{ polyModulusDegree, levels: primes.length - 1 },
      ...{ compileMs, evaluateMs: median(times), leastMs: Math.min(...times) },
      ...{ samples: heldOut.length, same },
      labelsKept: plan.search?.accuracy?.labelsKept,
    };
  } finally {
    client.close();
    await server.close();
  }
}
