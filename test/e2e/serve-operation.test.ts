/** `hepc serve` as its operator has it: TLS, tokens that are read again, and at night how it ends. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { isNightly } from '../support/setup/suite.ts';
import { hasOpenSsl, makeCertificate } from '../support/certificate.ts';
import { planFolder } from '../support/service.ts';
import {
  answersIn,
  expectAnswers,
  infer,
  jobIn,
  type SmallClient,
  smallClient,
  uploadKeys,
} from '../support/service-client.ts';

const entry = join(import.meta.dirname, '..', '..', 'cli', 'main.ts');
const started = z.object({ url: z.string(), pid: z.int() });

let small: SmallClient;
beforeAll(async () => {
  small = await smallClient();
});
afterAll(() => {
  small.client.close();
});

/** Starts a service; gives what it says, all that it complains of, and its end. */
async function start(...args: string[]) {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', entry, 'serve', ...args, '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  let complaints = '';
  child.stderr.on('data', (piece: Buffer) => (complaints += piece.toString()));
  const ended = once(child, 'exit');
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  return { child, ended, complaints: () => complaints, ...started.parse(JSON.parse(line)) };
}

test('SIGHUP reads the tokens again, and a file that is none changes nothing', async () => {
  const { folder, plan } = planFolder();
  const tokens = join(folder, 'tokens');
  const [one, two] = ['1'.repeat(20), '2'.repeat(20)];
  writeFileSync(tokens, `ann ${one}\n`, { mode: 0o600 });
  const service = await start(plan, '--listen', '127.0.0.1:0', '--store', join(folder, 'store'), '--tokens', tokens);
  const ask = async (token: string) =>
    (await fetch(`${service.url}/v1/models`, { headers: { authorization: `Bearer ${token}` } })).status;
  expect([await ask(one), await ask(two)]).toEqual([200, 401]);
  writeFileSync(tokens, `ann ${two}\n`);
  service.child.kill('SIGHUP');
  await expect.poll(() => ask(two)).toBe(200);
  expect(await ask(one)).toBe(401);
  writeFileSync(tokens, `ann short\n`);
  service.child.kill('SIGHUP');
  await expect.poll(service.complaints).toContain('H865');
  expect(service.complaints()).not.toContain('short');
  expect([await ask(one), await ask(two)]).toEqual([401, 200]);
});

test.skipIf(!hasOpenSsl)(hasOpenSsl ? 'TLS with a certificate' : 'skipped: there is no openssl', async () => {
  const { folder, plan } = planFolder();
  const { key, cert } = makeCertificate(folder);
  const args = [
    plan,
    '--listen',
    '127.0.0.1:0',
    '--store',
    join(folder, 'store'),
    '--tls-cert',
    cert,
    '--tls-key',
    key,
  ];
  const { url } = await start(...args);
  expect(url).toMatch(/^https:/);
  const get = (rejectUnauthorized: boolean) =>
    new Promise<number | string>((resolve) => {
      httpsRequest(`${url}/v1/models`, { rejectUnauthorized, agent: false }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      })
        .on('error', (error) => {
          resolve('code' in error ? String(error.code) : '');
        })
        .end();
    });
  expect(await get(false)).toBe(200);
  // Nobody trusts it yet.
  expect(await get(true)).toBe('DEPTH_ZERO_SELF_SIGNED_CERT');
  // Without TLS nobody is answered.
  await expect(fetch(url.replace('https', 'http'))).rejects.toThrow();
});

// One SIGTERM is in serve-command.test.ts, jobs that outlive a restart in serve-uploads.test.ts.
if (isNightly)
  test('SIGTERM finishes what is under way, a second one ends at once, and jobs go on', async () => {
    const { folder, plan } = planFolder();
    const args = [
      plan,
      '--listen',
      '127.0.0.1:0',
      '--store',
      join(folder, 'store'),
      '--threads',
      '1',
      '--runs-per-part',
      '1000',
    ];
    const sample = new Map([0, 1].map((k) => [`x${k}`, new Float64Array(2048).fill((k + 1) / 4)]));
    const many = (count: number) => ({
      ...small,
      inputs: small.client.encrypt(Array.from({ length: count }, () => sample)),
    });
    const first = await start(...args);
    await uploadKeys(first, small.keys.evaluationKeys);
    const answer = infer(first, many(20));
    // Its inputs have arrived.
    await sleep(300);
    first.child.kill('SIGTERM');
    await sleep(50);
    const refused = await infer(first, small).then(
      ({ status }) => status,
      () => 503,
    );
    expect(refused).toBe(503);
    const response = await answer;
    expect(response.status).toBe(200);
    expectAnswers(await answersIn(small, response));
    expect(await first.ended).toEqual([0, null]);

    const second = await start(...args);
    const job = await jobIn(await infer(second, many(60), { headers: { prefer: 'respond-async' } }));
    second.child.kill('SIGTERM');
    await sleep(200);
    const asked = performance.now();
    second.child.kill('SIGTERM');
    expect(await second.ended).toEqual([143, null]);
    expect(performance.now() - asked).toBeLessThan(1000);

    const third = await start(...args);
    await (await fetch(`${third.url}/v1/jobs/${job.id}/events`)).text();
    expectAnswers(await answersIn(small, await fetch(`${third.url}/v1/jobs/${job.id}/result`)));
    third.child.kill('SIGTERM');
    expect(await third.ended).toEqual([0, null]);
  });
