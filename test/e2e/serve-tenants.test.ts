/** Several tenants at one service, and what its log says of them. */
import { expect, test } from 'vitest';
import { startTestService } from '../support/service.ts';
import {
  answersIn,
  beginUpload,
  expectAnswers,
  headersOf,
  infer,
  jobIn,
  offsetOf,
  problemIn,
  sendPiece,
  fileClient,
  uploadKeys,
} from '../support/service-client.ts';

const small = await fileClient();

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
  const job = await jobIn(await infer(ann, small, { headers: { prefer: 'respond-async' } }));
  expect((await fetch(`${url}/v1/jobs/${job.id}`, { headers: headersOf(bob) })).status).toBe(404);
  // The quota has room for one file of keys.
  await expect(beginUpload(ann, small.keys.evaluationKeys.length, 'f'.repeat(64))).rejects.toThrow('403 H845');
  expect((await fetch(`${url}/v1/keys/${small.digest}`, { method: 'DELETE', headers: headersOf(ann) })).status).toBe(
    204,
  );
  // Bob's are still there.
  expectAnswers(await answersIn(small, await infer(bob, small)));
  const lines = log.join('');
  expect(lines).not.toContain(a);
  expect(lines).not.toContain(b);
  for (const bytes of [small.keys.evaluationKeys, small.inputs])
    for (const form of ['hex', 'base64', 'latin1'] as const)
      expect(lines).not.toContain(Buffer.from(bytes.subarray(200, 230)).toString(form));
});
