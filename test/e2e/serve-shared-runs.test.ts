/** Requests of one key that wait at the same time are answered by fewer runs than there are requests. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeHep } from '../../runtime/hep/write.ts';
import { RemoteModel } from '../../runtime/remote/remote-model.ts';
import type { WorkerEvent } from '../../service/worker/worker-event.ts';
import { batchPlan, batchSamples } from '../support/batch-plan.ts';
import { JobService } from '../support/job-service.ts';
import { relativeError, runInTheClear } from '../support/run-plans.ts';
import { planFolder, startTestService } from '../support/service.ts';

const plan = batchPlan();
const samples = batchSamples(12);

test('jobs that wait for a worker share a run, and each has its own answers', async () => {
  const service = await JobService.open();
  try {
    const served = await service.client(plan);
    const jobs = [];
    for (const k of [0, 1, 2, 3, 4]) {
      const inputs = served.client.encrypt(samples.slice(2 * k, 2 * k + 2), { place: 3 * k });
      const request = { plan: { ...served.plan, requestsPerRun: 4 } };
      jobs.push(await service.submit(served, inputs, request));
    }
    const runs: number[] = [];
    service.work(service.evaluator(), {
      name: 'one',
      onEvent: (event: WorkerEvent) => {
        if (event.kind === 'evaluated') runs.push(1 / event.requests);
      },
    });
    for (const [k, { id }] of jobs.entries()) {
      expect(await service.ended(id)).toMatchObject({ state: 'done' });
      const answers = served.client.decrypt(await service.result(id), { raw: true });
      const expected = runInTheClear(plan, samples.slice(2 * k, 2 * k + 2));
      expect(relativeError(answers, expected, 1)).toBeLessThan(2 * plan.client.predictedMaxError);
    }
    expect(runs).toHaveLength(5);
    expect(runs.reduce((sum, part) => sum + part, 0)).toBe(2);
  } finally {
    await service.close();
  }
});

test('answers to questions that a model is asked at the same time are those of each', async () => {
  const { folder } = planFolder();
  const path = join(folder, 'batch.hep');
  writeFileSync(path, writeHep(plan));
  const service = await startTestService({ folder: join(folder, 'store'), plans: [path] });
  const model = await RemoteModel.open(service.url, 'batch');
  try {
    expect(model.model).toMatchObject({ requestsPerRun: 16, batch: plan.client.batch });
    await model.prepare();
    const answers = await Promise.all(samples.map((sample) => model.infer([sample])));
    const expected = runInTheClear(plan, samples);
    for (const [k, [answer]] of answers.entries())
      expect(relativeError([answer as Map<string, Float64Array>], expected.slice(k, k + 1), 1)).toBeLessThan(
        4 * plan.client.predictedMaxError,
      );
    const requests = service.log.flatMap((line) => {
      const { msg, requests: own } = JSON.parse(line) as { msg?: string; requests?: number };
      return msg === 'evaluated' && own !== undefined ? [own] : [];
    });
    expect(requests).toHaveLength(samples.length);
    // While the first one waits for the plan to be prepared, the others arrive.
    expect(requests.reduce((sum, own) => sum + 1 / own, 0)).toBeLessThan(samples.length);
  } finally {
    await model.close();
  }
});
