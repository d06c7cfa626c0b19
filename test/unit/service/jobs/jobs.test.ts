import { afterEach, expect, test } from 'vitest';
import type { ServiceSettings } from '../../../../service/base/settings.ts';
import { BusyError } from '../../../../service/jobs/busy-error.ts';
import type { Job } from '../../../../service/jobs/job-record.ts';
import { codesOfAsync } from '../../../support/codes.ts';
import { JobService, pieces, smallPlan, testSettings } from '../../../support/job-service.ts';
import { emptyInputs, RunNumbers, runNumbers, testKey } from '../worker/run-numbers.ts';

const { client: part } = smallPlan();
const digest = 'cd'.repeat(32);
const hour = 3_600_000;

let at: JobService;
afterEach(() => at.close());

async function open(settings: Partial<ServiceSettings> = {}): Promise<void> {
  at = await JobService.open({ ...testSettings, ...settings });
}

function submit(
  inputs: AsyncIterable<Uint8Array> = pieces(emptyInputs(part, 1)),
  rest: Partial<Parameters<JobService['jobs']['submit']>[0]> = {},
  signal?: AbortSignal,
): Promise<Job> {
  return at.jobs.submit(
    {
      tenant: 'one',
      plan: { digest, part },
      keys: { digest, keyId: testKey },
      inputs,
      deadlineSeconds: 60,
      durable: true,
      ...rest,
    },
    signal,
  );
}

async function names(bucket: 'inputs' | 'outputs'): Promise<string[]> {
  const list: string[] = [];
  for await (const { name } of at.backend.objects.list(bucket)) list.push(name);
  return list;
}

test.each<readonly [string, (bytes: Uint8Array) => Uint8Array, string]>([
  ['nothing', () => new Uint8Array(), 'H601'],
  ['something else', () => Buffer.from('<html>no</html>'), 'H601'],
  ['inputs that end early', (bytes) => bytes.subarray(0, -1), 'H821'],
  ['inputs that end in their header', (bytes) => bytes.subarray(0, 40), 'H604'],
  ['inputs that go on', (bytes) => Buffer.concat([bytes, bytes]), 'H821'],
  ['outputs', () => runNumbers(part, 0, 1), 'H603'],
])('%s is refused, and nothing is left of it', async (_, change, code) => {
  await open();
  for (const size of [7, 100_000])
    expect(await codesOfAsync(() => submit(pieces(change(emptyInputs(part, 1)), size)))).toEqual([code]);
  expect(await names('inputs')).toEqual([]);
  expect(await at.backend.queue.waiting()).toBe(0);
});

test('inputs of another key, another plan, and more than the service takes are refused by their header', async () => {
  await open({ maxInputBytes: 100_000 });
  let asked = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const piece of pieces(emptyInputs(part, 2), 4096)) {
      asked += piece.length;
      yield piece;
    }
  }
  expect(await codesOfAsync(() => submit(counted()))).toEqual(['H822']);
  expect(await codesOfAsync(() => submit(counted(), { keys: { digest, keyId: digest } }))).toEqual(['H606']);
  const other = { ...part, name: 'other' };
  expect(await codesOfAsync(() => submit(counted(), { plan: { digest, part: other } }))).toEqual(['H607']);
  expect(asked).toBe(3 * 4096);
});

test('the queue is bounded, those that are arriving counted, and who is refused is told when to come again', async () => {
  await open({ maxQueue: 2 });
  await submit();
  let arrive: (() => void) | undefined;
  const slow = submit(
    (async function* () {
      await new Promise<void>((resolve) => (arrive = resolve));
      yield* pieces(emptyInputs(part, 1));
    })(),
  );
  await expect.poll(() => arrive).toBeDefined();
  const refused = await submit().catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(BusyError);
  expect(refused).toMatchObject({ retryAfterSeconds: 1, diagnostics: [{ code: 'H820' }] });
  arrive?.();
  await slow;
  expect(await at.backend.queue.waiting()).toBe(2);
});

test('requests with one idempotency key are one job, whenever they come', async () => {
  await open();
  const rest = { idempotencyKey: 'ä key/of any kind' };
  const together = await Promise.all([submit(undefined, rest), submit(undefined, rest), submit(undefined, rest)]);
  const again = await submit(undefined, rest);
  expect(new Set([...together, again].map(({ id }) => id)).size).toBe(1);
  expect(await at.backend.queue.waiting()).toBe(1);
  expect(await names('inputs')).toEqual([again.id]);
  const otherTenant = await submit(undefined, { ...rest, tenant: 'two' });
  expect(otherTenant.id).not.toBe(again.id);
  const otherKeys = { ...rest, keys: { digest: 'ef'.repeat(32), keyId: testKey } };
  expect(await codesOfAsync(() => submit(undefined, otherKeys))).toEqual(['H823']);
});

test('a job is its tenant’s alone', async () => {
  await open();
  const { id } = await submit();
  expect(await at.jobs.get('two', id)).toBeUndefined();
  expect(await at.jobs.cancel('two', id)).toBeUndefined();
  for await (const update of at.jobs.watch('two', id)) expect(update).toBeUndefined();
  expect(await at.jobs.get('one', `../${id}`)).toBeUndefined();
  expect(await at.jobs.get('one', id)).toMatchObject({ state: 'waiting' });
});

test('a caller that goes away while it sends leaves nothing', async () => {
  await open();
  const abort = new AbortController();
  const reason = new Error('gone');
  const sent = submit(
    (async function* () {
      for await (const piece of pieces(emptyInputs(part, 1), 8192)) {
        yield piece;
        abort.abort(reason);
      }
    })(),
    {},
    abort.signal,
  );
  await expect(sent).rejects.toBe(reason);
  expect(await names('inputs')).toEqual([]);
});

test('tasks that were lost between record and push are pushed again, once', async () => {
  await open();
  const push = at.backend.queue.push.bind(at.backend.queue);
  at.backend.queue.push = () => new Promise(() => undefined);
  void submit();
  let id = '';
  await expect
    .poll(async () => {
      for await (const { name } of at.backend.registry.list('jobs')) id = name.slice(5);
      return id;
    })
    .not.toBe('');
  at.backend.queue.push = push;
  await at.jobs.sweep(Date.now());
  expect(await at.backend.queue.waiting()).toBe(0);
  for (let k = 0; k < 2; k++) await at.jobs.sweep(Date.now() + 20_000);
  expect(await at.backend.queue.waiting()).toBe(1);
});

test('tasks that the store has lost are pushed again, those that are held are not', async () => {
  await open({ runsPerPart: 1 });
  const { id } = await submit(pieces(emptyInputs(part, 3)));
  const { queue } = at.backend;
  const take = () => queue.take({ suits: () => 0, signal: AbortSignal.timeout(10_000) });
  const [, lost] = [await take(), await take()];
  // As if its file were damaged.
  await lost.acknowledge();
  const later = Date.now() + 20_000;
  await at.jobs.sweep(later);
  expect([...((await queue.parts()).get(id) ?? [])].sort()).toEqual([0, 1, 2]);
  expect(await queue.waiting()).toBe(2);
  await at.jobs.sweep(later);
  expect(await queue.waiting()).toBe(2);
  await at.jobs.cancel('one', id);
  for (let k = 0; k < 2; k++) await (await take()).acknowledge();
  await at.jobs.sweep(later);
  expect(await queue.waiting()).toBe(0);
});

test('what has expired goes, with what belongs to nothing; what is needed stays', async () => {
  await open({ resultSeconds: 3600 });
  const bytes = Uint8Array.of(1);
  const stored = { plan: await at.store('plans', bytes), keys: await at.store('keys', bytes) };
  const rest = { plan: { digest: stored.plan, part }, keys: { digest: stored.keys, keyId: testKey } };
  const drain = at.work(new RunNumbers(part), { name: 'one' });
  const done = await submit(pieces(emptyInputs(part, 5)), { ...rest, idempotencyKey: 'k' });
  for await (const update of at.jobs.watch('one', done.id)) if (update.job.state === 'failed') break;
  await drain();
  const waiting = await submit(undefined, { ...rest, deadlineSeconds: 300 });
  await at.backend.objects.put('outputs', 'A'.repeat(22), pieces(bytes), { limitBytes: 1 });

  await at.jobs.sweep(Date.now());
  expect(await names('inputs')).toEqual([waiting.id]);
  expect(new Set(await names('outputs'))).toEqual(new Set([done.id, 'A'.repeat(22)]));

  await at.jobs.sweep(Date.now() + 1.5 * hour);
  expect(await names('inputs')).toEqual([]);
  expect(await names('outputs')).toEqual([]);
  expect(await at.jobs.get('one', done.id)).toBeUndefined();
  expect(await at.jobs.get('one', waiting.id)).toMatchObject({ state: 'failed', problem: { code: 'H824' } });
  expect(await submit(undefined, { ...rest, idempotencyKey: 'k' })).not.toMatchObject({ id: done.id });
});
