import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { HepcError } from '../../../../ir/diagnostics/diagnostic.ts';
import { evaluatorEnded } from '../../../../ir/diagnostics/service/evaluation.ts';
import { isClosed, outOfMemory, sessionLost, wrongCount } from '../../../../ir/diagnostics/runtime.ts';
import type { ServiceSettings } from '../../../../service/base/settings.ts';
import type { Job } from '../../../../service/jobs/job-record.ts';
import type { Evaluator } from '../../../../service/evaluation/evaluator.ts';
import { Worker } from '../../../../service/worker/worker.ts';
import { JobService, pieces, smallPlan, testSettings } from '../../../support/job-service.ts';
import { Life, mortal } from './mortal-backend.ts';
import { emptyInputs, RunNumbers, runNumbers, testKey } from './run-numbers.ts';
import { casesOf } from '../../../support/setup/suite.ts';

const { client: part } = smallPlan();
const leaseSeconds = 0.3;

let open: JobService | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});

async function service(settings: Partial<ServiceSettings> = {}): Promise<JobService> {
  open = await JobService.open({ ...testSettings, ...settings }, leaseSeconds);
  return open;
}

async function submit(at: JobService, runs: number, deadlineSeconds = 30): Promise<Job> {
  const bytes = new Uint8Array(8);
  const [plan, keys] = [await at.store('plans', bytes), await at.store('keys', bytes)];
  return at.jobs.submit({
    tenant: 'tenant',
    plan: { digest: plan, part },
    keys: { digest: keys, keyId: testKey },
    inputs: pieces(emptyInputs(part, runs)),
    deadlineSeconds,
    durable: false,
  });
}

/** Workers one after another, each of which ends after so many steps; the last one lives. */
function workInTurns(at: JobService, evaluator: Evaluator, lives: readonly number[]): () => Promise<void> {
  const [steps, ...later] = lives;
  if (steps === undefined) return at.work(evaluator, { name: 'immortal' });
  const life = new Life(steps);
  const worker = new Worker(mortal(at.backend, life), evaluator, at.settings, { name: `mortal${lives.length}` });
  // It is left behind where it stands, as a process that ends leaves its work.
  void worker.run(new AbortController().signal);
  let last: (() => Promise<void>) | undefined;
  const timer = setInterval(() => {
    if (!life.isOver) return;
    clearInterval(timer);
    last = workInTurns(at, evaluator, later);
  }, 5);
  return async () => {
    clearInterval(timer);
    await last?.();
  };
}

test('whichever steps workers end at, every job ends once, with the outputs of its runs in order', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 3 }),
      fc.array(fc.array(fc.integer({ min: 3, max: 40 }), { maxLength: 2 }), { minLength: 2, maxLength: 2 }),
      async (sizes, lives) => {
        const at = await service({ maxAttempts: 10 });
        const jobs = await Promise.all(sizes.map((runs) => submit(at, runs)));
        const evaluator = new RunNumbers(part);
        const ends = lives.map((each) => workInTurns(at, evaluator, each));
        for (const [k, { id }] of jobs.entries()) {
          const states: string[] = [];
          for await (const { job } of at.jobs.watch('tenant', id)) states.push(job.state);
          expect(states.at(-1)).toBe('done');
          expect(await at.result(id)).toEqual(Buffer.from(runNumbers(part, 0, sizes[k] ?? 0)));
        }
        await Promise.all(ends.map((end) => end()));
        await at.close();
        open = undefined;
      },
    ),
    { numRuns: casesOf({ normal: 4, nightly: 12 }) },
  );
});

test('a job that ends its evaluator each time is given up, and costs no other job its attempts', async () => {
  const at = await service({ maxAttempts: 3 });
  const good: Job[] = [];
  const bad = await submit(at, 1);
  for (let k = 0; k < 6; k++) good.push(await submit(at, 1));
  // What is evaluated together ends together.
  let generation = 0;
  const evaluator = new RunNumbers(part, async ({ outputs: [path = ''] }) => {
    const own = generation;
    if (path.includes(bad.id)) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      generation++;
    } else await new Promise((resolve) => setTimeout(resolve, 30));
    if (generation !== own) throw new HepcError([evaluatorEnded({ reason: 'by SIGKILL' })]);
  });
  const drain = at.work(evaluator, { name: 'one' });
  expect(await at.ended(bad.id)).toMatchObject({ state: 'failed', problem: { code: 'H825' } });
  for (const { id } of good) expect(await at.ended(id)).toMatchObject({ state: 'done' });
  await drain();
  const dead = [];
  for await (const { task } of at.backend.queue.dead()) dead.push(task.job);
  expect(dead).toEqual([bad.id]);
});

test.each([
  { threads: 1, atOnce: 2 },
  { threads: 2, atOnce: 4 },
])(
  'with $threads threads the evaluator is asked for $atOnce at once: one for each, and what comes next',
  async (of) => {
    const at = await service({ threads: of.threads });
    const [underWay, all] = [new Set<() => void>(), Promise.withResolvers<undefined>()];
    const evaluator = new RunNumbers(
      part,
      () =>
        new Promise((resolve) => {
          underWay.add(resolve);
          if (underWay.size === of.atOnce) all.resolve(undefined);
        }),
    );
    const jobs: Job[] = [];
    for (let k = 0; k < 6; k++) jobs.push(await submit(at, 1));
    const drain = at.work(evaluator, { name: 'one' });
    await all.promise;
    // Time for one more to be asked for.
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(underWay.size).toBe(of.atOnce);
    const ends = setInterval(() => {
      for (const end of underWay) end();
    }, 5);
    for (const { id } of jobs) expect(await at.ended(id)).toMatchObject({ state: 'done' });
    clearInterval(ends);
    await drain();
  },
);

test('what another request has ended is tried again', async () => {
  const at = await service();
  const ends = [isClosed({ what: 'the session' }), sessionLost({ reason: 'so' }), outOfMemory({ worker: 0 })];
  const left = [...ends];
  const evaluator = new RunNumbers(part, () => {
    const end = left.shift();
    return end === undefined ? Promise.resolve() : Promise.reject(new HepcError([end]));
  });
  const jobs = [];
  for (let k = 0; k < ends.length; k++) jobs.push(await submit(at, 1));
  const drain = at.work(evaluator, { name: 'one' });
  for (const { id } of jobs) expect(await at.ended(id)).toMatchObject({ state: 'done' });
  await drain();
});

test('inputs that are refused fail at once, with the reason', async () => {
  const at = await service();
  let calls = 0;
  const evaluator = new RunNumbers(part, () => {
    calls++;
    return Promise.reject(new HepcError([wrongCount({ what: 'things', expected: 1, got: 2 })]));
  });
  const { id } = await submit(at, 1);
  at.work(evaluator, { name: 'one' });
  expect(await at.ended(id)).toMatchObject({ state: 'failed', problem: { code: 'H612', status: 422 } });
  expect(calls).toBe(1);
});

/** An evaluation that ends when it is aborted. */
function endless(onBegin: () => void): RunNumbers {
  return new RunNumbers(
    part,
    ({ signal }) =>
      new Promise((_, reject) => {
        onBegin();
        signal?.addEventListener('abort', () => reject(signal.reason as Error));
      }),
  );
}

test('a job that is cancelled ends the evaluation that is under way', async () => {
  const at = await service();
  const { id } = await submit(at, 1);
  await new Promise<void>((begun) => {
    at.work(endless(begun), { name: 'one' });
  });
  expect(await at.jobs.cancel('tenant', id)).toMatchObject({ state: 'cancelled' });
  // The worker drains, so it has settled its task.
  await at.close();
  open = undefined;
});

test('a job that is past its deadline ends with H824, whether it has begun or not', async () => {
  const at = await service();
  const [begun, waiting] = [await submit(at, 1, 0.4), await submit(at, 1, 0.4)];
  at.work(
    endless(() => undefined),
    { name: 'one' },
  );
  for (const { id } of [begun, waiting])
    expect(await at.ended(id)).toMatchObject({ state: 'failed', problem: { code: 'H824' } });
});

test('what takes longer than a worker may drain is given back at once', async () => {
  const at = await service();
  const job = await submit(at, 1);
  const [stop, late] = [new AbortController(), new AbortController()];
  const evaluator = new RunNumbers(part, async ({ signal }) => {
    stop.abort();
    late.abort();
    await new Promise((_, reject) => {
      // As an evaluator ends one that is given up.
      signal?.addEventListener('abort', () => reject(new Error('aborted')));
      if (signal?.aborted === true) reject(new Error('aborted'));
    });
  });
  await new Worker(at.backend, evaluator, at.settings, { name: 'one' }).run(stop.signal, late.signal);
  expect(await at.backend.queue.waiting()).toBe(1);
  expect((await at.jobs.get('tenant', job.id))?.parts).toMatchObject([
    { state: 'waiting', attempts: 1, failure: 'its worker was stopped' },
  ]);
  at.work(new RunNumbers(part), { name: 'two' });
  expect(await at.ended(job.id)).toMatchObject({ state: 'done' });
});

test('a worker that drains finishes what has begun and leaves the rest', async () => {
  const at = await service();
  const jobs = [await submit(at, 1), await submit(at, 1), await submit(at, 1)];
  let begun = 0;
  let drain: (() => Promise<void>) | undefined;
  const drained = new Promise<void>((resolve) => {
    const evaluator = new RunNumbers(part, async () => {
      begun++;
      await new Promise((wait) => setTimeout(wait, 50));
      if (begun === 2) resolve(drain?.());
    });
    drain = at.work(evaluator, { name: 'one' });
  });
  await drained;
  const states = await Promise.all(jobs.map(async ({ id }) => (await at.jobs.get('tenant', id))?.state));
  expect(states.toSorted()).toEqual(['done', 'done', 'waiting']);
  expect(await at.backend.queue.waiting()).toBe(1);
});
