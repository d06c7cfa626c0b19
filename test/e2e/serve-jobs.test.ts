/** Jobs from their inputs to their results: a store, workers, and processes that evaluate. */
import { expect, test } from 'vitest';
import { Server } from '../../runtime/server.ts';
import { JobService, smallPlan, testSettings } from '../support/job-service.ts';
import { randomSample } from '../support/serve-plans.ts';

test('a job in parts over two workers gives what one evaluation gives, bit by bit', async () => {
  const service = await JobService.open();
  try {
    const plan = smallPlan();
    const served = await service.client(plan);
    const samples = Array.from({ length: 9 }, (_, k) => randomSample(plan, k));
    const inputs = served.client.encrypt(samples);
    const server = await Server.create(plan);
    const session = await server.openSession(served.keys.evaluationKeys);
    const { outputs } = await session.evaluate(inputs);
    await server.close();

    const job = await service.submit(served, inputs);
    expect(job.parts.map(({ first, end }) => [first, end])).toEqual([
      [0, 2],
      [2, 4],
      [4, 6],
      [6, 8],
      [8, 9],
    ]);
    service.work(service.evaluator(), { name: 'one' });
    service.work(service.evaluator(), { name: 'two' });
    const ended = await service.ended(job.id);
    expect(ended).toMatchObject({ state: 'done', samples: 9, output: { bytes: outputs.length } });
    expect(new Set(ended?.parts.map(({ worker }) => worker))).toEqual(new Set(['one', 'two']));
    expect(Buffer.compare(await service.result(job.id), outputs)).toBe(0);
  } finally {
    await service.close();
  }
});

test('requests of several clients are answered under their own keys', async () => {
  const service = await JobService.open({ ...testSettings, runsPerPart: 8 });
  try {
    const plan = smallPlan();
    const clients = [await service.client(plan), await service.client(plan), await service.client(plan)];
    service.work(service.evaluator(), { name: 'one' });
    await Promise.all(
      clients.flatMap((served, k) =>
        [0, 1, 2].map(async (round) => {
          const sample = randomSample(plan, 10 * k + round);
          const job = await service.submit(served, served.client.encrypt([sample]), { durable: false });
          expect(await service.ended(job.id)).toMatchObject({ state: 'done' });
          const [answer] = served.client.decrypt(await service.result(job.id), { raw: true });
          const x = sample.get('x0') ?? [];
          const expected = (i: number): number =>
            (i % 2 === 0 ? 0.5 : 0.25) * ((x[i] ?? 0) + (x[(i + 1) % x.length] ?? 0));
          expect(Math.abs((answer?.get('y0')?.[5] ?? Infinity) - expected(5))).toBeLessThan(0.01);
        }),
      ),
    );
  } finally {
    await service.close();
  }
});
