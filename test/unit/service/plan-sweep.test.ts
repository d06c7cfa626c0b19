/** Plans that nobody serves any more go, and no other. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Job } from '../../../service/jobs/job-record.ts';
import type { ModelRecord } from '../../../service/models/model-record.ts';
import { frontLease, frontPrefix, PlanSweep } from '../../../service/plan-sweep.ts';
import type { Backend } from '../../../service/stores/backend.ts';
import { openLocalBackend } from '../../../service/stores/local/open.ts';

const minute = 60_000;

let folder: string;
let backend: Backend;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hepc-plans-'));
  backend = await openLocalBackend(folder);
});
afterEach(async () => {
  await backend.close();
  rmSync(folder, { recursive: true });
});

const digestOf = (letter: string): string => letter.repeat(64);

/** A plan with a client part and a report, stored as a front stores it. */
async function stored(letter: string): Promise<ModelRecord> {
  const record = {
    ...{ id: 'mlp', digest: digestOf(letter), clientDigest: digestOf('c'), report: `report-${digestOf(letter)}` },
    ...{ keyBytes: 1, requestBytes: 1, responseBytes: 1, evaluationMs: 1, memoryBytes: 1 },
  };
  for (const name of [record.digest, record.clientDigest, record.report])
    await backend.objects.put('plans', name, oneByte(), { limitBytes: 1 });
  return record;
}

async function* oneByte(): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(Uint8Array.of(1));
}

async function there(): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of backend.objects.list('plans')) names.push(name.replace(/(.)\1{63}$/, '$1'));
  return names.toSorted();
}

function jobOf(plan: string, state: 'running' | 'done') {
  return {
    ...{
      id: 'j'.repeat(22),
      tenant: 'one',
      plan,
      keys: digestOf('f'),
      samples: 1,
      inputBytes: 1,
      state,
      durable: true,
    },
    parts: [{ first: 0, end: 1, state: 'waiting' as const, attempts: 0 }],
    ...{ submittedAt: 1, deadlineAt: 2, expiresAt: 3 },
  } satisfies Job;
}

test('a plan goes a while after the last who needs it: a record, a front, a job', async () => {
  const [old, fresh] = [await stored('a'), await stored('b')];
  const { registry, leases } = backend;
  await registry.create('models.mlp', fresh);
  const front = await leases.create(`${frontPrefix}.one`, frontLease([old]));
  const job = await registry.create('jobs.j', jobOf(old.digest, 'running'));
  if (front === undefined || job === undefined) throw new Error('not made');
  const sweep = new PlanSweep(backend);
  const all = ['a', 'b', 'c', 'report-a', 'report-b'];
  for (const now of [0, 60 * minute]) await sweep.run(now);
  expect(await there()).toEqual(all);
  // A front that was away for some minutes comes back to its plan.
  await leases.delete(front);
  for (const now of [61, 70]) await sweep.run(now * minute);
  const back = await leases.create(`${frontPrefix}.one`, frontLease([old]));
  for (const now of [71, 90]) await sweep.run(now * minute);
  expect(await there()).toEqual(all);
  if (back !== undefined) await leases.delete(back);
  for (const now of [91, 107]) await sweep.run(now * minute);
  expect(await there()).toEqual(['a', 'b', 'c', 'report-b']);
  await registry.update(job, jobOf(old.digest, 'done'));
  for (const now of [108, 122]) await sweep.run(now * minute);
  expect(await there()).toEqual(['a', 'b', 'c', 'report-b']);
  await sweep.run(124 * minute);
  expect(await there()).toEqual(['b', 'c', 'report-b']);
});
