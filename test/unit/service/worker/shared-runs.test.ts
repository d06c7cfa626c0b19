/** Which requests share a run, and what becomes of each of them. */
import { afterEach, expect, test } from 'vitest';
import { wrongCount } from '../../../../ir/diagnostics/runtime.ts';
import { HepcError } from '../../../../ir/diagnostics/diagnostic.ts';
import { openEnvelope, sealEnvelope } from '../../../../runtime/seal/bytes/envelope.ts';
import type { EvaluationRequest } from '../../../../service/evaluation/evaluator.ts';
import type { Job } from '../../../../service/jobs/job-record.ts';
import { JobService, pieces, smallPlan, testSettings } from '../../../support/job-service.ts';
import { emptyInputs, RunNumbers, testKey } from './run-numbers.ts';

const batch = 64;
const part = { ...smallPlan().client, batch };

let open: JobService | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});

async function service(): Promise<JobService> {
  open = await JobService.open(testSettings);
  return open;
}

interface Submission {
  readonly place?: number;
  readonly samples?: number;
  readonly tenant?: string;
  readonly keys?: string;
  readonly most?: number;
}

async function submit(
  at: JobService,
  { place, samples = 2, tenant = 'tenant', keys = 'keys', most = 4 }: Submission,
): Promise<Job> {
  const envelope = openEnvelope(emptyInputs(part, 1), { kind: 'inputs' });
  return at.jobs.submit({
    tenant,
    plan: { digest: await at.store('plans', new Uint8Array(8)), part, requestsPerRun: most },
    keys: { digest: await at.store('keys', Buffer.from(keys)), keyId: testKey },
    inputs: pieces(sealEnvelope({ ...envelope, samples, ...(place !== undefined && { place }) })),
    deadlineSeconds: 30,
    durable: false,
  });
}

/** An evaluator, and the jobs of each of its runs. */
function watched(before: (request: EvaluationRequest) => Promise<void> = () => Promise.resolve()) {
  const runs: string[][] = [];
  const evaluator = new RunNumbers(part, async (request) => {
    runs.push(request.outputs.map((path) => path.slice(path.lastIndexOf('/') + 1).slice(0, 22)));
    expect(request.inputs).toHaveLength(request.outputs.length);
    await before(request);
  });
  return { evaluator, runs };
}

const sorted = (runs: readonly (readonly string[])[]): string[] => runs.map((run) => run.toSorted().join()).toSorted();

test('requests of one tenant and key at different places share a run, as many as the plan bears; no others', async () => {
  const at = await service();
  const groups = [
    [
      await submit(at, { place: 0 }),
      await submit(at, { place: 62 }),
      await submit(at, { place: 2, samples: 9 }),
      await submit(at, { place: 11 }),
    ],
    [await submit(at, { place: 13 }), await submit(at, { place: 0 })],
    [await submit(at, { place: 14 })],
    [await submit(at, { place: 20, tenant: 'other' }), await submit(at, { place: 22, tenant: 'other' })],
    [await submit(at, { place: 24, keys: 'others' })],
    [await submit(at, {})],
    [await submit(at, { place: 26, most: 1 })],
  ];
  const { evaluator, runs } = watched();
  at.work(evaluator, { name: 'one' });
  for (const job of groups.flat()) {
    let last: Job | undefined;
    for await (const { job: now } of at.jobs.watch(job.tenant, job.id)) last = now;
    expect(last).toMatchObject({ state: 'done', output: { bytes: expect.any(Number) as number } });
  }
  expect(sorted(runs)).toEqual(sorted(groups.map((group) => group.map(({ id }) => id))));
});

test('inputs that are refused spoil no other request of their run', async () => {
  const at = await service();
  const jobs = [];
  for (const place of [0, 2, 4]) jobs.push(await submit(at, { place }));
  const bad = jobs[1]?.id ?? '';
  const { evaluator, runs } = watched(({ outputs }) =>
    outputs.some((path) => path.includes(bad))
      ? Promise.reject(new HepcError([wrongCount({ what: 'things', expected: 1, got: 2 })]))
      : Promise.resolve(),
  );
  at.work(evaluator, { name: 'one' });
  for (const { id } of jobs)
    expect(await at.ended(id)).toMatchObject(
      id === bad ? { state: 'failed', problem: { code: 'H612' } } : { state: 'done' },
    );
  expect(runs[0]).toHaveLength(3);
  expect(sorted(runs.slice(1))).toEqual(jobs.map(({ id }) => id).toSorted());
});

test('a request that is cancelled leaves the run to the others', async () => {
  const at = await service();
  const [one, two] = [await submit(at, { place: 0 }), await submit(at, { place: 2 })];
  const begun = Promise.withResolvers<AbortSignal | undefined>();
  const go = Promise.withResolvers<undefined>();
  const { evaluator } = watched(async ({ signal }) => {
    begun.resolve(signal);
    await go.promise;
  });
  at.work(evaluator, { name: 'one' });
  const signal = await begun.promise;
  await at.jobs.cancel('tenant', one.id);
  const wasAborted = signal?.aborted;
  go.resolve(undefined);
  expect(wasAborted).toBe(false);
  expect(await at.ended(two.id)).toMatchObject({ state: 'done' });
  expect(await at.ended(one.id)).toMatchObject({ state: 'cancelled' });
});

test('a run that nobody waits for any more ends', async () => {
  const at = await service();
  const jobs = [await submit(at, { place: 0 }), await submit(at, { place: 2 })];
  const begun = Promise.withResolvers<AbortSignal | undefined>();
  const { evaluator } = watched(({ signal }) => {
    begun.resolve(signal);
    return new Promise((_, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason as Error));
    });
  });
  at.work(evaluator, { name: 'one' });
  const signal = await begun.promise;
  for (const { id } of jobs) await at.jobs.cancel('tenant', id);
  // The worker drains, so its run has ended.
  await at.close();
  open = undefined;
  expect(signal?.aborted).toBe(true);
});
