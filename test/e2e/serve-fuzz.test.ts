/**
 * Random requests to a running service: whatever comes, the answer is a documented one, and sound requests are answered
 * afterwards as before.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { problemSchema, problemType } from '../../runtime/protocol/problem.ts';
import { isAnswer, statusOf } from '../../service/base/problems.ts';
import { connect } from 'node:net';
import { type Draw, drawOf } from '../fuzz/mutate/draw.ts';
import { fuzzSeed } from '../fuzz/seed.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { infer, type SmallClient, smallClient, uploadKeys } from '../support/service-client.ts';
import { casesOf } from '../support/setup/suite.ts';

const seconds = casesOf({ normal: 2, nightly: 300 });
/** More than anything takes here: a body that stands still, the rest of one that is refused, an evaluation. */
const patienceSeconds = 20;

let small: SmallClient;
beforeAll(async () => {
  small = await smallClient();
});
afterAll(() => {
  small.client.close();
});

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'FOO'] as const;
const words = [
  '',
  '0',
  '-1',
  '1',
  '99999999999999999999',
  '..',
  '%2e%2e%2f',
  '%00',
  '%zz',
  'small',
  '\u00ff',
  '*/*',
  'x'.repeat(300),
];

/** A request, sound but for some of its parts. */
function requestOf(draw: Draw, { keys, digest, inputs }: SmallClient): Buffer {
  const pick = <T>(list: readonly T[]): T => list[draw.below(list.length)] ?? (list[0] as T);
  const id = pick(['a'.repeat(22), '0'.repeat(32), digest, 'small', ...words]);
  const path = pick([
    ...[
      '/v1/models',
      '/v1/models/small',
      `/v1/models/${id}/client`,
      `/v1/models/${id}/report`,
      '/v1/models/small/infer',
    ],
    ...['/v1/uploads', `/v1/uploads/${id}`, '/v1/keys', `/v1/keys/${id}`, `/v1/jobs/${id}`, `/v1/jobs/${id}/events`],
    ...[`/v1/jobs/${id}/result`, '/metrics', '/healthz', '/readyz', `/${id}`, `/v1/models/small/infer?${id}`],
  ]).replace(/[\s\u0080-\uffff]/g, '_');
  const body = pick<Uint8Array>([
    new Uint8Array(),
    Buffer.from('{}'),
    inputs.subarray(0, draw.below(2000)),
    keys.evaluationKeys.subarray(0, 500),
    inputs,
  ]);
  const headers: [string, string][] = [['Host', 'x']];
  const maybe = (name: string, ...values: readonly string[]): void => {
    if (draw.below(2) === 0) headers.push([name, pick([...values, ...values, ...words])]);
  };
  maybe('Hepc-Keys', digest, '0'.repeat(64));
  maybe('Content-Type', 'application/vnd.hepc.ciphertexts', 'application/offset+octet-stream', 'application/json');
  maybe('Tus-Resumable', '1.0.0');
  maybe('Upload-Length', '500', String(keys.evaluationKeys.length));
  maybe('Upload-Offset', '0');
  maybe('Upload-Metadata', `digest ${btoa(digest)},model ${btoa('small')}`, `digest ${btoa('x')}`);
  maybe('Prefer', 'respond-async', 'wait=1', 'respond-async, wait=1');
  maybe('Idempotency-Key', 'one');
  maybe('Accept', 'application/json', 'text/html');
  maybe('Expect', '100-continue');
  // What is announced is what comes, mostly; for what does not the service waits until it has stood still for too long.
  const length = draw.below(10) === 0 ? pick(words) : String(body.length);
  headers.push(['Content-Length', length]);
  headers.push(['Connection', 'close']);
  const head = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return Buffer.concat([Buffer.from(`${pick(methods)} ${path} HTTP/1.1\r\n${head}\r\n`, 'latin1'), body]);
}

/** Everything that comes back until the connection closes; `undefined` where it does not close. */
function exchange(port: number, request: Buffer): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const pieces: Buffer[] = [];
    const socket = connect(port, '127.0.0.1', () => socket.write(request));
    const timer = setTimeout(() => {
      resolve(undefined);
      socket.destroy();
    }, 1000 * patienceSeconds);
    socket.on('data', (piece) => pieces.push(piece));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(Buffer.concat(pieces));
    });
  });
}

const successes = new Set([200, 201, 202, 204, 304]);

/** What is wrong with an answer. */
function faultIn(answer: Buffer | undefined): string | undefined {
  if (answer === undefined) return `the connection does not end within ${patienceSeconds} s`;
  const text = answer.toString('latin1').replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, '');
  if (text === '') return 'no answer';
  const [head, body] = [text.slice(0, text.indexOf('\r\n\r\n')), text.slice(text.indexOf('\r\n\r\n') + 4)];
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1]);
  if (successes.has(status)) return undefined;
  if (!Number.isFinite(status)) return `no answer of HTTP: ${head.slice(0, 200)}`;
  if (!head.toLowerCase().includes(`content-type: ${problemType}`)) return `no problem document: ${head}`;
  // Behind it, the end of a body that was announced as shorter is answered as another request.
  const own = body.slice(0, Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0));
  // HEAD has none.
  if (own === '' || own.startsWith('HTTP/1.1 ')) return undefined;
  const problem = problemSchema.safeParse(JSON.parse(own));
  if (!problem.success) return `a malformed problem: ${body}`;
  const { code } = problem.data;
  if (!isAnswer(code)) return `an undocumented code: ${body}`;
  if (status >= 500 && status !== 503) return `an error of the service: ${body}`;
  return statusOf(code) === status || status === 412 ? undefined : `another status than documented: ${body}`;
}

async function expectSound(service: TestService): Promise<void> {
  const response = await infer(service, small);
  expect(response.status).toBe(200);
  expect((await response.arrayBuffer()).byteLength).toBeGreaterThan(100_000);
}

test('only documented answers', async () => {
  const service = await startTestService({ settings: { stallSeconds: 1 } });
  await uploadKeys(service, small.keys.evaluationKeys);
  const end = performance.now() + 1000 * seconds;
  for (let index = 0; performance.now() < end; index += 8) {
    await Promise.all(
      Array.from({ length: 8 }, async (_, k) => {
        const request = requestOf(drawOf(fuzzSeed(), 'service', index + k), small);
        const fault = faultIn(await exchange(service.service.port, request));
        expect(fault && `request ${index + k}: ${fault}\n${request.toString('latin1').slice(0, 600)}`).toBeUndefined();
      }),
    );
  }
  // A request may have deleted the keys.
  await uploadKeys(service, small.keys.evaluationKeys);
  await expectSound(service);
  expect(service.log.join('')).not.toContain('internal error');
});
