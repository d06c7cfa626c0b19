/** Files of ciphertexts that are larger than memory: written and read run by run. */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Sample } from '../../../ir/interface.ts';
import { Client } from '../../../runtime/client.ts';
import { fileAccess } from '../../../runtime/format/file-access.ts';
import { bytesAccess, type RandomAccess } from '../../../runtime/format/random-access.ts';
import type { Append } from '../../../runtime/format/zip-writer.ts';
import { sampleSource } from '../../../runtime/sample-source.ts';
import { Server } from '../../../runtime/server.ts';
import type { ServerSession } from '../../../runtime/server-session.ts';
import { memoryUse } from '../../support/memory-use.ts';
import { identityPlan } from './engines/seal-wasm/programs.ts';
import { casesOf, isNightly } from '../../support/setup/suite.ts';

const plan = identityPlan();
const { slots } = plan.program;
let client: Client;
let server: Server;
let session: ServerSession;
beforeAll(async () => {
  client = await Client.create(plan.client);
  server = await Server.create(plan, { engine: 'simd' });
  session = await server.openSession(client.generateKeys().evaluationKeys);
});
afterAll(async () => {
  client.close();
  await server.close();
});

function sample(k: number): Sample {
  return new Map([['x0', new Float64Array(slots).fill((k % 16) / 16)]]);
}

/** Appends to memory. */
function sink() {
  const parts: Uint8Array[] = [];
  const append = (bytes: Uint8Array) => {
    parts.push(bytes.slice());
    return Promise.resolve();
  };
  return { append, bytes: () => new Uint8Array(Buffer.concat(parts)) };
}

test('inputs that are encrypted run by run are inputs', async () => {
  const samples = [0, 1, 2, 3, 4].map(sample);
  const file = sink();
  const fractions: number[] = [];
  const size = await client.encryptTo(sampleSource(samples), file.append, { onProgress: (f) => fractions.push(f) });
  const whole = client.encrypt(samples);
  expect(file.bytes().length).toBe(whole.length);
  expect(size).toBe(whole.length);
  expect(fractions.at(-1)).toBe(1);
  const head = whole.subarray(0, whole.indexOf('}'.charCodeAt(0)));
  expect(file.bytes().subarray(0, head.length)).toEqual(head);
});

test('samples that do not fit are refused by their number before anything is written', async () => {
  const samples = [sample(0), sample(1), new Map([['x0', new Float64Array(slots).fill(1e9)]])];
  const file = sink();
  await expect(client.encryptTo(sampleSource(samples), file.append)).rejects.toThrow(/H510.*of sample 2 is/);
  await expect(client.encryptTo(sampleSource([]), file.append)).rejects.toThrow('H622');
  await expect(client.encryptTo({ ...sampleSource(samples), count: 9 }, file.append)).rejects.toThrow(/H510|H612/);
  expect(file.bytes()).toHaveLength(0);
  const abort = new AbortController();
  const stopped = client.encryptTo(sampleSource(samples.slice(0, 2)), file.append, {
    signal: abort.signal,
    onProgress: () => {
      abort.abort(new Error('enough'));
    },
  });
  await expect(stopped).rejects.toThrow('enough');
});

async function collect(outputs: RandomAccess): Promise<Sample[]> {
  const { samples, runs } = await client.decryptFrom(outputs, { raw: true });
  const all: Sample[] = [];
  for await (const run of runs) all.push(...run);
  expect(all).toHaveLength(samples);
  return all;
}

test('outputs that are evaluated and decrypted run by run are those of the whole file', async () => {
  const inputs = client.encrypt([0, 1, 2, 3, 4].map(sample));
  const file = sink();
  const { bytes } = await session.evaluateTo(bytesAccess(inputs), file.append);
  const { outputs } = await session.evaluate(inputs);
  expect(bytes).toBe(outputs.length);
  expect(Buffer.compare(file.bytes(), outputs)).toBe(0);
  expect(await collect(bytesAccess(outputs))).toEqual(client.decrypt(outputs));
});

test('keys that are replaced in the middle of a file are told of', async () => {
  const own = await Client.create(plan.client);
  const { secretKey, evaluationKeys } = own.generateKeys();
  const inputs = own.encrypt([0, 1].map(sample));
  const ownSession = await server.openSession(evaluationKeys);
  const { outputs } = await ownSession.evaluate(inputs);
  await ownSession.close();
  const runs = (await own.decryptFrom(bytesAccess(outputs))).runs[Symbol.asyncIterator]();
  await runs.next();
  own.generateKeys();
  await expect(runs.next()).rejects.toThrow(/H606.*encrypted outputs belong to key/);
  const replacing = (): Promise<void> => {
    own.loadKeys(secretKey);
    return Promise.resolve();
  };
  await expect(own.encryptTo(sampleSource([0, 1].map(sample)), replacing)).rejects.toThrow(/H606.*encrypted inputs/);
  const closing = (): Promise<void> => {
    own.close();
    return Promise.resolve();
  };
  await expect(own.encryptTo(sampleSource([0, 1].map(sample)), closing)).rejects.toThrow('H633');
});

test('a file that is damaged anywhere is refused before anything of it is used', async () => {
  const inputs = client.encrypt([0, 1, 2].map(sample));
  // In the last run, before the trailer.
  const at = inputs.length - 1000;
  inputs[at] = (inputs[at] ?? 0) ^ 1;
  const file = sink();
  await expect(session.evaluateTo(bytesAccess(inputs), file.append)).rejects.toThrow('H604');
  expect(file.bytes()).toHaveLength(0);
  const { outputs } = await session.evaluate(client.encrypt([0, 1, 2].map(sample)));
  outputs[outputs.length - 1000] = (outputs[outputs.length - 1000] ?? 0) ^ 1;
  await expect(client.decryptFrom(bytesAccess(outputs))).rejects.toThrow('H604');
});

test('memory is that of a run, however many there are', async () => {
  const count = casesOf({ normal: 340, nightly: 500 });
  /** Of what a file has. */
  const least = isNightly ? 1.5 * slack : slack;
  const folder = mkdtempSync(join(tmpdir(), 'hepc-streams-'));
  const peaks: number[] = [];
  const bound = (await heldBytes(0)) + slack;
  /** Appends to a file, and looks at what is held near its end. */
  const writing = async (name: string, produce: (append: Append) => Promise<unknown>): Promise<string> => {
    const path = join(folder, name);
    const file = await open(path, 'w');
    let appended = 0;
    await produce(async (bytes) => {
      await file.write(bytes);
      if (++appended === count - 10) peaks.push(await heldBytes(bound));
    });
    await file.close();
    return path;
  };
  const reading = async <T>(path: string, use: (source: RandomAccess) => Promise<T>): Promise<T> => {
    const file = await open(path);
    try {
      return await use(fileAccess(file, (await file.stat()).size));
    } finally {
      await file.close();
    }
  };
  try {
    const samples = {
      count,
      read: (first: number, end: number) =>
        Promise.resolve(Array.from({ length: end - first }, (_, k) => sample(first + k))),
    };
    const inputs = await writing('in.ct', (append) => client.encryptTo(samples, append));
    const outputs = await writing('out.ct', (append) =>
      reading(inputs, (source) => session.evaluateTo(source, append)),
    );
    let decrypted = 0;
    await reading(outputs, async (source) => {
      for await (const run of (await client.decryptFrom(source, { raw: true })).runs) {
        expect(run[0]?.get('y0')?.[0]).toBeCloseTo((decrypted % 16) / 16, 3);
        if (++decrypted === count - 10) expect(await heldBytes(bound)).toBeLessThan(bound);
      }
    });
    expect(decrypted).toBe(count);
    expect(peaks.filter((bytes) => bytes < bound)).toHaveLength(2);
    expect(statSync(outputs).size).toBeGreaterThan(2 * least);
    expect(statSync(inputs).size).toBeGreaterThan(least);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** What the garbage collector is late with, on a busy machine up to 16 MB whatever the number of runs; a file has more. */
const slack = 2e7;

/**
 * Outside of the heap of JavaScript, where the bytes of files are: the least of several looks, until it is less than
 * `enough`, for on a busy machine other threads are late in letting go of what they were sent.
 */
async function heldBytes(enough: number): Promise<number> {
  let least = Infinity;
  for (let look = 0; look < 5 && least >= enough; look++) {
    await memoryUse();
    least = Math.min(least, process.memoryUsage().arrayBuffers);
  }
  return least;
}
