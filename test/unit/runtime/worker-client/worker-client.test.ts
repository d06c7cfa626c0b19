/** The client in a worker of Node; `test/e2e/browser.test.ts` has it in a page. */
import { describe, expect, test } from 'vitest';
import { Client } from '../../../../runtime/client.ts';
import { writeHep } from '../../../../runtime/hep/write.ts';
import { writeClientPart } from '../../../../runtime/hep/client-part.ts';
import { liveWorkers } from '../../../../runtime/engines/threads/worker-thread.ts';
import { WorkerClient } from '../../../../runtime/worker-client/worker-client.ts';
import { codesOfAsync } from '../../../support/codes.ts';
import { formerParameters, smallPlan } from '../../../fuzz/targets/small-plan.ts';
import {
  difference,
  inTheClear,
  randomSample,
  shallowPlan,
  withClient,
  withServer,
  withStatistics,
} from '../../../support/serve-plans.ts';

const plan = withStatistics(shallowPlan());
const samples = [0, 1, 2].map((seed) => randomSample(plan, seed));

async function withWorker(use: (client: WorkerClient) => Promise<void>): Promise<void> {
  const client = await WorkerClient.create(writeClientPart(plan.client));
  try {
    await use(client);
  } finally {
    await client.close();
  }
}

/** What the server answers. */
function evaluate(keys: Awaited<ReturnType<WorkerClient['generateKeys']>>, inputs: Uint8Array): Promise<Uint8Array> {
  return withServer(plan, keys, { threads: 1 }, (served) => served.evaluate(inputs));
}

describe('a client in a worker', { timeout: 60_000 }, () => {
  test('makes keys, encrypts and decrypts as the one in this thread, and ends with its worker', async () => {
    await withWorker(async (client) => {
      expect(client.part).toEqual(plan.client);
      expect(client.inputs.map(({ name }) => name)).toEqual(plan.client.inputs.map(({ name }) => name));
      const progress: number[] = [];
      const keys = await client.generateKeys({ onProgress: (part) => progress.push(part) });
      expect(progress.length).toBeGreaterThan(3);
      expect(progress).toEqual(progress.toSorted((a, b) => a - b));
      expect(progress.at(-1)).toBe(1);
      const inputs = await client.encrypt(samples);
      const answers = await client.decrypt(await evaluate(keys, inputs), { raw: true });
      for (const [k, sample] of samples.entries())
        expect(difference(plan, answers[k] ?? new Map(), await inTheClear(plan, sample))).toBeLessThan(1e-3);
      expect(client.warnings).toEqual([]);
      // Its keys are those of the other client.
      const own = await Client.create(plan.client);
      own.loadKeys(keys.secretKey);
      expect(own.decrypt(await evaluate(keys, own.encrypt(samples)), { raw: true })).toHaveLength(3);
      own.close();
    });
    expect(liveWorkers()).toBe(0);
  });

  test('takes a whole plan, keys of another client, plain objects, arrays of all kinds and buffers', async () => {
    await withClient(plan, async (owner, keys) => {
      const client = await WorkerClient.create(Buffer.from(writeHep(plan)));
      try {
        await client.loadKeys(Buffer.from(keys.secretKey));
        const [sample = new Map<string, Float64Array>()] = samples;
        const given = Object.fromEntries(Array.from(sample, ([name, values]) => [name, Float32Array.from(values)]));
        const outputs = await evaluate(keys, await client.encrypt([given]));
        const [answer = new Map()] = await client.decrypt(Buffer.from(outputs), { raw: true });
        expect(difference(plan, answer, await inTheClear(plan, sample))).toBeLessThan(1e-3);
        expect(owner.decrypt(Buffer.from(outputs))).toHaveLength(1);
      } finally {
        await client.close();
      }
    });
  });

  test('says of a plan that it has less than 128 bits of security', async () => {
    const warnings: string[] = [];
    const file = writeClientPart(smallPlan(formerParameters).client);
    const client = await WorkerClient.create(file, { onWarning: ({ code }) => warnings.push(code) });
    await client.close();
    expect(warnings).toEqual(['H513']);
  });

  test('takes samples that no message can have in it, and what is in no way part of them', async () => {
    await withWorker(async (client) => {
      const keys = await client.generateKeys();
      const [sample = new Map<string, Float64Array>()] = samples;
      const lists = Array.from(sample, ([name, values]) => [name, new Proxy([...values], {})] as const);
      const given = new Proxy({ ...Object.fromEntries(lists), toString: () => 'a sample' } as never, {});
      const outputs = await evaluate(keys, await client.encrypt([given]));
      const [answer = new Map()] = await client.decrypt(outputs, { raw: true });
      expect(difference(plan, answer, await inTheClear(plan, sample))).toBeLessThan(1e-3);
    });
  });

  test('runs in a worker of the caller', async () => {
    const worker = new URL('../../../../runtime/worker-client/worker.ts', import.meta.url);
    const client = await WorkerClient.create(writeClientPart(plan.client), { worker });
    expect((await client.generateKeys()).secretKey.length).toBeGreaterThan(0);
    await client.close();
    const nowhere = new URL('nothing.ts', import.meta.url);
    await expect(WorkerClient.create(writeClientPart(plan.client), { worker: nowhere })).rejects.toThrow('nothing.ts');
    const refused = (): never => {
      throw new Error('no workers here');
    };
    const starting = WorkerClient.create(writeClientPart(plan.client), { worker: refused });
    await expect(starting).rejects.toThrow(/H646.*no workers here/);
    expect(liveWorkers()).toBe(0);
  });

  test('an abort ends the making of keys, and nothing else', async () => {
    await withWorker(async (client) => {
      const keys = await client.generateKeys();
      const controller = new AbortController();
      const progress: number[] = [];
      const onProgress = (part: number): void => {
        progress.push(part);
        controller.abort('enough');
      };
      await expect(client.generateKeys({ signal: controller.signal, onProgress })).rejects.toBe('enough');
      await expect(client.generateKeys({ signal: controller.signal })).rejects.toBe('enough');
      // The keys from before are there.
      const outputs = await evaluate(keys, await client.encrypt(samples.slice(0, 1)));
      expect(await client.decrypt(outputs)).toHaveLength(1);
      expect(progress).toHaveLength(1);
    });
  });

  test('refuses what the other refuses, with the same diagnostics', async () => {
    expect(await codesOfAsync(() => WorkerClient.create(Uint8Array.of(1, 2, 3)))).toEqual(['H501']);
    expect(await codesOfAsync(() => WorkerClient.create('plan.hep' as never))).toEqual(['H644']);
    await withWorker(async (client) => {
      expect(await codesOfAsync(() => client.encrypt(samples))).toEqual(['H633']);
      expect(await codesOfAsync(() => client.loadKeys(Uint8Array.of(1)))).toEqual(['H601']);
      await client.generateKeys();
      expect(await codesOfAsync(() => client.encrypt([{}]))).toEqual(plan.client.inputs.map(() => 'H620'));
      // No message can have a function in it.
      const [sample] = samples;
      const wrong = Object.fromEntries(Array.from(sample?.keys() ?? [], (name) => [name, () => 1]));
      await expect(client.encrypt([wrong as never])).rejects.toThrow(/H62\d.*has a function in it/);
    });
  });

  test('what is under way when it is closed rejects, and so does what comes later', async () => {
    const client = await WorkerClient.create(writeClientPart(plan.client));
    const making = codesOfAsync(() => client.generateKeys());
    await client.close();
    expect(await making).toEqual(['H640']);
    expect(await codesOfAsync(() => client.generateKeys())).toEqual(['H640']);
    await client.close();
    expect(liveWorkers()).toBe(0);
  });
});
