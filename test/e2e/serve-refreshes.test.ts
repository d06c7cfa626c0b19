/** A service of a plan with refreshes: every stage is a job, and the client answers between them. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { sha256Hex } from '../../ir/digest.ts';
import { writeHep } from '../../runtime/hep/write.ts';
import { Client } from '../../runtime/client.ts';
import { asksHeader, keysHeader, mediaTypes } from '../../runtime/protocol/media-types.ts';
import { RemoteModel } from '../../runtime/remote/remote-model.ts';
import { succeed } from '../support/cli.ts';
import { difference, inTheClear, randomSample } from '../support/serve-plans.ts';
import { startTestService } from '../support/service.ts';
import { jobIn, problemIn, uploadKeys } from '../support/service-client.ts';
import { stagedError, stagedPlan } from '../support/staged-plan.ts';

const plan = stagedPlan();
const folder = mkdtempSync(join(tmpdir(), 'hepc-refreshes-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});
const file = join(folder, 'staged.hep');
writeFileSync(file, writeHep(plan));

const samples = [1, 2, 3].map((seed) => randomSample(plan, seed));

const start = (settings: { readonly resultSeconds?: number } = {}, store = mkdtempSync(join(folder, 'store-'))) =>
  startTestService({ folder: store, plans: [file], settings });

const outputsOf = (store: string): string[] => readdirSync(join(store, 'objects/outputs'));

test('a model elsewhere asks its client to refresh, and forgets all jobs', async () => {
  const { url, log, folder: store } = await start();
  const model = await RemoteModel.open(url, 'staged');
  onTestFinished(() => model.close());
  const given = samples.map((sample) => Object.fromEntries(sample));
  const [together, alone] = await Promise.all([model.infer(given), model.infer(given.slice(0, 1))]);
  expect(together).toHaveLength(3);
  for (const [k, answer] of [...together, ...alone].entries()) {
    const got = new Map([...answer].map(([name, values]) => [name, Float64Array.from(values as ArrayLike<number>)]));
    expect(difference(plan, got, await inTheClear(plan, samples[k % 3] ?? new Map()))).toBeLessThan(stagedError);
  }
  expect(log.filter((line) => line.includes('/refresh"'))).toHaveLength(4);
  // Of the last that was answered; the requests were in it.
  expect(model.lastTraffic.receivedBytes).toBeGreaterThan(1_000_000);
  await expect.poll(() => outputsOf(store), { timeout: 20_000 }).toEqual([]);
});

test('hepc infer does, too', async () => {
  const { url } = await start();
  const [sample = new Map<string, Float64Array>()] = samples;
  const at = (name: string): string => join(folder, name);
  writeFileSync(at('x.json'), JSON.stringify(Object.fromEntries([...sample].map(([name, x]) => [name, [[...x]]]))));
  await succeed('infer', url, '--model', 'staged', '--input', at('x.json'), '-o', at('y.json'), '-q');
  const answers = JSON.parse(readFileSync(at('y.json'), 'utf8')) as Record<string, number[][]>;
  const got = new Map(Object.entries(answers).map(([name, [values = []]]) => [name, Float64Array.from(values)]));
  expect(difference(plan, got, await inTheClear(plan, sample))).toBeLessThan(stagedError);
});

interface Asking {
  readonly url: string;
  readonly client: Client;
  readonly digest: string;
}

/** A client with keys at the service. */
async function asking(url: string): Promise<Asking> {
  const client = await Client.create(plan.client);
  onTestFinished(() => {
    client.close();
  });
  const { evaluationKeys } = client.generateKeys();
  const digest = sha256Hex(evaluationKeys);
  await uploadKeys({ url }, evaluationKeys, digest, 'staged');
  return { url, client, digest };
}

function post({ url, digest }: Asking, path: string, body: Uint8Array, headers = {}): Promise<Response> {
  return fetch(`${url}/v1/${path}`, {
    method: 'POST',
    headers: { 'content-type': mediaTypes.ciphertexts, [keysHeader]: digest, ...headers },
    body: Buffer.from(body),
  });
}

async function bytesOf(response: Response): Promise<Uint8Array> {
  expect(response.status).toBe(200);
  return new Uint8Array(await response.arrayBuffer());
}

const jobOf = (response: Response): string => response.headers.get('location')?.split('/').at(-1) ?? '';

test('the answers to other requests are refused, and each job that asks can be seen', async () => {
  const { url } = await start();
  const at = await asking(url);
  const inputs = at.client.encrypt(samples.slice(0, 2));
  const first = await post(at, 'models/staged/infer', inputs);
  expect(first.headers.get(asksHeader)).toBe('0');
  const job = jobOf(first);
  const request = await bytesOf(first);
  expect(await jobIn(await fetch(`${url}/v1/jobs/${job}`))).toMatchObject({ state: 'done', asks: 0, samples: 2 });
  const again = await fetch(`${url}/v1/jobs/${job}/result`);
  expect(again.headers.get(asksHeader)).toBe('0');
  expect(Buffer.compare(await bytesOf(again), request)).toBe(0);

  const refuse = async (path: string, body: Uint8Array): Promise<string> =>
    (await problemIn(await post(at, path, body))).message;
  expect(await refuse(`jobs/${job}/refresh`, request)).toBe('422 H603');
  expect(await refuse(`jobs/${job}/refresh`, inputs)).toBe('422 H603');
  expect(await refuse(`jobs/${'A'.repeat(22)}/refresh`, request)).toMatch(/^404 /);

  const answer = at.client.refresh(request);
  expect(await refuse('models/staged/infer', answer)).toBe('422 H603');
  expect(await refuse(`jobs/${job}/refresh`, answer.subarray(0, -1))).toMatch(/^4/);
  const second = await post(at, `jobs/${job}/refresh`, answer, { prefer: 'respond-async' });
  expect(second.status).toBe(202);
  const next = (await jobIn(second)).id;
  expect(next).not.toBe(job);
  const state = async (): Promise<string> => (await jobIn(await fetch(`${url}/v1/jobs/${next}`))).state;
  await expect.poll(state, { timeout: 20_000 }).toBe('done');
  const asked = await fetch(`${url}/v1/jobs/${next}/result`);
  expect(asked.headers.get(asksHeader)).toBe('1');
  expect(await refuse(`jobs/${next}/refresh`, answer)).toBe('422 H663');
  const last = await post(at, `jobs/${next}/refresh`, at.client.refresh(await bytesOf(asked)));
  expect(last.headers.has(asksHeader)).toBe(false);
  const results = at.client.decrypt(await bytesOf(last), { raw: true });
  expect(results).toHaveLength(2);
  for (const [k, result] of results.entries())
    expect(difference(plan, result, await inTheClear(plan, samples[k] ?? new Map()))).toBeLessThan(stagedError);
  expect(await refuse(`jobs/${jobOf(last)}/refresh`, answer)).toBe('409 H880');
});

test('an answer of other inputs is not taken for these', async () => {
  const { url } = await start();
  const at = await asking(url);
  const requests = [];
  for (const sample of samples.slice(0, 2)) {
    const response = await post(at, 'models/staged/infer', at.client.encrypt([sample]));
    requests.push({ job: jobOf(response), bytes: await bytesOf(response) });
  }
  const [one, two] = requests;
  const foreign = await post(at, `jobs/${one?.job ?? ''}/refresh`, at.client.refresh(two?.bytes ?? new Uint8Array()));
  expect((await problemIn(foreign)).message).toBe('422 H663');
});

test('what waits for a client that never comes is removed', async () => {
  const { url, folder: store, stop } = await start({ resultSeconds: 1 });
  const at = await asking(url);
  const response = await post(at, 'models/staged/infer', at.client.encrypt(samples.slice(0, 1)));
  const [job, request] = [jobOf(response), await bytesOf(response)];
  expect(outputsOf(store).filter((name) => name.startsWith(job))).toHaveLength(2);
  await new Promise((resolve) => setTimeout(resolve, 1100));
  // A start sweeps.
  await stop();
  const again = await start({ resultSeconds: 1 }, store);
  await expect.poll(() => outputsOf(store), { timeout: 20_000 }).toEqual([]);
  const late = await post({ ...at, url: again.url }, `jobs/${job}/refresh`, at.client.refresh(request));
  expect(late.status).toBe(404);
});
