/** Bound plans that are written and read ciphertext by ciphertext. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { StoredCiphertexts } from '../../../../ir/plan/plan.ts';
import { Client } from '../../../../runtime/client.ts';
import { bytesAccess } from '../../../../runtime/format/random-access.ts';
import { openClientPart } from '../../../../runtime/hep/client-part.ts';
import { openHep, readHep } from '../../../../runtime/hep/read.ts';
import { writeBoundHep } from '../../../../runtime/hep/write-bound.ts';
import { writeHep } from '../../../../runtime/hep/write.ts';
import { liveHandles } from '../../../../runtime/seal/library/handles.ts';
import { openWeights, weightSizes } from '../../../../runtime/seal/weight-source.ts';
import { bindToBytes, manyWeights, openBytes } from '../engines/exchange/weight-plans.ts';
import { repack } from './plans.ts';

const plan = manyWeights(3);
let publicKey: Uint8Array;
let bytes: Uint8Array;

beforeAll(async () => {
  const client = await Client.create(plan.client);
  ({ publicKey } = client.generateKeys());
  client.close();
  bytes = await bindToBytes(plan, publicKey);
});

function storedIn(source: Awaited<ReturnType<typeof openBytes>>): StoredCiphertexts {
  const ciphertexts = source.bound?.ciphertexts;
  if (ciphertexts === undefined || !('read' in ciphertexts)) throw new Error('nothing is left in the file');
  return ciphertexts;
}

test('the file read at once and the file that is left where it is are the same plan', async () => {
  const [atOnce, opened] = [readHep(bytes, 'bound.hep'), await openBytes(bytes)];
  const { bound: inMemory, ...rest } = atOnce;
  const { bound: inFile, ...others } = opened;
  expect(others).toEqual(rest);
  expect(inFile?.publicKeyDigest).toBe(inMemory?.publicKeyDigest);
  const stored = storedIn(opened);
  const sizes = weightSizes(plan.program);
  expect(stored.length).toBe(sizes.length);
  expect(Array.from(sizes, (_, k) => stored.sizeOf(k))).toEqual(sizes);
  const read = await Promise.all(sizes.map((_, k) => stored.read(k)));
  const inMemoryOnes = inMemory?.ciphertexts;
  if (!Array.isArray(inMemoryOnes)) throw new Error('nothing is in memory');
  expect(Buffer.compare(Buffer.concat(read), Buffer.concat(inMemoryOnes as readonly Uint8Array[]))).toBe(0);
  expect(await openClientPart(bytesAccess(bytes), 'bound.hep')).toEqual(plan.client);
  expect(writeHep(atOnce).length).toBe(bytes.length);
  expect(liveHandles()).toBe(0);
});

test('an unbound plan is opened like one that is read', async () => {
  const unbound = writeHep(plan);
  expect(await openHep(bytesAccess(unbound), 'p.hep')).toEqual(readHep(unbound, 'p.hep'));
});

test('nothing of the weights is in the file but ciphertexts', () => {
  const { program, dumps, search } = readHep(bytes, 'bound.hep');
  expect(program.packed.map(({ values }) => [...values])).toEqual([[0]]);
  expect([dumps.size, search]).toEqual([0, undefined]);
});

describe('binding', () => {
  test('reports how far it is', async () => {
    const seen: number[] = [];
    const take = (): Promise<void> => Promise.resolve();
    const onProgress = (done: number): void => void seen.push(done);
    const written = await writeBoundHep(plan, publicKey, take, { onProgress });
    expect(written.bytes).toBe(bytes.length);
    expect(seen).toHaveLength(weightSizes(plan.program).length);
    expect(seen.at(-1)).toBe(1);
  });

  test('stops when it is told to, or when nothing can be written', async () => {
    const controller = new AbortController();
    const take = (): Promise<void> => Promise.resolve();
    const stopped = writeBoundHep(plan, publicKey, take, {
      signal: controller.signal,
      onProgress: () => controller.abort(new Error('enough')),
    });
    await expect(stopped).rejects.toThrow('enough');
    const full = (part: Uint8Array): Promise<void> =>
      part.length > 50_000 ? Promise.reject(new Error('no space')) : Promise.resolve();
    await expect(writeBoundHep(plan, publicKey, full)).rejects.toThrow('no space');
    await expect(writeBoundHep(plan, new Uint8Array(100), take)).rejects.toThrow(/H601/);
    expect(liveHandles()).toBe(0);
  });
});

describe('a damaged file', () => {
  test('is noticed when the ciphertext is read, and not before', async () => {
    const altered = bytes.slice();
    // In the middle of the file are ciphertexts only.
    const at = altered.length >> 1;
    altered[at] = (altered[at] ?? 0) ^ 1;
    const stored = storedIn(await openBytes(altered));
    const results = await Promise.allSettled(Array.from({ length: stored.length }, (_, k) => stored.read(k)));
    const failures = results.flatMap((result) => (result.status === 'rejected' ? [String(result.reason)] : []));
    expect(failures).toHaveLength(1);
    expect(failures[0]).toMatch(/H504\b.*bound\/\d\.ct.*has been altered/);
  });

  test('is refused at once where the program is altered, or the end is missing', async () => {
    const program = bytes.slice();
    const at = Buffer.from(program).indexOf('program/level.npy') + 'program/level.npy'.length + 10;
    program[at] = (program[at] ?? 0) ^ 1;
    await expect(openBytes(program)).rejects.toThrow(/H504.*program\/level\.npy/);
    await expect(openBytes(bytes.subarray(0, -5))).rejects.toThrow(/H501/);
    await expect(openBytes(bytes.subarray(0, bytes.length >> 1))).rejects.toThrow(/H501.*cut short/);
  });

  test('that becomes shorter while it is open', async () => {
    let present = bytes;
    const source = {
      size: bytes.length,
      read: (offset: number, length: number) => Promise.resolve(present.slice(offset, offset + length)),
    };
    const stored = storedIn(await openBytes(bytes, source));
    present = bytes.subarray(0, 10_000);
    await expect(stored.read(5)).rejects.toThrow(/H501.*bound\/5\.ct.*has become shorter/);
  });

  test('with an entry missing, or none of ours', async () => {
    const without = repack(bytes, (entries) => void entries.delete('bound/2.ct'));
    await expect(openBytes(without)).rejects.toThrow(/H504.*bound\/2\.ct.*missing/);
    const more = repack(bytes, (entries) => void entries.set('bound/99.ct', new Uint8Array(1)));
    await expect(openBytes(more)).rejects.toThrow(/H504.*bound\/99\.ct/);
  });
});

test('ciphertexts of another size or header are refused before SEAL could see them', async () => {
  const short = repack(bytes, (entries) => void entries.set('bound/1.ct', new Uint8Array(10)));
  const opened = await openBytes(short);
  expect(() => openWeights(opened)).toThrow(/H608.*encrypted weight 1.*10 bytes/);

  const header = repack(bytes, (entries) => {
    const changed = (entries.get('bound/1.ct') ?? new Uint8Array()).slice();
    changed[0] = 0;
    entries.set('bound/1.ct', changed);
  });
  const source = openWeights(await openBytes(header));
  await expect(source.read(1)).rejects.toThrow(/H608\] bound\.hep.*encrypted weight 1.*no SEAL header/);
  await expect(source.read(0)).resolves.toBeInstanceOf(Uint8Array);
});
