/** Models on a service as the library and `hepc infer` use them. */
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { MemoryKeyKeeper } from '../../runtime/remote/key-keeper.ts';
import { RemoteModel, type RemoteStep } from '../../runtime/remote/remote-model.ts';
import { sampleSource } from '../../runtime/sample-source.ts';
import type { Diagnostic } from '../../ir/diagnostics/diagnostic.ts';
import { sha256Hex } from '../../ir/digest.ts';
import { keyListSchema } from '../../runtime/protocol/resources.ts';
import { npyHead } from '../../runtime/format/npy.ts';
import { writeNpz } from '../../runtime/format/npz.ts';
import { writeHep } from '../../runtime/hep/write.ts';
import { formerParameters, smallPlan } from '../fuzz/targets/small-plan.ts';
import { startTestService } from '../support/service.ts';
import { codesOfAsync } from '../support/codes.ts';
import { runCli } from '../support/cli.ts';

const slots = 2048;

/** For tests that leave others alone, with the keys of one client. */
const shared = await startTestService({}, afterAll);
const sharedKeeper = new MemoryKeyKeeper();

/** x0 and x1 of the small plan. */
function sampleOf(x0: number, x1: number) {
  return { x0: new Float64Array(slots).fill(x0), x1: new Float64Array(slots).fill(x1) };
}

/** y0 = (x1 + rot(x0, 1) + rot(x0, 5)) · x1, y1 = 0.5 · rot(x0, 7), in the first slot. */
function expectAnswer(answer: ReadonlyMap<string, unknown> | undefined, x0: number, x1: number): void {
  const first = (name: string): number => Float64Array.from(answer?.get(name) as ArrayLike<number>)[0] ?? NaN;
  expect(first('y0')).toBeCloseTo((x1 + 2 * x0) * x1, 2);
  expect(first('y1')).toBeCloseTo(x0 / 2, 2);
}

async function open(url: string, options: Parameters<typeof RemoteModel.open>[2] = {}): Promise<RemoteModel> {
  const model = await RemoteModel.open(url, 'small', options);
  onTestFinished(() => model.close());
  return model;
}

test('keys are made and uploaded once, and answers come', async () => {
  const { url, log, folder } = await startTestService();
  const keeper = new MemoryKeyKeeper();
  const model = await open(url, { keeper });
  const steps = new Map<RemoteStep, number>();
  const [answer] = await model.infer([sampleOf(0.25, 0.5)], { onProgress: (step, part) => steps.set(step, part) });
  expectAnswer(answer, 0.25, 0.5);
  expect([...steps]).toEqual(['keys', 'upload', 'encrypt', 'evaluate', 'decrypt'].map((step) => [step, 1]));
  expect(model.lastTraffic.sentBytes).toBeGreaterThan(100_000);

  const again = await open(url, { keeper });
  const later = new Set<RemoteStep>();
  const [second] = await again.infer([sampleOf(0.1, -0.5)], { onProgress: (step) => later.add(step) });
  expectAnswer(second, 0.1, -0.5);
  expect([...later]).toEqual(['encrypt', 'evaluate', 'decrypt']);
  expect(log.filter((line) => line.includes('"PATCH"'))).toHaveLength(1);
  // Its results do not stay with the server.
  await expect.poll(() => readdirSync(join(folder, 'objects/outputs')), { timeout: 5_000 }).toEqual([]);
});

test('a plan with less than 128 bits of security is served and asked with a warning on either side', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hepc-former-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const plan = join(folder, 'small.hep');
  writeFileSync(plan, writeHep(smallPlan(formerParameters)));
  const warnings = { server: [] as Diagnostic[], client: [] as Diagnostic[] };
  const { url } = await startTestService({
    ...{ folder: join(folder, 'store'), plans: [plan] },
    onWarning: (warning) => warnings.server.push(warning),
  });
  const model = await open(url, { onWarning: (warning) => warnings.client.push(warning) });
  const [answer] = await model.infer([sampleOf(0.25, 0.5)]);
  expectAnswer(answer, 0.25, 0.5);
  const described = [...warnings.server, ...warnings.client].map(({ code, at }) => ({ code, at }));
  expect(described).toEqual([
    { code: 'H513', at: { file: plan, part: 'parameters' } },
    { code: 'H513', at: { file: 'the client part of small', part: 'parameters' } },
  ]);

  const samples = join(folder, 'samples.npz');
  const zeros = { dtype: 'f8', shape: [1, slots], data: new Float64Array(slots) } as const;
  writeFileSync(samples, writeNpz(new Map(['x0', 'x1'].map((name) => [name, zeros]))));
  const of = (file: string): RegExp =>
    new RegExp(`^warning\\[H513\\] ${file}, parameters: .* about 125 bits[^\n]*\n {2}help: `);
  const commands = [
    [of('the client part of small'), 'infer', url, '--model', 'small', '--input', samples, '-q'],
    [of(plan), 'inspect', plan],
    [of(plan), 'run', plan, '--input', samples, '-q'],
    [of(plan), 'client-part', plan, '-o', join(folder, 'client.hep')],
    [of(plan), 'keygen', plan, '-o', join(folder, 'keys'), '-q'],
  ] as const;
  for (const [warning, ...command] of commands) {
    const { exitCode, stderr } = await runCli(...command);
    expect(exitCode, stderr).toBe(0);
    expect(stderr).toMatch(warning);
  }
});

test('many samples come back in their order, over several requests', async () => {
  const model = await open(shared.url, { keeper: sharedKeeper });
  const count = 5;
  const answers = [];
  for await (const some of model.inferAll(sampleSource(Array.from({ length: count }, (_, k) => sampleOf(k / 8, 0.5)))))
    answers.push(...some);
  expect(answers).toHaveLength(count);
  answers.forEach((answer, k) => {
    expectAnswer(answer, k / 8, 0.5);
  });
});

test('keys that the server has let go are uploaded again', async () => {
  const { url } = await startTestService();
  const model = await open(url);
  await model.infer([sampleOf(0.25, 0.5)]);
  const { keys } = keyListSchema.parse(await (await fetch(`${url}/v1/keys`)).json());
  await fetch(`${url}/v1/keys/${keys[0]?.digest ?? ''}`, { method: 'DELETE' });
  const [answer] = await model.infer([sampleOf(0.5, 0.5)]);
  expectAnswer(answer, 0.5, 0.5);
  await model.forgetKeys();
  expect(keyListSchema.parse(await (await fetch(`${url}/v1/keys`)).json()).keys).toEqual([]);
});

test('keys that are damaged at the server are uploaded again', async () => {
  const { url, folder } = await startTestService();
  const model = await open(url);
  const digest = await model.prepare();
  const keys = join(folder, 'objects', 'keys');
  const [file = ''] = readdirSync(keys).filter((name) => name.startsWith(digest));
  writeFileSync(join(keys, file), readFileSync(join(keys, file)).fill(0, 1000, 2000));
  const [answer] = await model.infer([sampleOf(0.5, 0.5)]);
  expectAnswer(answer, 0.5, 0.5);
});

test('a request that fails says why, by the code of its diagnostic', async () => {
  const { url } = await startTestService();
  /** As if each request took longer than the server holds one. */
  const asJobs: typeof fetch = (input, init) => {
    const headers = new Headers(init?.headers);
    if (headers.has('prefer')) headers.set('prefer', 'respond-async');
    return fetch(input, { ...init, headers });
  };
  for (const [options, message] of [
    [{}, /H870.*status 504 \(H824\)/],
    [{ fetch: asJobs }, /H875.*gave up \(H824\)/],
  ] as const) {
    const model = await open(url, options);
    await model.prepare();
    const failing = model.infer([sampleOf(0.5, 0.5)], { deadlineSeconds: 0.001 });
    const error: unknown = await failing.catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'H824' });
    expect(String(error)).toMatch(message);
  }
});

test('another client part than pinned, or than before, is refused', async () => {
  const { url } = shared;
  const bytes = new Uint8Array(await (await fetch(`${url}/v1/models/small/client`)).arrayBuffer());
  await open(url, { pin: sha256Hex(bytes) });
  expect(await codesOfAsync(() => RemoteModel.open(url, 'small', { pin: '0'.repeat(64) }))).toEqual(['H873']);
  const keeper = new MemoryKeyKeeper();
  await keeper.setNote(`client part ${url}/small`, '0'.repeat(64));
  expect(await codesOfAsync(() => RemoteModel.open(url, 'small', { keeper }))).toEqual(['H873']);
  expect(await codesOfAsync(() => RemoteModel.open(url, 'smal'))).toEqual(['H874']);
});

test('an abort ends a call, and the model stays usable', async () => {
  const model = await open(shared.url, { keeper: sharedKeeper });
  await model.prepare();
  const abort = new AbortController();
  const stopped = model.infer([sampleOf(0, 0)], {
    signal: abort.signal,
    onProgress: (step) => {
      if (step === 'evaluate') abort.abort(new Error('enough'));
    },
  });
  await expect(stopped).rejects.toThrow('enough');
  const [answer] = await model.infer([sampleOf(0.25, 0.5)]);
  expectAnswer(answer, 0.25, 0.5);
});

test('an upload goes on over connections that break, also in another client', async () => {
  const { url } = shared;
  const through = await brokenProxy(url, [100_000, 60_000, 30_000]);
  const model = await open(through.url);
  const [answer] = await model.infer([sampleOf(0.25, 0.5)]);
  expectAnswer(answer, 0.25, 0.5);
  expect(through.broken()).toBe(3);
});

test('hepc infer writes answers, and keeps keys', async () => {
  const { url, folder } = await startTestService({ tokens: 'alice 0123456789abcdef' });
  const at = (name: string): string => join(folder, '..', name);
  const samples = at('x.npz');
  const arrays = Object.entries(sampleOf(0.25, 0.5)).map(
    ([name, data]) => [name, { dtype: 'f8', shape: [1, slots], data }] as const,
  );
  writeFileSync(samples, writeNpz(new Map(arrays)));
  writeFileSync(at('token'), '0123456789abcdef\n', { mode: 0o600 });
  const args = [
    'infer',
    url,
    '-q',
    '--model',
    'small',
    '--input',
    samples,
    '--keys',
    at('keys'),
    '--token-file',
    at('token'),
  ];
  const headers = { authorization: 'Bearer 0123456789abcdef' };
  const refused = await runCli('infer', url, '-q', '--model', 'small', '--input', samples);
  expect(refused.exitCode).toBe(1);
  expect(refused.stderr).toContain('H850');
  const first = await runCli(...args, '-o', at('y.npz'));
  expect(first).toMatchObject({ exitCode: 0, stderr: '' });
  expect(readFileSync(at('y.npz')).length).toBeGreaterThan(npyHead('f8', [slots]).length);
  const sets = readdirSync(at('keys')).filter((name) => name.startsWith('keys-'));
  expect(sets).toHaveLength(1);
  expect(existsSync(at('keys/services.json'))).toBe(true);
  const file = join(at('keys'), sets[0] ?? '', 'eval.keys');
  const time = new Date(Date.now() - 10_000);
  utimesSync(file, time, time);
  const second = await runCli(...args, '--json');
  expect(second).toMatchObject({ exitCode: 0, stderr: '' });
  expect(JSON.parse(second.stdout)).toMatchObject({ samples: 1 });
  const keysAtServer = async () => keyListSchema.parse(await (await fetch(`${url}/v1/keys`, { headers })).json()).keys;
  expect(await keysAtServer()).toHaveLength(1);
  // Evaluation keys that the server has are not read: other bytes in their place go unnoticed as long as nothing tells of them.
  writeFileSync(file, readFileSync(file).reverse());
  utimesSync(file, time, time);
  expect(await runCli(...args, '--json')).toMatchObject({ exitCode: 0, stderr: '' });
  utimesSync(file, time, new Date());
  expect((await runCli(...args, '--json')).stderr).toContain('H601');
});

test('keys of a plan that has been replaced go, where no other model is asked under them', async () => {
  const keeper = new MemoryKeyKeeper();
  const [old, fresh] = [3, 5].map((step) => ({ ...smallPlan().client, rotationSteps: [step] }));
  if (old === undefined || fresh === undefined) throw new Error('there are no plans');
  const keys = { secretKey: Uint8Array.of(1), publicKey: Uint8Array.of(2), evaluationKeys: Uint8Array.of(3) };
  for (const part of [old, fresh]) await keeper.save(part, keys, 'a'.repeat(64));
  for (const model of ['one', 'two']) await keeper.use(model, old);
  await keeper.use('one', fresh);
  expect(await keeper.load(old)).toBeDefined();
  await keeper.use('two', fresh);
  expect([await keeper.load(old), await keeper.load(fresh)]).toEqual([undefined, expect.anything()]);
});

/** Passes requests on, and breaks connections that upload after so many bytes, one after another. */
async function brokenProxy(to: string, cuts: readonly number[]) {
  const left = [...cuts];
  const proxy = createServer((incoming, outgoing) => {
    const cut = incoming.method === 'PATCH' ? left.shift() : undefined;
    const headers = { ...incoming.headers, host: new URL(to).host };
    const onward = request(`${to}${incoming.url ?? ''}`, { method: incoming.method ?? 'GET', headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on('error', () => incoming.socket.destroy());
    let passed = 0;
    incoming.on('data', (chunk: Buffer) => {
      passed += chunk.length;
      onward.write(chunk);
      if (cut === undefined || passed < cut) return;
      // After what was passed on has arrived.
      setTimeout(() => onward.destroy(), 50);
      incoming.socket.destroy();
    });
    incoming.on('end', () => onward.end());
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  return { url, broken: () => cuts.length - left.length };
}
