/** What `bench:networks --refresh client` measures with: a line with a delay, a service behind it, and runs in one process. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { askService } from '../../bench/depth/refreshed/ask-service.ts';
import { startDelayProxy } from '../../bench/depth/refreshed/delay-proxy.ts';
import { refreshBytes } from '../../costs/program-cost.ts';
import { difference, inTheClear, randomSample } from '../support/serve-plans.ts';
import { stagedError, stagedPlan } from '../support/staged-plan.ts';

const delay = { toServer: 40, toClient: 60 };

/** A connection to a server that does `serve`, through a line with the delay. */
async function connected(serve: (socket: Socket) => void): Promise<Socket> {
  const server = createServer({ allowHalfOpen: true }, serve);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy = await startDelayProxy((server.address() as AddressInfo).port, delay);
  onTestFinished(async () => {
    await proxy.close();
    server.close();
  });
  const socket = connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true });
  await once(socket, 'connect');
  return socket;
}

test('a round trip takes the delay of both directions more', async () => {
  const socket = await connected((peer) => peer.pipe(peer));
  for (let k = 0; k < 3; k++) {
    const start = performance.now();
    socket.write(`question ${k}`);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toBe(`question ${k}`);
    // A timer may be a millisecond early by this clock.
    expect(performance.now() - start).toBeGreaterThan(delay.toServer + delay.toClient - 3);
  }
});

test('more bytes than may be under way arrive whole and in order, and so does the end', async () => {
  const bytes = Buffer.alloc(3 * 2 ** 24);
  for (let at = 0; at < bytes.length; at += 4) bytes.writeUInt32LE(at, at);
  const socket = await connected((peer) => peer.pipe(peer));
  socket.end(bytes);
  expect(Buffer.compare(await buffer(socket), bytes)).toBe(0);
});

test('a connection that breaks at one end breaks at the other', async () => {
  const broken = Promise.withResolvers<undefined>();
  const socket = await connected((peer) => {
    peer.on('error', () => undefined);
    peer.once('close', () => {
      broken.resolve(undefined);
    });
    peer.resume();
  });
  socket.write('begun');
  socket.resetAndDestroy();
  await broken.promise;
});

test('a service behind a line is asked sample by sample, and its client waits for every round trip', async () => {
  const plan = stagedPlan();
  const samples = [1, 2].map((seed) => randomSample(plan, seed));
  const { answers, answerMs, serviceCpuMs, sentBytes, receivedBytes } = await askService(plan, samples, delay);
  expect([answers.length, answerMs.length, serviceCpuMs.length]).toEqual([2, 2, 2]);
  for (const [k, answer] of answers.entries()) {
    const got = new Map([...answer].map(([name, values]) => [name, Float64Array.from(values as Float64Array)]));
    expect(difference(plan, got, await inTheClear(plan, samples[k] ?? new Map()))).toBeLessThan(stagedError);
  }
  // The question and two refreshes.
  for (const ms of answerMs) expect(ms).toBeGreaterThan(3 * (delay.toServer + delay.toClient) - 9);
  // Of all round trips, and beside them the question and its answer.
  expect(sentBytes + receivedBytes).toBeGreaterThan(refreshBytes(plan.program));
});
