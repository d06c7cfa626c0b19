/** What a service answers to requests that do no work, and to those that it refuses. */
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { problemSchema, problemType } from '../../../../runtime/protocol/problem.ts';
import { modelsSchema } from '../../../../runtime/protocol/resources.ts';
import { sha256Hex } from '../../../../ir/digest.ts';
import { startTestService } from '../../../support/service.ts';

const zeros = '0'.repeat(64);
const octets = 'application/vnd.hepc.ciphertexts';

test('models, client parts, reports, health and metrics', async () => {
  const { url, log } = await startTestService();
  const get = (path: string, headers: Record<string, string> = {}) => fetch(url + path, { headers });
  const { models } = modelsSchema.parse(await (await get('/v1/models')).json());
  const [model] = models;
  expect(models.map(({ id }) => id)).toEqual(['small']);
  expect(await (await get('/v1/models/small')).json()).toEqual(model);
  const client = await get('/v1/models/small/client');
  const bytes = new Uint8Array(await client.arrayBuffer());
  expect(sha256Hex(bytes)).toBe(model?.clientDigest);
  const tag = client.headers.get('etag') ?? '';
  expect(tag).toBe(`"${sha256Hex(bytes)}"`);
  expect((await get('/v1/models/small/client', { 'if-none-match': `"a", ${tag}` })).status).toBe(304);
  expect((await get('/v1/models/small/client', { 'if-none-match': '"a"' })).status).toBe(200);
  expect(await (await get('/v1/models/small/report')).text()).toContain('<title>report');
  expect(await (await get('/healthz')).json()).toEqual({ alive: true });
  expect(await (await get('/readyz')).json()).toEqual({ ready: true });
  const metrics = await (await get('/metrics')).text();
  expect(metrics).toContain('hepc_http_requests_total{route="/v1/models/:id",method="GET",status="200"} 1');
  for (const name of ['hepc_queue_tasks 0', 'hepc_keys 0', 'hepc_evaluator_budget_bytes', 'nodejs_eventloop_lag'])
    expect(metrics).toContain(name);
  const document = JSON.stringify(await (await get('/openapi.json')).json());
  for (const path of ['/v1/models/{id}/infer', '/v1/uploads/{id}', '/v1/jobs/{id}/events'])
    expect(document).toContain(path);
  expect(log.map((line) => JSON.parse(line) as { route?: string }).map(({ route }) => route)).toContain(
    '/v1/models/:id',
  );
});

test('each refusal is a problem document with its code', async () => {
  const { url } = await startTestService({ settings: { maxInputBytes: 1000 } });
  const answer = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(url + path, init);
    expect(response.headers.get('content-type')).toBe(problemType);
    expect(response.headers.get('request-id')).toMatch(/^[0-9a-f-]{36}$/);
    const problem = problemSchema.parse(await response.json());
    expect(problem.status).toBe(response.status);
    return `${response.status} ${problem.code}`;
  };
  const infer = (headers: Record<string, string>, body: RequestInit['body'] = 'x') =>
    answer('/v1/models/small/infer', { method: 'POST', headers, body: body ?? null });
  const tus = { 'tus-resumable': '1.0.0' };
  const upload = (headers: Record<string, string>) =>
    answer('/v1/uploads', { method: 'POST', headers: { ...tus, ...headers } });
  const metadata = (digest: string, model: string) => `digest ${btoa(digest)},model ${btoa(model)}`;
  expect({
    nothing: await answer('/v2/models'),
    model: await answer('/v1/models/mlp'),
    dots: await answer('/v1/models/..%2f..%2fetc%2fpasswd'),
    escape: await answer('/v1/models/%zz'),
    method: await answer('/v1/models', { method: 'DELETE' }),
    put: await answer('/v1/models/small/infer', { method: 'PUT', body: 'x', headers: { 'content-type': octets } }),
    accept: await answer('/v1/models', { headers: { accept: 'text/html' } }),
    digest: await answer('/v1/keys/abc'),
    keys: await answer(`/v1/keys/${zeros}`),
    deleteKeys: await answer(`/v1/keys/${zeros}`, { method: 'DELETE' }),
    job: await answer(`/v1/jobs/${'a'.repeat(22)}`),
    dotsJob: await answer('/v1/jobs/..%2f..'),
    events: await answer(`/v1/jobs/${'a'.repeat(22)}/events`),
    result: await answer(`/v1/jobs/${'a'.repeat(22)}/result`),
    cancel: await answer(`/v1/jobs/${'a'.repeat(22)}`, { method: 'DELETE' }),
    type: await infer({ 'content-type': 'application/json', 'hepc-keys': zeros }, '{}'),
    encoding: await infer({ 'content-type': octets, 'content-encoding': 'gzip', 'hepc-keys': zeros }),
    noKeys: await infer({ 'content-type': octets }),
    badKeys: await infer({ 'content-type': octets, 'hepc-keys': '../../x' }),
    unknownKeys: await infer({ 'content-type': octets, 'hepc-keys': zeros }),
    empty: await infer({ 'content-type': octets, 'hepc-keys': zeros }, null),
    noTus: await answer('/v1/uploads', { method: 'POST' }),
    otherTus: await answer('/v1/uploads', { method: 'POST', headers: { 'tus-resumable': '2.0.0' } }),
    noLength: await upload({ 'upload-metadata': metadata(zeros, 'small') }),
    lyingLength: await upload({ 'upload-length': '-1', 'upload-metadata': metadata(zeros, 'small') }),
    deferred: await upload({ 'upload-defer-length': '1', 'upload-metadata': metadata(zeros, 'small') }),
    noMetadata: await upload({ 'upload-length': '10' }),
    oddMetadata: await upload({ 'upload-length': '10', 'upload-metadata': 'digest ###' }),
    uploadModel: await upload({ 'upload-length': '10', 'upload-metadata': metadata(zeros, '../small') }),
    large: await upload({ 'upload-length': '10000000', 'upload-metadata': metadata(zeros, 'small') }),
    patch: await answer(`/v1/uploads/${'0'.repeat(32)}`, {
      method: 'PATCH',
      headers: { ...tus, 'upload-offset': '0', 'content-type': 'application/offset+octet-stream' },
      body: 'x',
    }),
    giveUp: await answer('/v1/uploads/..%2fkeys', { method: 'DELETE', headers: tus }),
  }).toEqual({
    nothing: '404 H852',
    model: '404 H840',
    dots: '404 H840',
    escape: '400 H860',
    method: '405 H853',
    put: '405 H853',
    accept: '406 H854',
    digest: '400 H860',
    keys: '404 H841',
    deleteKeys: '404 H841',
    job: '404 H842',
    dotsJob: '404 H842',
    events: '404 H842',
    result: '404 H842',
    cancel: '404 H842',
    type: '415 H857',
    encoding: '415 H857',
    noKeys: '400 H860',
    badKeys: '400 H860',
    unknownKeys: '404 H841',
    empty: '411 H855',
    noTus: '412 H848',
    otherTus: '400 H848',
    noLength: '400 H848',
    lyingLength: '400 H848',
    deferred: '400 H848',
    noMetadata: '400 H848',
    oddMetadata: '400 H848',
    uploadModel: '404 H840',
    large: '413 H846',
    patch: '404 H847',
    giveUp: '404 H847',
  });
});

test('what is not HTTP is answered, too', async () => {
  const { service } = await startTestService();
  const raw = (text: string) =>
    new Promise<string>((resolve) => {
      let answer = '';
      const socket = connect(service.port, '127.0.0.1', () => socket.write(text));
      socket.on('data', (piece) => (answer += piece.toString()));
      socket.on('error', () => undefined);
      socket.on('close', () => {
        resolve(answer);
      });
    });
  expect(await raw('nonsense\r\n\r\n')).toMatch(/^HTTP\/1.1 400[^]*"H860"/);
  expect(await raw(`GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`)).toMatch(
    /^HTTP\/1.1 431[^]*"H859"/,
  );
  const expectation = await new Promise<number | undefined>((resolve) => {
    const sent = httpRequest({ port: service.port, path: '/v1/models', headers: { expect: 'wonders' } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    sent.end();
  });
  expect(expectation).toBe(417);
});

test('with tokens, each sees what is his', async () => {
  const [a, b, m] = ['a', 'b', 'm'].map((letter) => letter.repeat(20));
  const { url, log } = await startTestService({
    tokens: `# ours\nann ${a}\nbob sha256:${sha256Hex(Buffer.from(b ?? ''))}\nmetrics ${m}\n`,
  });
  const status = async (path: string, token?: string) => {
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const response = await fetch(url + path, { headers });
    return `${response.status}${response.headers.has('www-authenticate') ? ' asked' : ''}`;
  };
  expect(await status('/v1/models')).toBe('401 asked');
  expect(await status('/v1/models', 'c'.repeat(20))).toBe('401 asked');
  expect([await status('/v1/models', a), await status('/v1/models', b)]).toEqual(['200', '200']);
  expect([await status('/v1/models', m), await status('/metrics', m), await status('/metrics', a)]).toEqual([
    '403',
    '200',
    '403',
  ]);
  expect([await status('/metrics'), await status('/healthz'), await status('/readyz')]).toEqual([
    '401 asked',
    '200',
    '200',
  ]);
  expect(log.join('')).not.toMatch(/aaaaaa|bbbbbb|mmmmmm|cccccc/);
  expect(log.join('')).toContain('"tenant":"ann"');
});
