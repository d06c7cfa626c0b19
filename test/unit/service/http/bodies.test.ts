/** Bodies piece by piece: what is read of them is right, and their memory goes when it has been read. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough, Readable } from 'node:stream';
import { ReadableStream } from 'node:stream/web';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { arriving, HandedOn, leaving } from '../../../../service/http/base/bodies.ts';

/** Each with memory of its own, as Node gives them. */
function piecesOf(sizes: readonly number[]): Uint8Array[] {
  return sizes.map((size, k) => new Uint8Array(size).fill(k + 1));
}

async function* each(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) {
    await Promise.resolve();
    yield piece;
  }
}

async function read(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const copies: Buffer[] = [];
  for await (const piece of source) copies.push(Buffer.from(piece));
  return Buffer.concat(copies);
}

test.each([
  ['large ones', [70_000, 70_000, 70_000]],
  ['small ones, which streams put together', Array.from({ length: 500 }, (_, k) => 1 + (k % 7) * 100)],
])('pieces that streams hand on are whole, and freed once they are read: %s', async (_, sizes) => {
  const pieces = piecesOf(sizes);
  const expected = Buffer.concat(pieces);
  const body = new HandedOn();
  const stream = Readable.fromWeb(ReadableStream.from(body.give(each(pieces)))).pipe(new PassThrough());
  const got = await read(body.take(stream));
  expect(got.equals(expected)).toBe(true);
  expect(pieces.filter(({ length }) => length > 0)).toEqual([]);
});

test('a piece that is part of other memory stays', async () => {
  const memory = new Uint8Array(1000).fill(7);
  const body = new HandedOn();
  await read(body.take(body.give(each([memory.subarray(0, 400), memory.subarray(400)]))));
  expect(memory).toEqual(new Uint8Array(1000).fill(7));
});

test('pieces of an answer are whole, counted, and of the first ones the memory goes when it is through', async () => {
  const pieces = piecesOf(Array.from({ length: 20 }, (_, k) => 100_000 + k));
  const expected = Buffer.concat(pieces);
  let counted = 0;
  const closed = Promise.withResolvers<undefined>();
  const server = createServer((_, response) => {
    const count = (bytes: number): void => void (counted += bytes);
    response.once('close', () => {
      closed.resolve(undefined);
    });
    Readable.from(leaving(each(pieces), response, count)).pipe(response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const answer = await fetch(`http://127.0.0.1:${port}/`);
  expect(Buffer.from(await answer.arrayBuffer()).equals(expected)).toBe(true);
  expect(counted).toBe(expected.length);
  await closed.promise;
  expect(pieces.filter(({ length }) => length > 0).length).toBe(4);
  server.closeAllConnections();
  server.close();
});

test('what came before the connection broke is given, then what broke it', async () => {
  const raw = new Readable({ read: () => undefined });
  const got: number[] = [];
  const reading = (async () => {
    const body = arriving(raw, { stallSeconds: 10, limitBytes: 1000, onBytes: () => undefined });
    // As a handler that first looks something up.
    await sleep(20);
    for await (const piece of body) got.push(...piece);
  })();
  reading.catch(() => undefined);
  await sleep(5);
  raw.push(Buffer.of(1));
  raw.push(Buffer.of(2, 3));
  raw.destroy(new Error('aborted'));
  await expect(reading).rejects.toThrow('aborted');
  expect(got).toEqual([1, 2, 3]);
});

test('what a reader is behind with is given when the connection has broken', async () => {
  const raw = new Readable({ read: () => undefined });
  const body = arriving(raw, { stallSeconds: 10, limitBytes: 2 ** 30, onBytes: () => undefined });
  await sleep(5);
  for (let k = 0; k < 10; k++) raw.push(Buffer.alloc(10_000, k));
  raw.destroy(new Error('aborted'));
  await sleep(5);
  let bytes = 0;
  const reading = (async () => {
    for await (const piece of body) bytes += piece.length;
  })();
  await expect(reading).rejects.toThrow('aborted');
  expect(bytes).toBe(100_000);
});

test('a body that is to end ends behind what has come', async () => {
  const raw = new Readable({ read: () => undefined });
  const ended = new AbortController();
  const options = { stallSeconds: 10, limitBytes: 2 ** 30, onBytes: () => undefined, ended: ended.signal };
  const body = arriving(raw, options);
  await sleep(5);
  for (let k = 0; k < 20; k++) raw.push(Buffer.alloc(10_000, k));
  ended.abort();
  raw.push(Buffer.of(3));
  let bytes = 0;
  while (bytes < 200_000) bytes += ((await body.next()).value as Uint8Array).length;
  expect(bytes).toBe(200_000);
  await expect(body.next()).rejects.toThrow('another request goes on');
});

test('what comes ahead of its reader is bounded', async () => {
  const raw = new Readable({ read: () => undefined });
  const body = arriving(raw, { stallSeconds: 10, limitBytes: 2 ** 30, onBytes: () => undefined });
  for (let k = 0; k < 100; k++) raw.push(Buffer.alloc(10_000, k));
  raw.push(null);
  await sleep(20);
  expect(raw.readableLength).toBeGreaterThan(900_000);
  const copies: Buffer[] = [];
  for await (const piece of body) copies.push(Buffer.from(piece));
  expect(Buffer.concat(copies).length).toBe(1_000_000);
});
