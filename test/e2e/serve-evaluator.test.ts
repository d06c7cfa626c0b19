/** The process that evaluates: its end, its budget, its answers. */
import { execFileSync, fork } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sha256Hex } from '../../ir/digest.ts';
import type { Plan } from '../../ir/plan/plan.ts';
import { Client } from '../../runtime/client.ts';
import { writeHep } from '../../runtime/hep/write.ts';
import type { EvaluationRequest, Evaluator } from '../../service/evaluation/evaluator.ts';
import { openEvaluator } from '../../service/evaluation/open-evaluator.ts';
import { leastMemory, planMemory, processBytes } from '../../service/evaluation/plan-memory.ts';
import { codesOfAsync } from '../support/codes.ts';
import { smallPlan } from '../support/job-service.ts';
import { randomSample } from '../support/serve-plans.ts';
import { isNightly } from '../support/setup/suite.ts';

let folder: string;
let client: Client;
const plan: Plan = smallPlan();
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hepc-evaluator-'));
  client = await Client.create(plan.client);
  const hep = writeHep(plan);
  await writeFile(at('plan'), hep);
  await writeFile(at('other'), hep);
  for (const name of ['a', 'b', 'c']) await writeFile(at(name), client.generateKeys().evaluationKeys);
  // Under the last of the keys.
  await writeFile(at('one'), client.encrypt([randomSample(plan, 1)]));
  await writeFile(at('many'), client.encrypt(Array.from({ length: 200 }, () => randomSample(plan, 1))));
});

afterAll(async () => {
  client.close();
  await rm(folder, { recursive: true });
});

async function withEvaluator(memoryBytes: number, use: (evaluator: Evaluator) => Promise<void>): Promise<void> {
  const evaluator = openEvaluator({ memoryBytes, threads: 1 });
  try {
    await use(evaluator);
  } finally {
    await evaluator.close();
  }
}

function request(rest: Partial<EvaluationRequest> & { keysName?: string; planName?: string } = {}): EvaluationRequest {
  const { keysName = 'c', planName = 'plan', ...given } = rest;
  return {
    plan: { digest: planName, path: at(planName) },
    keys: { digest: keysName, path: at(keysName) },
    inputs: [{ path: at('one'), first: 0, end: 1 }],
    outputs: [at('out')],
    ...given,
  };
}

/** The only child of this process that is an evaluator. */
function evaluatorPid(): number {
  const children = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(process.pid)], { encoding: 'utf8' });
  const line = children.split('\n').find((each) => each.includes('evaluator-process')) ?? '';
  return Number.parseInt(line, 10);
}

test('a process that is killed is an answer, and the next request starts another', async () => {
  await withEvaluator(2 ** 30, async (evaluator) => {
    await evaluator.evaluate(request());
    expect(evaluator.holds('plan', 'c')).toBe(2);
    expect(evaluator.holds('plan', 'a')).toBe(1);
    const inputs = [{ path: at('many'), first: 0, end: 200 }];
    const victim = evaluatorPid();
    const onProgress = (): void => {
      if (isAlive(victim)) process.kill(victim, 'SIGKILL');
    };
    const lost = evaluator.evaluate(request({ inputs, onProgress }));
    expect(await codesOfAsync(() => lost)).toEqual(['H812']);
    expect(evaluator.holds('plan', 'c')).toBe(0);
    expect(await evaluator.evaluate(request())).toMatchObject({ outputs: [{ bytes: expect.any(Number) as number }] });
    expect(await evaluator.usage()).toMatchObject({
      crashes: 1,
      plans: [{ digest: 'plan', sessions: 1, loadedKeys: 1 }],
    });
    // What was lost has left no file under its name, and the next one is whole.
    expect(client.decrypt(new Uint8Array(await readFile(at('out'))), { raw: true })).toHaveLength(1);
  });
});

test('a plan that several ask for at once is prepared once, and its memory is that of one', async () => {
  await withEvaluator(2 ** 30, async (evaluator) => {
    const outputs = ['x', 'y', 'z'].map((name) => at(name));
    await Promise.all(outputs.map((path) => evaluator.evaluate(request({ outputs: [path] }))));
    expect(filesOpenIn(evaluatorPid()).filter((path) => path === at('plan'))).toHaveLength(1);
    expect(await evaluator.usage()).toMatchObject({ plans: [{ sessions: 1, keyLoads: 1 }] });
  });
});

test('an evaluation that is aborted ends with the reason, and leaves the session and no file', async () => {
  await withEvaluator(2 ** 30, async (evaluator) => {
    const thrower = evaluator.evaluate(
      request({
        inputs: [{ path: at('many'), first: 0, end: 200 }],
        outputs: [at('never')],
        onProgress: () => {
          throw new Error('no more of this');
        },
      }),
    );
    await expect(thrower).rejects.toThrow('no more of this');
    const abort = new AbortController();
    const reason = new Error('enough');
    const aborted = evaluator.evaluate(
      request({
        inputs: [{ path: at('many'), first: 0, end: 200 }],
        outputs: [at('never')],
        signal: abort.signal,
        onProgress: () => abort.abort(reason),
      }),
    );
    await expect(aborted).rejects.toBe(reason);
    expect((await readdir(folder)).filter((name) => name.startsWith('never'))).toEqual([]);
    expect((await evaluator.evaluate(request())).openMs).toBeLessThan(100);
    expect(await evaluator.usage()).toMatchObject({ plans: [{ keyLoads: 1 }] });
  });
});

test('refusals have their diagnostics, and cost nobody else anything', async () => {
  await withEvaluator(2 ** 30, async (evaluator) => {
    await evaluator.evaluate(request());
    expect(await codesOfAsync(() => evaluator.evaluate(request({ keysName: 'a' })))).toEqual(['H606']);
    expect(await codesOfAsync(() => evaluator.evaluate(request({ keysName: 'one' })))).toEqual(['H603']);
    expect(
      await codesOfAsync(() => evaluator.evaluate(request({ inputs: [{ path: at('one'), first: 1, end: 2 }] }))),
    ).toEqual(['H649']);
    const check = (path: string, digest = sha256Hex(readFileSync(path))) =>
      evaluator.checkKeys({ digest: 'x', path: at('other') }, path, digest);
    expect(await codesOfAsync(() => check(at('one')))).toEqual(['H603']);
    expect(await codesOfAsync(() => check(at('b'), '0'.repeat(64)))).toEqual(['H805']);
    expect((await check(at('b'))).keyId).toMatch(/^[0-9a-f]{64}$/);
    await evaluator.evaluate(request());
    expect(await evaluator.usage()).toMatchObject({ crashes: 0 });
    await evaluator.forget('c');
    expect(evaluator.holds('plan', 'c')).toBe(1);
  });
});

test('plans that do not fit together take turns, and one that does not fit at all is refused', async () => {
  const { fixed, keys, weights } = planMemory(plan, 1);
  await withEvaluator(processBytes + fixed + keys + weights, async (evaluator) => {
    for (const planName of ['plan', 'other', 'plan']) {
      await evaluator.evaluate(request({ planName }));
      const { plans, budgetBytes } = await evaluator.usage();
      expect(plans.map(({ digest }) => digest)).toEqual([planName]);
      expect(plans[0]?.bytes).toBeLessThanOrEqual(budgetBytes);
    }
  });
  await withEvaluator(leastMemory(plan, 1) - 1, async (evaluator) => {
    expect(await codesOfAsync(() => evaluator.evaluate(request()))).toEqual(['H813']);
  });
  if (!isNightly) return;
  // With room for two they stay, once their shares are known.
  await withEvaluator(processBytes + 2 * (fixed + keys + weights), async (evaluator) => {
    for (const planName of ['plan', 'other', 'plan', 'other']) await evaluator.evaluate(request({ planName }));
    expect((await evaluator.usage()).plans).toHaveLength(2);
    for (const planName of ['plan', 'other'])
      expect((await evaluator.evaluate(request({ planName }))).openMs).toBeLessThan(50);
  });
});

test('the process ends with its parent', async () => {
  const program = `
    import { openEvaluator } from ${JSON.stringify(new URL('../../service/evaluation/open-evaluator.ts', import.meta.url).href)};
    const evaluator = openEvaluator({ memoryBytes: 2 ** 30, threads: 1 });
    const plan = { digest: 'plan', path: ${JSON.stringify(at('plan'))} };
    await evaluator.checkKeys(plan, ${JSON.stringify(at('a'))}, '${sha256Hex(readFileSync(at('a')))}');
    process.send('ready');`;
  await writeFile(at('parent.mts'), program);
  const parent = fork(at('parent.mts'), { execArgv: [] });
  await new Promise((resolve) => parent.once('message', resolve));
  const of = (pid: number): string =>
    execFileSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8' })
      .split('\n')
      .find((line) => line.includes('evaluator-process') && line.includes(` ${pid} `)) ?? '';
  const child = Number.parseInt(of(parent.pid ?? 0), 10);
  expect(child).toBeGreaterThan(0);
  parent.kill('SIGKILL');
  await expect.poll(() => isAlive(child), { timeout: 5_000 }).toBe(false);
});

function filesOpenIn(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).flatMap((name) => {
    try {
      return [readlinkSync(join(folder, name))];
    } catch {
      return [];
    }
  });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
