/** Teams of real threads. */
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { Stopped } from '../../../../../../runtime/engines/exchange/exchange.ts';
import {
  abortTeam,
  resetTeam,
  SharedTeam,
  teamWords,
} from '../../../../../../runtime/engines/simd/session/shared-team.ts';
import { casesOf } from '../../../../../support/setup/suite.ts';
import type { MemberTask } from './team-member.ts';

const entry = new URL('./team-member.ts', import.meta.url);

function start(task: MemberTask): Promise<number> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(entry, { workerData: task, execArgv: [] });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

function startAll(
  memory: SharedArrayBuffer,
  size: number,
  rounds: number,
  absent: { readonly member?: number; readonly from?: number } = {},
): Promise<number>[] {
  return Array.from({ length: size }, (_, index) => {
    const task = { memory, index, size, rounds };
    return start(index === absent.member ? { ...task, absentFrom: absent.from ?? 1 } : task);
  });
}

describe.each([
  { size: 1, rounds: casesOf({ normal: 10_000, nightly: 50_000 }) },
  { size: 2, rounds: casesOf({ normal: 10_000, nightly: 50_000 }) },
  // More than there may be cores: members sleep.
  { size: 5, rounds: 500 },
])('a team of $size', ({ size, rounds }) => {
  test('nobody passes a barrier before all are there', { timeout: 120_000 }, async () => {
    const early = await Promise.all(startAll(new SharedArrayBuffer(4096), size, rounds));
    expect(early).toEqual(early.map(() => 0));
  });
});

test('members that wait for one that does not come are released by an abort, and the team works again', async () => {
  const memory = new SharedArrayBuffer(4096);
  const words = teamWords(memory, 0);
  const members = startAll(memory, 3, 1000, { member: 1, from: 20 });
  expect(await members[1]).toBe(0);
  await new Promise((resolve) => setTimeout(resolve, 50));
  abortTeam(words);
  expect(await Promise.all(members)).toEqual([-1, 0, -1]);

  expect(await Promise.all(startAll(memory, 3, 10))).toEqual([-1, -1, -1]);
  resetTeam(words);
  expect(await Promise.all(startAll(memory, 3, 100))).toEqual([0, 0, 0]);
});

test('an abort in the midst of the work ends all members', async () => {
  const memory = new SharedArrayBuffer(4096);
  const members = startAll(memory, 2, 1e9);
  await new Promise((resolve) => setTimeout(resolve, 300));
  abortTeam(teamWords(memory, 0));
  expect(await Promise.all(members)).toEqual([-1, -1]);
});

test('a team of one never waits, and can be aborted', () => {
  const words = teamWords(new SharedArrayBuffer(4096), 0);
  const team = new SharedTeam(words, 0, 1);
  for (let k = 0; k < 10; k++) team.barrier();
  abortTeam(words);
  expect(() => {
    team.barrier();
  }).toThrow(Stopped);
});
