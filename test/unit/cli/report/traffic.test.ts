/** What travels, against what a client and an engine really send. */
import { describe, expect, test } from 'vitest';
import { requestTimes, trafficOf, transferMilliseconds } from '../../../../cli/report/figures/traffic.ts';
import { Client } from '../../../../runtime/client.ts';
import { evaluationMilliseconds } from '../../../../costs/plan-statistics.ts';
import { compiledPlan } from './pruned-plan.ts';

const plan = compiledPlan();

test('a megabyte takes 800 ms at 10 Mbit/s', () => {
  expect(transferMilliseconds(1e6, 10)).toBe(800);
});

test('bytes are those of the files of a client', async () => {
  const { keyBytes, uploadBytes } = trafficOf(plan);
  const client = await Client.create(plan.client);
  const keys = client.generateKeys();
  const sample = new Map([['x', new Float64Array(24).fill(0.5)]]);
  const [sentKeys, sent] = [keys.evaluationKeys.length, client.encrypt([sample]).length];
  client.close();
  expect(keyBytes / sentKeys).toBeGreaterThan(0.97);
  expect(keyBytes / sentKeys).toBeLessThan(1.03);
  expect(uploadBytes / sent).toBeGreaterThan(0.97);
  expect(uploadBytes / sent).toBeLessThan(1.03);
});

describe('a request', () => {
  test('travels in a tenth of the time at ten times the bandwidth, and computes in the same', () => {
    const [slow, fast] = [requestTimes(plan, 10), requestTimes(plan, 100)];
    expect(slow.upload).toBeCloseTo(10 * fast.upload, 9);
    expect(slow.download).toBeCloseTo(10 * fast.download, 9);
    expect(slow.evaluation).toBe(evaluationMilliseconds(plan));
    expect({ ...slow, upload: 0, download: 0 }).toEqual({ ...fast, upload: 0, download: 0 });
  });
});
