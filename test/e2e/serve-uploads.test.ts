/** Uploads of keys that break, and services that start again. */
import { connect } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { planFolder, startTestService } from '../support/service.ts';
import {
  answersIn,
  beginUpload,
  expectAnswers,
  infer,
  jobIn,
  offsetOf,
  sendPiece,
  fileClient,
  uploadKeys,
} from '../support/service-client.ts';
import { casesOf } from '../support/setup/suite.ts';

const small = await fileClient();

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
        // All that was sent before the connection broke is there, once it is on the disk.
        await expect.poll(() => offsetOf({ url }, upload), { timeout: 5_000, interval: 10 }).toBe(at);
        offset = at;
      }
      expect(await sendPiece({ url }, upload, offset, evaluationKeys.subarray(offset))).toBe(total);
      expect(await offsetOf({ url }, upload)).toBe(total);
      expect((await fetch(`${url}/v1/keys/${digest}`, { method: 'DELETE' })).status).toBe(204);
    }),
    { numRuns: casesOf({ normal: 4, nightly: 100 }) },
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
  const job = await jobIn(await infer(first, small, { headers: { prefer: 'respond-async' } }));
  await first.stop();

  const second = await startTestService(options);
  expect(await offsetOf(second, second.url + upload)).toBe(half);
  await sendPiece(second, second.url + upload, half, small.keys.evaluationKeys.subarray(half));
  expectAnswers(await answersIn(small, await infer(second, small)));
  const events = await (await fetch(`${second.url}/v1/jobs/${job.id}/events`)).text();
  expect(events).toContain('"state":"done"');
  expectAnswers(await answersIn(small, await fetch(`${second.url}/v1/jobs/${job.id}/result`)));
});
