/** Names that are none, uploads that are sent again, and clocks that jump. */
import { connect } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { keyListSchema } from '../../runtime/protocol/resources.ts';
import { problemSchema } from '../../runtime/protocol/problem.ts';
import { startTestService } from '../support/service.ts';
import {
  answersIn,
  beginUpload,
  expectAnswers,
  infer,
  jobIn,
  offsetOf,
  problemIn,
  sendPiece,
  fileClient,
  tusHeaders,
  uploadKeys,
} from '../support/service-client.ts';

const small = await fileClient();
afterEach(() => {
  vi.useRealTimers();
});

/** As it is written: `fetch` would tidy the path. Status and code of the answer. */
function ask(port: number, method: string, path: string, headers: Readonly<Record<string, string>> = {}) {
  return new Promise<string>((resolve, reject) => {
    let answer = '';
    const lines = Object.entries({ host: 'x', connection: 'close', ...headers }).map(
      ([name, value]) => `${name}: ${value}\r\n`,
    );
    const socket = connect(port, '127.0.0.1', () =>
      socket.write(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1'),
    );
    socket.on('data', (piece) => (answer += piece.toString('latin1')));
    socket.on('error', reject);
    socket.on('close', () => {
      const [head = '', body = ''] = answer.split('\r\n\r\n');
      const { code } = problemSchema.parse(JSON.parse(body === '' ? '{}' : body));
      resolve(`${head.slice(9, 12)} ${code}`);
    });
  });
}

test('a name that is none is unknown, wherever it stands', async () => {
  const { service, log } = await startTestService();
  const names = [
    '..',
    '%2e%2e',
    '%2e%2e%2fsmall',
    '..%5c..%5csmall',
    '%00',
    'small%00',
    '%zz',
    '%ff',
    'a'.repeat(250),
    'a'.repeat(5000),
  ];
  const octets = {
    'content-type': 'application/vnd.hepc.ciphertexts',
    'hepc-keys': small.digest,
    'content-length': '0',
  };
  const places = (name: string): [string, string, Record<string, string>?][] => [
    ['GET', `/v1/models/${name}`],
    ['GET', `/v1/models/${name}/client`],
    ['GET', `/v1/models/${name}/report`],
    ['POST', `/v1/models/${name}/infer`, octets],
    ['DELETE', `/v1/uploads/${name}`, tusHeaders],
    [
      'PATCH',
      `/v1/uploads/${name}`,
      { ...tusHeaders, 'upload-offset': '0', 'content-type': 'application/offset+octet-stream', 'content-length': '0' },
    ],
    ['GET', `/v1/keys/${name}`],
    ['DELETE', `/v1/keys/${name}`],
    ['GET', `/v1/jobs/${name}`],
    ['GET', `/v1/jobs/${name}/events`],
    ['GET', `/v1/jobs/${name}/result`],
    ['DELETE', `/v1/jobs/${name}`],
    ['POST', '/v1/models/small/infer', { ...octets, 'hepc-keys': name }],
    [
      'POST',
      '/v1/uploads',
      { ...tusHeaders, 'upload-length': '10', 'upload-metadata': `digest ${btoa(small.digest)},model ${btoa(name)}` },
    ],
    [
      'POST',
      '/v1/uploads',
      { ...tusHeaders, 'upload-length': '10', 'upload-metadata': `digest ${btoa(name)},model ${btoa('small')}` },
    ],
  ];
  const documented = new Set([
    '404 H840',
    '404 H842',
    '404 H847',
    '404 H852',
    '400 H860',
    '400 H848',
    '411 H855',
    '405 H853',
  ]);
  for (const name of names)
    for (const [method, path, headers] of places(name))
      expect([
        name.slice(0, 20),
        method,
        path.slice(0, 60),
        documented.has(await ask(service.port, method, path, headers)),
      ]).toEqual([name.slice(0, 20), method, path.slice(0, 60), true]);
  expect(log.join('')).not.toContain('internal error');
});

test('uploads that are sent again, at once, or mixed', async () => {
  const { url } = await startTestService();
  const { evaluationKeys } = small.keys;
  const total = evaluationKeys.length;
  const half = total >> 1;
  const refusal = (promise: Promise<unknown>) =>
    promise.then(
      () => 'accepted',
      (error: unknown) => (error instanceof Error ? error.message : ''),
    );
  // Two of the same bytes, piece by piece in turns.
  const [one, two] = [await beginUpload({ url }, total, small.digest), await beginUpload({ url }, total, small.digest)];
  for (const upload of [one, two]) await sendPiece({ url }, upload, 0, evaluationKeys.subarray(0, half));
  // What has arrived already.
  expect(await refusal(sendPiece({ url }, one, 0, evaluationKeys.subarray(0, half)))).toMatch(/^409 H8(09|49)$/);
  expect(await refusal(sendPiece({ url }, one, half + 1, evaluationKeys.subarray(half + 1)))).toMatch(
    /^409 H8(09|49)$/,
  );
  for (const upload of [one, two])
    expect(await sendPiece({ url }, upload, half, evaluationKeys.subarray(half))).toBe(total);
  // It is over: its last piece changes nothing, nor does more than there is.
  expect(await refusal(sendPiece({ url }, one, half, evaluationKeys.subarray(half)))).toMatch(/^409 H8(09|49)$/);
  expect(await refusal(sendPiece({ url }, one, total, evaluationKeys.subarray(0, 10)))).toMatch(/^4\d\d H/);
  expect(await offsetOf({ url }, one)).toBe(total);
  // The same connection twice at once: one of them is the upload, and nothing is mixed.
  const three = await beginUpload({ url }, total, small.digest);
  const both = await Promise.all([1, 2].map(() => refusal(sendPiece({ url }, three, 0, evaluationKeys))));
  expect(both.filter((each) => each !== 'accepted').every((each) => /^4(09|08|00) H8/.test(each))).toBe(true);
  const { keys } = keyListSchema.parse(await (await fetch(`${url}/v1/keys`)).json());
  expect(keys).toHaveLength(1);
  expectAnswers(await answersIn(small, await infer({ url }, small)));
});

test('keys expire, and a clock that jumps costs nobody what he may have', async () => {
  const service = await startTestService();
  const { url } = service;
  await uploadKeys(service, small.keys.evaluationKeys);
  const job = await jobIn(await infer(service, small, { headers: { prefer: 'respond-async' } }));
  await (await fetch(`${url}/v1/jobs/${job.id}/events`)).text();
  const now = Date.now();
  const hour = 3_600_000;
  vi.useFakeTimers({ toFake: ['Date'], now: now - 48 * hour });
  expectAnswers(await answersIn(small, await infer(service, small)));
  vi.setSystemTime(now + 31 * 24 * hour);
  expect((await problemIn(await infer(service, small))).message).toBe('404 H841');
  expect(keyListSchema.parse(await (await fetch(`${url}/v1/keys`)).json()).keys).toEqual([]);
  vi.setSystemTime(now);
  expectAnswers(await answersIn(small, await infer(service, small)));
  expectAnswers(await answersIn(small, await fetch(`${url}/v1/jobs/${job.id}/result`)));
});
