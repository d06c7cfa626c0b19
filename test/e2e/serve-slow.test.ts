/** Callers that are slow, stand still, lie about lengths, or go away. */
import { Agent, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { keysHeader, mediaTypes } from '../../runtime/protocol/media-types.ts';
import { startTestService } from '../support/service.ts';
import { isNightly } from '../support/setup/suite.ts';
import {
  answersIn,
  beginUpload,
  expectAnswers,
  infer,
  jobIn,
  offsetOf,
  fileClient,
  uploadKeys,
  problemIn,
} from '../support/service-client.ts';

const small = await fileClient();

interface Talk {
  readonly socket: Socket;
  /** All that came back, when the connection has closed. */
  readonly answer: Promise<string>;
}

function talk(port: number): Talk {
  const { promise, resolve } = Promise.withResolvers<string>();
  let text = '';
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => {
    socket.destroy();
  });
  socket.on('data', (piece) => (text += piece.toString('latin1')));
  socket.on('error', () => undefined);
  socket.on('close', () => {
    resolve(text);
  });
  return { socket, answer: promise };
}

function inferHead(length: number): string {
  return (
    `POST /v1/models/small/infer HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: ${mediaTypes.ciphertexts}\r\n` +
    `${keysHeader}: ${small.digest}\r\nContent-Length: ${length}\r\n\r\n`
  );
}

test('a body may come byte by byte, and has a place in the queue until it stands still', async () => {
  const { service, url } = await startTestService({ settings: { stallSeconds: 1, maxQueue: 1 } });
  await uploadKeys({ url }, small.keys.evaluationKeys);
  const slow = talk(service.port);
  slow.socket.setNoDelay(true);
  slow.socket.write(inferHead(small.inputs.length));
  const start = performance.now();
  let at = 0;
  for (; performance.now() - start < 1500; at++) {
    slow.socket.write(small.inputs.subarray(at, at + 1));
    await sleep(20);
  }
  const others = await infer({ url }, small);
  expect([others.status, others.headers.has('retry-after')]).toEqual([429, true]);
  slow.socket.write(small.inputs.subarray(at));
  expect(await slow.answer).toMatch(/^HTTP\/1.1 200 /);

  const still = talk(service.port);
  still.socket.write(inferHead(small.inputs.length));
  still.socket.write(small.inputs.subarray(0, 5000));
  expect(await still.answer).toMatch(/^HTTP\/1.1 408 [^]*"H861"/);
  // Its place is free again.
  expectAnswers(await answersIn(small, await infer({ url }, small)));
});

test('a service that drains takes nothing new, and finishes what has begun', async () => {
  const { service, url } = await startTestService({ settings: { maxQueue: 1 } });
  await uploadKeys({ url }, small.keys.evaluationKeys);
  const begun = talk(service.port);
  begun.socket.write(inferHead(small.inputs.length));
  begun.socket.write(small.inputs.subarray(0, 5000));
  await sleep(300);
  // It has the only place.
  expect((await infer({ url }, small)).status).toBe(429);
  const stopped = service.stop(20);
  expect((await problemIn(await fetch(`${url}/readyz`))).message).toBe('503 H862');
  const refused = await infer({ url }, small);
  expect([refused.headers.has('retry-after'), (await problemIn(refused)).message]).toEqual([true, '503 H862']);
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  begun.socket.write(small.inputs.subarray(5000));
  expect(await begun.answer).toMatch(/^HTTP\/1.1 200 /);
  await stopped;
  await expect(fetch(`${url}/healthz`)).rejects.toThrow();
});

test('an upload that stands still keeps what has arrived', async () => {
  const { service, url } = await startTestService({ settings: { stallSeconds: 1 } });
  const upload = await beginUpload({ url }, small.keys.evaluationKeys.length, small.digest);
  const still = talk(service.port);
  still.socket.write(
    `PATCH ${new URL(upload).pathname} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTus-Resumable: 1.0.0\r\n` +
      `Upload-Offset: 0\r\nContent-Type: application/offset+octet-stream\r\nContent-Length: 100000\r\n\r\n`,
  );
  still.socket.write(small.keys.evaluationKeys.subarray(0, 70_000));
  expect(await still.answer).toMatch(/^HTTP\/1.1 408 [^]*"H861"/);
  expect(await offsetOf({ url }, upload)).toBe(70_000);
});

test('lengths that lie', async () => {
  const { service, url } = await startTestService({ settings: { stallSeconds: 1 } });
  await uploadKeys({ url }, small.keys.evaluationKeys);
  const say = (head: string, body: Uint8Array | string = '') => {
    const { socket, answer } = talk(service.port);
    socket.write(head);
    socket.write(body);
    return answer;
  };
  const { inputs } = small;
  // Fewer than announced; more, which then are no request; and what is no number, or two of them.
  expect(await say(inferHead(inputs.length + 1000), inputs)).toMatch(/^HTTP\/1.1 4(08|22) [^]*"H8(61|21)"/);
  expect(await say(inferHead(inputs.length - 1000), inputs)).toMatch(/^HTTP\/1.1 4(22|00) [^]*"H8(21|60)"/);
  expect(await say(inferHead(-1), inputs)).toMatch(/^HTTP\/1.1 400 [^]*"H860"/);
  expect(await say(inferHead(5).replace('\r\n\r\n', '\r\nContent-Length: 6\r\n\r\n'), 'abcdef')).toMatch(
    /^HTTP\/1.1 400 [^]*"H860"/,
  );
  expect(await say(inferHead(5).replace('\r\n\r\n', '\r\nTransfer-Encoding: chunked\r\n\r\n'), '0\r\n\r\n')).toMatch(
    /^HTTP\/1.1 400 [^]*"H860"/,
  );
  expect(await say(inferHead(2 ** 40), inputs.subarray(0, 100))).toMatch(/^HTTP\/1.1 413 [^]*"H856"/);
  expectAnswers(await answersIn(small, await infer({ url }, small)));
});

test('who reads nothing is let go, and the result stays', async () => {
  const { service, url } = await startTestService({ settings: { stallSeconds: 1 } });
  await uploadKeys({ url }, small.keys.evaluationKeys);
  const job = await jobIn(await infer({ url }, small, { headers: { prefer: 'respond-async' } }));
  await (await fetch(`${url}/v1/jobs/${job.id}/events`)).text();
  // More than the system's buffers hold.
  const asked = { [`/v1/jobs/${job.id}/result`]: 200, ...(isNightly && { '/openapi.json': 1000 }) };
  for (const [path, times] of Object.entries(asked)) {
    const reader = talk(service.port);
    reader.socket.pause();
    reader.socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`.repeat(times));
    await sleep(3500);
    reader.socket.resume();
    expect((await reader.answer).split('HTTP/1.1 200 ').length - 1).toBeLessThan(times);
  }
  expectAnswers(await answersIn(small, await fetch(`${url}/v1/jobs/${job.id}/result`)));
});

test('a caller that goes away ends what is done for him', async () => {
  const { url } = await startTestService({ settings: { runsPerPart: 1000 } });
  await uploadKeys({ url }, small.keys.evaluationKeys);
  const sample = new Map([...Array(2).keys()].map((k) => [`x${k}`, new Float64Array(2048).fill(0.25)]));
  const many = { ...small, inputs: small.client.encrypt(Array.from({ length: 40 }, () => sample)) };
  // The first request opens the plan and loads the keys.
  await (await infer({ url }, small)).arrayBuffer();
  const whole = performance.now();
  expect((await (await infer({ url }, many)).arrayBuffer()).byteLength).toBeGreaterThan(1_000_000);
  const wholeMs = performance.now() - whole;

  const metric = async (line: string) => (await (await fetch(`${url}/metrics`)).text()).includes(`${line}\n`);
  const leave = new AbortController();
  const left = infer({ url }, many, { signal: leave.signal });
  const received = 'hepc_step_seconds_count{step="receive"} 3';
  await expect.poll(() => metric(received), { timeout: 10_000, interval: 10 }).toBe(true);
  leave.abort();
  await expect(left).rejects.toThrow();
  const gone = performance.now();
  const cancelled = 'hepc_jobs_total{end="cancelled"} 1';
  await expect.poll(() => metric(cancelled), { timeout: 10_000, interval: 10 }).toBe(true);
  // The next need not wait for what nobody wants.
  expectAnswers(await answersIn(small, await infer({ url }, small)));
  // It takes a while to end a run, and as long as that at most.
  expect(performance.now() - gone).toBeLessThan(Math.max(1000, wholeMs));
});

// The rest of a body is waited for, for seconds.
if (isNightly)
  test('a connection whose request was refused early stays good for others', async () => {
    const { url } = await startTestService();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => {
      agent.destroy();
    });
    /** Its status and the port that it came from. */
    const ask = (method: string, path: string, body: Uint8Array): Promise<[number | undefined, number | undefined]> =>
      new Promise((resolve, reject) => {
        const headers = { [keysHeader]: '0'.repeat(64), 'content-type': mediaTypes.ciphertexts };
        const asked = request(url + path, { agent, method, headers }, (response) => {
          const port = response.socket.localPort;
          response.resume().on('end', () => {
            resolve([response.statusCode, port]);
          });
        });
        asked.on('error', reject).end(body);
      });
    const [refused, port] = await ask('POST', '/v1/models/small/infer', new Uint8Array(300_000));
    expect(refused).toBe(404);
    // Longer than the rest of a body is waited for.
    await sleep(5500);
    expect(await ask('GET', '/v1/models', new Uint8Array())).toEqual([200, port]);
  });
