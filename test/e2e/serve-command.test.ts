/** `hepc serve` as a process: what it says, what it refuses, and how it ends. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { onTestFinished, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { runCli } from '../support/cli.ts';
import { planFolder } from '../support/service.ts';
import { infer, smallClient, uploadKeys } from '../support/service-client.ts';

const entry = join(import.meta.dirname, '..', '..', 'cli', 'main.ts');
const started = z.object({ url: z.string(), models: z.array(z.string()), pid: z.int() });

/** Starts a service; gives what it says, and its end. */
async function start(...args: string[]) {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', entry, 'serve', ...args, '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const ended = once(child, 'exit');
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  return { child, ended, ...started.parse(JSON.parse(line)) };
}

test('it serves, finishes what is under way when it is told to stop, and goes on where it was', async () => {
  const { folder, plan } = planFolder();
  const args = [plan, '--listen', '127.0.0.1:0', '--store', join(folder, 'store'), '--threads', '1'];
  const small = await smallClient();
  const first = await start(...args);
  expect(first.models).toEqual(['small']);
  await uploadKeys(first, small.keys.evaluationKeys);
  const answer = infer(first, small);
  // Accepted before it is told to stop.
  await expect
    .poll(async () => (await (await fetch(`${first.url}/metrics`)).text()).includes('direction="in"'))
    .toBe(true);
  first.child.kill('SIGTERM');
  const response = await answer.catch(() => undefined);
  expect([200, 503, undefined]).toContain(response?.status);
  await response?.arrayBuffer();
  expect(await first.ended).toEqual([0, null]);

  const second = await start(...args);
  expect((await (await infer(second, small)).arrayBuffer()).byteLength).toBeGreaterThan(100_000);
  second.child.kill('SIGINT');
  expect(await second.ended).toEqual([0, null]);
  small.client.close();
});

test('what cannot be served, or not safely, is refused before it starts', async () => {
  const { folder, plan } = planFolder();
  const tokens = join(folder, 'tokens');
  writeFileSync(tokens, 'ann short\n');
  chmodSync(tokens, 0o600);
  const twin = join(folder, 'small .hep');
  writeFileSync(twin, 'x');
  const store = ['--store', join(folder, 'store')];
  const other = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => {
    other.close();
  });
  await once(other, 'listening');
  const address = other.address();
  const refused = async (...args: string[]) => {
    const { exitCode, stderr } = await runCli('serve', ...args, ...store);
    return `${exitCode} ${/\[(H\d+)\]/.exec(stderr)?.[1] ?? stderr}`;
  };
  expect({
    none: await refused(),
    missing: await refused(join(folder, 'nothing.hep')),
    noPlan: await refused(tokens),
    twice: await refused(plan, twin),
    listen: await refused(plan, '--listen', 'everywhere'),
    open: await refused(plan, '--listen', '0.0.0.0:0'),
    tokens: await refused(plan, '--tokens', tokens),
    key: await refused(plan, '--tls-key', tokens),
    memory: await refused(plan, '--memory', '1MiB'),
    time: await refused(plan, '--deadline', '5'),
    taken: await refused(plan, '--listen', `127.0.0.1:${typeof address === 'object' ? (address?.port ?? 0) : 0}`),
  }).toEqual({
    none: '2 H701',
    missing: '1 H710',
    noPlan: '1 H509',
    twice: '1 H868',
    listen: '2 H702',
    open: '1 H867',
    tokens: '1 H865',
    key: '2 H701',
    memory: '1 H813',
    time: '2 H702',
    taken: '1 H869',
  });
});

test('a worker says what it lacks to join a fleet, and no password', async () => {
  const { folder } = planFolder();
  vi.stubEnv('HEPC_NATS', '');
  expect((await runCli('worker')).stderr).toContain('[H701]: neither --nats nor HEPC_NATS says where the fleet is');
  // Nobody listens there.
  vi.stubEnv('HEPC_NATS', 'nats://hepc:hush@127.0.0.1:1');
  const { stderr } = await runCli('worker');
  expect(stderr).toContain('[H802]: the NATS server at nats://127.0.0.1:1 cannot be used');
  expect(stderr).not.toContain('hush');
  expect((await runCli('worker', '--nats-cert', 'cert.pem')).stderr).toContain(
    '--nats-cert and --nats-key belong together',
  );
  for (const option of ['--nats-creds', '--nats-nkey', '--nats-ca'])
    expect((await runCli('worker', option, join(folder, 'nothing'))).stderr).toMatch(/\[H710\].*nothing/);
  vi.unstubAllEnvs();
});

test('it describes its interface', async () => {
  const { exitCode, stdout } = await runCli('serve', '--openapi');
  expect(exitCode).toBe(0);
  const { paths } = z.object({ paths: z.record(z.string(), z.unknown()) }).parse(JSON.parse(stdout));
  expect(Object.keys(paths)).toContain('/v1/models/{id}/infer');
});
