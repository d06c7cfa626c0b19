/** Saved keys on their way to the workers: what is read is not written to meanwhile. */
import { expect, test } from 'vitest';
import { digitBytes, listDigits } from '../../../../../../runtime/engines/simd/bytes/load-keys.ts';
import { placeKeys } from '../../../../../../runtime/engines/simd/program/place-keys.ts';
import { KeyLoads } from '../../../../../../runtime/engines/simd/session/key-loads.ts';
import { loadRooms, planProgram } from '../../../../../../runtime/engines/simd/session/memory-plan.ts';
import { createMemory } from '../../../../../../runtime/rns/kernels/module.ts';
import { readEvaluationKeys } from '../../../../../../runtime/cipher/key-files.ts';
import { mixedPlan, withClient } from '../../../../../support/serve-plans.ts';

const plan = mixedPlan();
const { columns, parameters } = plan.program;
const whole = planProgram(columns, parameters, 1, 2 ** 28);
const { rotationSteps, needsRelinKeys } = plan.client;
const needs = { parameters, rotationSteps, needsRelinKeys };
const digits = listDigits(needs, placeKeys(whole.keys, parameters, 0, 0));
const mostBytes = Math.max(...digits.map(digitBytes));

test.each([1, 2, 3])('%i digits at a time, each once, there until the next but one is asked for', async (count) => {
  await withClient(plan, (_, keys) => {
    const saved = readEvaluationKeys(keys.evaluationKeys, plan.client);
    const { regions } = whole.memory;
    const bytes = loadRooms * count * mostBytes;
    const memory = { ...whole.memory, regions: { ...regions, staging: regions.values + bytes } };
    const shared = createMemory(regions.values + bytes, 'narrow');
    const view = ({ address, length }: { readonly address: number; readonly length: number }): Buffer =>
      Buffer.from(shared.buffer, address, length);

    let before: { readonly now: Buffer; readonly then: Buffer } | undefined;
    let next = 0;
    for (const request of new KeyLoads({ ...whole, memory }, needs, shared).load(0, saved)) {
      if (request.bytes instanceof Uint8Array) throw new Error('bytes that are not in the memory');
      expect({ first: request.first, few: request.count <= count }).toEqual({ first: next, few: true });
      next += request.count;
      const now = view(request.bytes);
      expect(request.bytes.address).toBeGreaterThanOrEqual(regions.values);
      expect(request.bytes.address + request.bytes.length).toBeLessThanOrEqual(regions.values + bytes);
      if (before !== undefined) expect(before.now.equals(before.then)).toBe(true);
      before = { now, then: Buffer.from(Uint8Array.from(now)) };
    }
    expect(next).toBe(digits.length);
    expect(digits.length).toBeGreaterThan(3);
    return Promise.resolve();
  });
});
