/** Keys, answers and jobs over HTTP, and what is refused of them. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Plan } from '../../ir/plan/plan.ts';
import { Client } from '../../runtime/client.ts';
import { jobStatusSchema, keyListSchema, keysSchema } from '../../runtime/protocol/resources.ts';
import { deepParameters } from '../unit/runtime/engines/seal-wasm/programs.ts';
import { mixedPlan } from '../support/serve-plans.ts';
import { startTestService } from '../support/service.ts';
import {
  answersIn,
  beginUpload,
  expectAnswers,
  infer,
  jobIn,
  problemIn,
  fileClient,
  smallClient,
  uploadKeys,
} from '../support/service-client.ts';

const small = await fileClient();

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
  const { url, log, folder } = await startTestService();
  const { keys, digest } = small;
  expect((await fetch(`${url}/v1/keys/${digest}`, { method: 'HEAD' })).status).toBe(404);
  await uploadKeys({ url }, keys.evaluationKeys);
  const record = keysSchema.parse(await (await fetch(`${url}/v1/keys/${digest}`)).json());
  expect(record).toMatchObject({ digest, models: ['small'], bytes: keys.evaluationKeys.length });

  const answered = await infer({ url }, small);
  expect(answered.status).toBe(200);
  expect(answered.headers.get('server-timing')).toMatch(/evaluation;dur=/);
  expectAnswers(await answersIn(small, answered));

  const accepted = await infer({ url }, small, { headers: { prefer: 'respond-async', 'idempotency-key': 'one' } });
  expect(accepted.status).toBe(202);
  expect(accepted.headers.get('preference-applied')).toBe('respond-async');
  const job = await jobIn(accepted);
  const place = url + (accepted.headers.get('location') ?? '');
  const again = await jobIn(
    await infer({ url }, small, { headers: { prefer: 'respond-async', 'idempotency-key': 'one' } }),
  );
  expect(again.id).toBe(job.id);
  const events = await (await fetch(`${place}/events`)).text();
  const told = [...events.matchAll(/^data: (.*)$/gm)].map(([, data = '']) => jobStatusSchema.parse(JSON.parse(data)));
  expect(events).toMatch(/^retry: \d+\n\nid: 1\n/);
  expect(told.at(-1)).toMatchObject({ id: job.id, state: 'done', progress: 1, samples: 1, model: 'small' });
  expectAnswers(await answersIn(small, await fetch(`${place}/result`)));

  const waited = await infer({ url }, small, { headers: { prefer: 'respond-async, wait=30' } });
  expect(waited.status).toBe(200);
  expectAnswers(await answersIn(small, waited));

  // What nobody comes back for goes with its answer, and the rest when it is told so.
  const result = () => fetch(`${place}/result`);
  const kept = url + (waited.headers.get('location') ?? '');
  expect(answered.headers.get('location')).toBeNull();
  for (const each of [place, kept]) {
    expect(jobStatusSchema.parse(await (await fetch(each, { method: 'DELETE' })).json()).state).toBe('done');
    expect((await problemIn(await fetch(each, { method: 'DELETE' }))).message).toBe('404 H842');
  }
  expect((await problemIn(await result())).message).toBe('404 H842');
  await expect.poll(() => readdirSync(join(folder, 'objects/outputs'))).toEqual([]);

  // Each job once, whether its caller waited or not, and not again where it was asked for twice.
  expect(await (await fetch(`${url}/metrics`)).text()).toContain('hepc_jobs_total{end="done"} 3\n');

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
  expectAnswers(await answersIn(small, await infer({ url }, small)));
});
