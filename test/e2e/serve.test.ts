/** A service from keys to answers, over HTTP. */
import { connect } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sha256Hex } from '../../ir/digest.ts';
import type { Plan } from '../../ir/plan/plan.ts';
import { Client } from '../../runtime/client.ts';
import { mediaTypes } from '../../runtime/protocol/media-types.ts';
import { type JobStatus, jobStatusSchema, keyListSchema, keysSchema } from '../../runtime/protocol/resources.ts';
import { deepParameters } from '../unit/runtime/engines/seal-wasm/programs.ts';
import { mixedPlan } from '../support/serve-plans.ts';
import { planFolder, startTestService } from '../support/service.ts';
import {
  beginUpload,
  headersOf,
  infer,
  offsetOf,
  problemIn,
  sendPiece,
  type SmallClient,
  smallClient,
  uploadKeys,
} from '../support/service-client.ts';

let small: SmallClient;
beforeAll(async () => {
  small = await smallClient();
});
afterAll(() => {
  small.client.close();
});

/** What the outputs of the service say, of the first slots. */
async function answersIn(response: Response): Promise<number[]> {
  expect(response.headers.get('content-type')).toBe(mediaTypes.ciphertexts);
  const [answer] = small.client.decrypt(new Uint8Array(await response.arrayBuffer()), { raw: true });
  return [...(answer?.values() ?? [])].map((values) => values[0] ?? NaN);
}

const status = async (response: Response): Promise<JobStatus> => jobStatusSchema.parse(await response.json());

/** y0 = (x1 + rot(x0, 1) + rot(x0, 5)) · x1, y1 = 0.5 · rot(x0, 7), with x0 = 1/4 and x1 = 1/2. */
function expectAnswers([first = NaN, second = NaN]: readonly number[]): void {
  expect(first).toBeCloseTo((0.5 + 0.25 + 0.25) * 0.5, 2);
  expect(second).toBeCloseTo(0.125, 2);
}

async function inputsOf({ client: part }: Plan): Promise<Uint8Array> {
  const client = await Client.create(part);
  try {
    client.generateKeys();
    return client.encrypt([new Map(part.inputs.map(({ name, shape }) => [name, new Float64Array(shape[0] ?? 1)]))]);
  } finally {
    client.close();
  }
}

test('keys, an answer, a job with events, and an end', async () => {
  const { url, log } = await startTestService();
  const { keys, digest } = small;
  expect((await fetch(`${url}/v1/keys/${digest}`, { method: 'HEAD' })).status).toBe(404);
  await uploadKeys({ url }, keys.evaluationKeys);
  const record = keysSchema.parse(await (await fetch(`${url}/v1/keys/${digest}`)).json());
  expect(record).toMatchObject({ digest, models: ['small'], bytes: keys.evaluationKeys.length });

  const answered = await infer({ url }, small);
  expect(answered.status).toBe(200);
  expect(answered.headers.get('server-timing')).toMatch(/evaluation;dur=/);
  expectAnswers(await answersIn(answered));

  const accepted = await infer({ url }, small, { headers: { prefer: 'respond-async', 'idempotency-key': 'one' } });
  expect(accepted.status).toBe(202);
  expect(accepted.headers.get('preference-applied')).toBe('respond-async');
  const job = await status(accepted);
  const place = url + (accepted.headers.get('location') ?? '');
  const again = await status(
    await infer({ url }, small, { headers: { prefer: 'respond-async', 'idempotency-key': 'one' } }),
  );
  expect(again.id).toBe(job.id);
  const events = await (await fetch(`${place}/events`)).text();
  const told = [...events.matchAll(/^data: (.*)$/gm)].map(([, data = '']) => jobStatusSchema.parse(JSON.parse(data)));
  expect(events).toMatch(/^retry: \d+\n\nid: 1\n/);
  expect(told.at(-1)).toMatchObject({ id: job.id, state: 'done', progress: 1, samples: 1, model: 'small' });
  expectAnswers(await answersIn(await fetch(`${place}/result`)));

  const waited = await infer({ url }, small, { headers: { prefer: 'respond-async, wait=30' } });
  expect(waited.status).toBe(200);
  expectAnswers(await answersIn(waited));

  expect((await fetch(`${url}/v1/keys/${digest}`, { method: 'DELETE' })).status).toBe(204);
  expect((await problemIn(await infer({ url }, small))).message).toBe('404 H841');
  const lines = log.join('');
  expect(lines).toContain('"route":"/v1/models/:id/infer"');
  expect(lines).toContain(`"in":${small.inputs.length}`);
});

test('what arrives wrongly is refused, and leaves nothing behind', async () => {
  const { url } = await startTestService();
  const { evaluationKeys } = small.keys;
  const refused = (promise: Promise<unknown>) =>
    promise.then(
      () => 'accepted',
      (error: unknown) => (error instanceof Error ? error.message : ''),
    );
  const changed = Uint8Array.from(evaluationKeys);
  changed[changed.length >> 1] = (changed[changed.length >> 1] ?? 0) ^ 1;
  const answers = {
    // Other bytes than announced.
    digest: await refused(uploadKeys({ url }, changed, small.digest)),
    // Damaged, though the digest is right.
    damaged: await refused(uploadKeys({ url }, changed)),
    nonsense: await refused(uploadKeys({ url }, new Uint8Array(1000))),
    secret: await refused(uploadKeys({ url }, small.keys.secretKey)),
    empty: await refused(beginUpload({ url }, 0, small.digest)),
  };
  expect(answers).toEqual({
    digest: '422 H805',
    damaged: '422 H604',
    nonsense: '422 H601',
    secret: '422 H603',
    empty: '400 H848',
  });
  expect(keyListSchema.parse(await (await fetch(`${url}/v1/keys`)).json()).keys).toEqual([]);
  await uploadKeys({ url }, evaluationKeys);
  const code = async (inputs: Uint8Array) => (await problemIn(await infer({ url }, { ...small, inputs }))).message;
  const truncated = small.inputs.subarray(0, small.inputs.length - 10);
  expect(await code(truncated)).toBe('422 H821');
  expect(await code(Buffer.concat([small.inputs, Buffer.alloc(10)]))).toBe('422 H821');
  expect(await code(small.keys.publicKey)).toBe('422 H603');
  expect(await code(new Uint8Array(100))).toBe('422 H601');
  // Of a client with other keys, and of one with other parameters.
  const stranger = await smallClient();
  expect(await code(stranger.inputs)).toBe('422 H606');
  stranger.client.close();
  expect(await code(await inputsOf(mixedPlan(deepParameters)))).toBe('422 H605');
  expectAnswers(await answersIn(await infer({ url }, small)));
});

test('an upload that breaks at any byte goes on from there', async () => {
  const { url, service } = await startTestService();
  const { evaluationKeys, digest } = { ...small.keys, digest: small.digest };
  const total = evaluationKeys.length;
  /** Sends so many of the bytes that it announces, and cuts the connection. */
  const cut = (upload: string, from: number, bytes: number) =>
    new Promise<void>((resolve) => {
      const socket = connect(service.port, '127.0.0.1', () => {
        socket.write(
          `PATCH ${new URL(upload).pathname} HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: ${from}\r\n` +
            `Content-Type: application/offset+octet-stream\r\nContent-Length: ${total - from}\r\n\r\n`,
        );
        socket.write(evaluationKeys.subarray(from, from + bytes), () => {
          socket.end();
        });
      });
      socket.on('error', () => undefined);
      socket.resume();
      socket.on('close', () => {
        resolve();
      });
    });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: total - 1 }), { minLength: 1, maxLength: 3 }), async (cuts) => {
      const upload = await beginUpload({ url }, total, digest);
      let offset = 0;
      for (const at of [...new Set(cuts)].sort((a, b) => a - b)) {
        await cut(upload, offset, at - offset);
        // All that was sent before the connection broke is there.
        expect(await offsetOf({ url }, upload)).toBe(at);
        offset = at;
      }
      expect(await sendPiece({ url }, upload, offset, evaluationKeys.subarray(offset))).toBe(total);
      expect(await offsetOf({ url }, upload)).toBe(total);
      expect((await fetch(`${url}/v1/keys/${digest}`, { method: 'DELETE' })).status).toBe(204);
    }),
    { numRuns: 5 },
  );
});

test('keys, uploads and jobs are there after a restart', async () => {
  const { folder, plan } = planFolder();
  const options = { folder: `${folder}/store`, plans: [plan] };
  const first = await startTestService(options);
  await uploadKeys(first, small.keys.evaluationKeys);
  const half = small.keys.evaluationKeys.length >> 1;
  const upload = new URL(await beginUpload(first, small.keys.evaluationKeys.length, small.digest)).pathname;
  await sendPiece(first, first.url + upload, 0, small.keys.evaluationKeys.subarray(0, half));
  const job = await status(await infer(first, small, { headers: { prefer: 'respond-async' } }));
  await first.stop();

  const second = await startTestService(options);
  expect(await offsetOf(second, second.url + upload)).toBe(half);
  await sendPiece(second, second.url + upload, half, small.keys.evaluationKeys.subarray(half));
  expectAnswers(await answersIn(await infer(second, small)));
  const events = await (await fetch(`${second.url}/v1/jobs/${job.id}/events`)).text();
  expect(events).toContain('"state":"done"');
  expectAnswers(await answersIn(await fetch(`${second.url}/v1/jobs/${job.id}/result`)));
});

test('tenants share bytes and nothing else, and no log has what is secret', async () => {
  const [a, b] = ['a', 'b'].map((letter) => letter.repeat(24));
  const { url, log } = await startTestService({
    tokens: `ann ${a}\nbob ${b}\n`,
    settings: { tenantKeyBytes: 1_000_000 },
  });
  const [ann, bob] = [
    { url, token: a ?? '' },
    { url, token: b ?? '' },
  ];
  await uploadKeys(ann, small.keys.evaluationKeys);
  // As unknown as if nobody had them.
  expect((await problemIn(await infer(bob, small))).message).toBe('404 H841');
  expect((await fetch(`${url}/v1/keys/${small.digest}`, { headers: headersOf(bob) })).status).toBe(404);
  const upload = await beginUpload(bob, small.keys.evaluationKeys.length, small.digest);
  expect(await offsetOf(ann, upload)).toBeUndefined();
  await sendPiece(bob, upload, 0, small.keys.evaluationKeys);
  const job = await status(await infer(ann, small, { headers: { prefer: 'respond-async' } }));
  expect((await fetch(`${url}/v1/jobs/${job.id}`, { headers: headersOf(bob) })).status).toBe(404);
  // The quota has room for one file of keys.
  await expect(beginUpload(ann, small.keys.evaluationKeys.length, 'f'.repeat(64))).rejects.toThrow('403 H845');
  expect((await fetch(`${url}/v1/keys/${small.digest}`, { method: 'DELETE', headers: headersOf(ann) })).status).toBe(
    204,
  );
  // Bob's are still there.
  expectAnswers(await answersIn(await infer(bob, small)));
  const lines = log.join('');
  expect(lines).not.toContain(a);
  expect(lines).not.toContain(b);
  for (const bytes of [small.keys.evaluationKeys, small.inputs])
    for (const form of ['hex', 'base64', 'latin1'] as const)
      expect(lines).not.toContain(Buffer.from(bytes.subarray(200, 230)).toString(form));
});

test('the event loop is not held up by keys and evaluations', async () => {
  const { url } = await startTestService();
  await uploadKeys({ url }, small.keys.evaluationKeys);
  await infer({ url }, small);
  // A body as large as those of large plans: it is stored, digested and refused.
  const large = new Uint8Array(Buffer.alloc(900_000, 7));
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  await Promise.all([
    uploadKeys({ url }, large, sha256Hex(large)).catch(() => undefined),
    ...Array.from({ length: 4 }, () => infer({ url }, small).then((response) => response.arrayBuffer())),
  ]);
  delay.disable();
  // 50 ms on an idle machine; the rest is what others take of the processor meanwhile.
  expect(delay.max / 1e6).toBeLessThan(250);
});
