/** Requests against a server of Node's that answers as it is told. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Connection } from '../../../../runtime/remote/connection.ts';
import { RefusedError } from '../../../../runtime/remote/errors.ts';
import { codesOfAsync } from '../../../support/codes.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

let server: Server | undefined;

/** The address of a server that gives one answer after another, the last one for ever. */
async function serverOf(...answers: readonly Answer[]): Promise<{ url: string; asked: IncomingMessage[] }> {
  const asked: IncomingMessage[] = [];
  server = createServer((request, response) => {
    const answer = answers[Math.min(asked.length, answers.length - 1)];
    asked.push(request);
    answer?.(request, response);
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const status =
  (code: number, body = '', headers: Record<string, string> = {}): Answer =>
  (_request, response) => {
    response.writeHead(code, headers).end(body);
  };
const hangUp: Answer = (request) => request.socket.destroy();

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

const problem = JSON.stringify({
  type: 'urn:hepc:H820',
  title: 'the queue is full',
  status: 429,
  detail: '256 tasks wait',
  code: 'H820',
  notes: ['Come again later.'],
});

describe('a connection', () => {
  test('asks again for an answer that breaks off in the middle', async () => {
    const breaksOff: Answer = (request, response) => {
      response.writeHead(200, { 'content-length': 100 }).write('{"a":');
      setTimeout(() => request.socket.destroy(), 10);
    };
    const { url, asked } = await serverOf(breaksOff, status(200, '{"a":1}'));
    expect(await new Connection(url, {}).json('v1/models', z.object({ a: z.number() }))).toEqual({ a: 1 });
    expect(asked).toHaveLength(2);
    server?.close();
    const broken = await serverOf(breaksOff);
    const connection = new Connection(broken.url, { tries: 2 });
    expect(await codesOfAsync(() => connection.json('v1/models', z.object({})))).toEqual(['H871']);
  });

  test('tries again after what may pass, and sends its token each time', async () => {
    const { url, asked } = await serverOf(hangUp, status(429, problem, { 'retry-after': '0' }), status(200, '{"a":1}'));
    const connection = new Connection(url, { token: 'secret' });
    expect(await connection.json('v1/models', z.object({ a: z.number() }))).toEqual({ a: 1 });
    expect(asked.map(({ headers }) => headers.authorization)).toEqual(Array(3).fill('Bearer secret'));
    expect(asked[2]?.url).toBe('/v1/models');
  });

  test('gives up after its tries, with what the server says', async () => {
    const { url, asked } = await serverOf(status(429, problem, { 'retry-after': '0' }));
    const error: unknown = await new Connection(url, { tries: 3 }).request('v1/models').catch((each: unknown) => each);
    expect(error).toBeInstanceOf(RefusedError);
    expect(error).toMatchObject({ status: 429, code: 'H820' });
    expect(String(error)).toContain('256 tasks wait');
    expect(String(error)).toContain('Come again later.');
    expect(asked).toHaveLength(3);
  });

  test('does not repeat what is refused for good', async () => {
    const { url, asked } = await serverOf(status(403, 'not a document'));
    await expect(new Connection(url, {}).request('x')).rejects.toMatchObject({ status: 403, code: undefined });
    expect(asked).toHaveLength(1);
  });

  test('says why there is no answer', async () => {
    const { url } = await serverOf(hangUp);
    const error: unknown = await new Connection(url, { tries: 2 }).request('x').catch((each: unknown) => each);
    expect(String(error)).toMatch(/H871.*after 2 tries: \w+/);
  });

  test('ends at once when it is aborted, also in a pause', async () => {
    const { url } = await serverOf(status(503, '', { 'retry-after': '60' }));
    const signal = AbortSignal.timeout(50);
    const start = performance.now();
    await expect(new Connection(url, {}).request('x', { signal })).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(performance.now() - start).toBeLessThan(10_000);
  });

  test('refuses documents that are not the protocol', async () => {
    const { url } = await serverOf(status(200, '<html>'), status(200, '{"a":"1"}'));
    const connection = new Connection(url, {});
    for (let k = 0; k < 2; k++)
      expect(await codesOfAsync(() => connection.json('x', z.object({ a: z.number() })))).toEqual(['H872']);
  });

  test('follows no redirection, which would carry its token elsewhere', async () => {
    const { url, asked } = await serverOf(status(302, '', { location: 'http://127.0.0.1:9/' }));
    expect(await codesOfAsync(() => new Connection(url, { token: 't', tries: 1 }).request('x'))).toEqual(['H871']);
    expect(asked).toHaveLength(1);
  });

  test.each([
    ['http://models.example', {}, undefined],
    ['http://models.example', { token: 't' }, 'H876'],
    ['http://models.example', { token: 't', insecure: true }, undefined],
    ['https://models.example/under/a/path', { token: 't' }, undefined],
    ['http://[::1]:8750', { token: 't' }, undefined],
    ['http://127.0.0.1.models.example', { token: 't' }, 'H876'],
    ['ftp://models.example', {}, 'H877'],
    ['models.example', {}, 'H877'],
    ['http://user:word@models.example', {}, 'H877'],
    ['http://models.example/?q', {}, 'H877'],
  ])('%s with %o: %s', async (url, options, code) => {
    const open = (): Promise<string> => Promise.resolve().then(() => new Connection(url, options).at('v1/models'));
    if (code === undefined) expect(await open()).toMatch(/\/v1\/models$/);
    else expect(await codesOfAsync(open)).toEqual([code]);
  });
});
