/** Files that are larger than memory, through the worker of a client: piece by piece, as fast as they are taken. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Sample } from '../../../../ir/interface.ts';
import type { StreamOptions } from '../../../../runtime/client.ts';
import { bytesAccess } from '../../../../runtime/format/random-access.ts';
import { writeClientPart } from '../../../../runtime/hep/client-part.ts';
import { sampleSource } from '../../../../runtime/sample-source.ts';
import type { KeySet } from '../../../../runtime/cipher/key-files.ts';
import { WorkerClient } from '../../../../runtime/worker-client/worker-client.ts';
import { codesOfAsync } from '../../../support/codes.ts';
import { withServer } from '../../../support/serve-plans.ts';
import { identityPlan } from '../engines/seal-wasm/programs.ts';

const plan = identityPlan();
const { slots } = plan.program;

let client: WorkerClient;
let keys: KeySet;
beforeAll(async () => {
  client = await WorkerClient.create(writeClientPart(plan.client));
  keys = await client.generateKeys();
});
afterAll(() => client.close());

function sample(k: number): Sample {
  return new Map([['x0', new Float64Array(slots).fill((k % 16) / 16)]]);
}

const samples = [0, 1, 2, 3, 4].map(sample);

async function encrypted(options: StreamOptions = {}): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  const append = (bytes: Uint8Array): Promise<void> => {
    pieces.push(bytes);
    return Promise.resolve();
  };
  const size = await client.encryptTo(sampleSource(samples), append, options);
  const file = new Uint8Array(Buffer.concat(pieces));
  expect(file).toHaveLength(size);
  return file;
}

function evaluated(inputs: Uint8Array): Promise<Uint8Array> {
  return withServer(plan, keys, { threads: 1 }, (served) => served.evaluate(inputs));
}

describe('through the worker of a client', { timeout: 60_000 }, () => {
  let outputs: Uint8Array;
  beforeAll(async () => {
    outputs = await evaluated(await encrypted());
  });

  test('samples are encrypted and decrypted run by run, with progress', async () => {
    const fractions: number[] = [];
    const onProgress = (fraction: number): void => void fractions.push(fraction);
    expect(await encrypted({ onProgress })).toHaveLength((await client.encrypt(samples)).length);
    expect(fractions).toEqual([0.2, 0.4, 0.6, 0.8, 1]);
    const { samples: count, runs } = await client.decryptFrom(bytesAccess(outputs), { raw: true, onProgress });
    const values: number[] = [];
    for await (const run of runs) {
      values.push(...run.map((answer) => answer.get('y0')?.[0] ?? NaN));
      // Others have their turn between two runs.
      expect(await client.decrypt(outputs)).toHaveLength(5);
    }
    expect(count).toBe(5);
    expect(fractions.slice(5)).toEqual([0.2, 0.4, 0.6, 0.8, 1]);
    for (const [k, value] of values.entries()) expect(value).toBeCloseTo(k / 16, 3);
  });

  test('nothing is read or written before the last piece has been taken', async () => {
    let taking = 0;
    const slowly = async <T>(take: () => T): Promise<T> => {
      expect(++taking).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 5));
      taking--;
      return take();
    };
    let written = 0;
    const counted = {
      count: samples.length,
      read: (first: number, end: number) =>
        slowly(() => {
          // Of the second reading: the run before is in the file.
          if (written > 0) expect(written).toBeGreaterThanOrEqual(first);
          return samples.slice(first, end);
        }),
    };
    await client.encryptTo(counted, () =>
      slowly(() => {
        written++;
      }),
    );
    expect(written).toBeGreaterThan(samples.length);
    let decrypted = 0;
    let readAhead = 0;
    const source = bytesAccess(outputs);
    const { runs } = await client.decryptFrom({
      size: source.size,
      read: (offset, length) => {
        readAhead++;
        return slowly(() => undefined).then(() => source.read(offset, length));
      },
    });
    readAhead = 0;
    for await (const run of runs) {
      decrypted += run.length;
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(readAhead).toBeLessThanOrEqual(decrypted);
    }
    expect(decrypted).toBe(5);
  });

  test('a piece of something larger is sent without the rest', async () => {
    const whole = new Float64Array(5 * slots);
    for (const [k, own] of samples.entries()) whole.set(own.get('x0') ?? [], k * slots);
    const read = (first: number, end: number) =>
      Promise.resolve(
        Array.from({ length: end - first }, (_, k) => ({
          x0: whole.subarray((first + k) * slots, (first + k + 1) * slots),
        })),
      );
    let written = 0;
    await client.encryptTo({ count: 5, read }, (bytes) => {
      expect(bytes.buffer.byteLength).toBe(bytes.byteLength);
      written += bytes.length;
      return Promise.resolve();
    });
    expect(written).toBe((await client.encrypt(samples)).length);
    expect(whole.byteLength).toBe(5 * slots * 8);
  });

  test('what the caller throws comes back as it is, and the client goes on', async () => {
    const reason = { its: 'own' };
    const refuse = (): Promise<never> => {
      // Whatever it is, not an error alone.
      // eslint-disable-next-line @typescript-eslint/only-throw-error
      throw reason;
    };
    const onProgress = (): void => void refuse();
    const nothing = (): Promise<void> => Promise.resolve();
    await expect(client.encryptTo(sampleSource(samples), refuse)).rejects.toBe(reason);
    await expect(client.encryptTo({ count: 2, read: refuse }, nothing)).rejects.toBe(reason);
    await expect(client.encryptTo(sampleSource(samples), nothing, { onProgress })).rejects.toBe(reason);
    await expect(client.decryptFrom({ size: outputs.length, read: refuse })).rejects.toBe(reason);
    let reads = 0;
    const source = bytesAccess(outputs);
    const broken = { size: source.size, read: (o: number, n: number) => (reads < 0 ? refuse() : source.read(o, n)) };
    const { runs } = await client.decryptFrom(broken);
    reads = -1;
    await expect(runs[Symbol.asyncIterator]().next()).rejects.toBe(reason);
    expect(await client.decrypt(outputs)).toHaveLength(5);
  });

  test('an abort ends what waits for the caller', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const never = (): Promise<never> => {
      controller.abort('enough');
      return new Promise(() => undefined);
    };
    await expect(client.encryptTo(sampleSource(samples), never, { signal })).rejects.toBe('enough');
    const other = new AbortController();
    const { runs } = await client.decryptFrom(bytesAccess(outputs), { signal: other.signal });
    const all = runs[Symbol.asyncIterator]();
    expect((await all.next()).value).toHaveLength(1);
    other.abort('enough');
    await expect(all.next()).rejects.toBe('enough');
    expect(await client.decrypt(outputs)).toHaveLength(5);
  });

  test('what is wrong is said as by a client without a worker', async () => {
    const append = (): Promise<void> => Promise.resolve();
    const beyond = [...samples.slice(0, 2), new Map([['x0', new Float64Array(slots).fill(1e9)]])];
    await expect(client.encryptTo(sampleSource(beyond), append)).rejects.toThrow(/H510.*of sample 2 is/);
    const missing = [...samples.slice(0, 3), {}];
    await expect(client.encryptTo(sampleSource(missing), append)).rejects.toThrow(/H620.*sample 3/);
    expect(await codesOfAsync(() => client.encryptTo({ ...sampleSource(samples), count: 9 }, append))).toEqual([
      'H612',
    ]);
    const damaged = outputs.slice();
    damaged[damaged.length - 1000] = (damaged.at(-1000) ?? 0) ^ 1;
    expect(await codesOfAsync(() => client.decryptFrom(bytesAccess(damaged)))).toEqual(['H604']);
  });

  test('other keys in the middle of a file are refused', async () => {
    const { runs } = await client.decryptFrom(bytesAccess(outputs));
    const all = runs[Symbol.asyncIterator]();
    expect((await all.next()).value).toHaveLength(1);
    await client.generateKeys();
    expect(await codesOfAsync(() => all.next())).toEqual(['H606']);
    await client.loadKeys(keys.secretKey);
  });
});
