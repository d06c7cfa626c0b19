/** Client and server of a plan with refreshes, with files between them. */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeHep } from '../../runtime/hep/write.ts';
import { fail, runCli, succeed, temporaryFolder } from '../support/cli.ts';
import { difference, inTheClear, randomSample } from '../support/serve-plans.ts';
import { stagedError, stagedPlan } from '../support/staged-plan.ts';

const plan = stagedPlan();
const sample = randomSample(plan, 9);

/** A folder with the plan, keys and encrypted inputs, and paths in it. */
async function prepared(): Promise<(name: string) => string> {
  const folder = temporaryFolder();
  const at = (name: string): string => join(folder, name);
  writeFileSync(at('plan.hep'), writeHep(plan));
  writeFileSync(at('x.json'), JSON.stringify(Object.fromEntries([...sample].map(([name, x]) => [name, [[...x]]]))));
  await succeed('client-part', at('plan.hep'), '-o', at('client.hep'));
  await succeed('keygen', at('client.hep'), '-o', at('keys'), '-q');
  await succeed('encrypt', at('client.hep'), '--keys', at('keys'), '--input', at('x.json'), '-o', at('in.ct'), '-q');
  return at;
}

type At = Awaited<ReturnType<typeof prepared>>;

const keysOf = (at: At): string[] => ['--keys', at('keys/eval.keys')];

function refreshArguments(at: At, round: number, output = `answer-${round}.ct`): string[] {
  const files = ['--input', at('in.ct'), '--request', at(`paused/request-${round}.ct`), '-o', at(output)];
  return ['refresh', at('client.hep'), '--keys', at('keys'), ...files];
}

function resumeArguments(at: At, round: number, answer = `answer-${round}.ct`): string[] {
  const files = ['--resume', at(`paused/paused-${round}.ct`), '--answer', at(answer)];
  return ['eval', at('plan.hep'), ...keysOf(at), ...files, '--pause', at('paused'), '-o', at('out.ct'), '-q'];
}

test('a plan is evaluated in steps, between which the client refreshes', async () => {
  const at = await prepared();
  const start = ['eval', at('plan.hep'), ...keysOf(at), '--input', at('in.ct'), '-o', at('out.ct'), '-q'];
  expect(await fail(...start)).toContain('error[H661]');
  expect(await succeed(...start, '--pause', at('paused'))).toContain('request-0.ct');
  expect(existsSync(at('out.ct'))).toBe(false);
  expect(statSync(at('paused/paused-0.ct')).mode & 0o777).toBe(0o600);

  expect(await succeed(...refreshArguments(at, 0))).toContain('round trip 1 of 2');
  expect(await fail(...refreshArguments(at, 0, 'again.ct'))).toContain('error[H662]');
  expect(existsSync(at('again.ct'))).toBe(false);

  expect(await fail(...resumeArguments(at, 0, 'paused/request-0.ct'))).toContain('error[H603]');
  const json: unknown = JSON.parse(await succeed(...resumeArguments(at, 0), '--json'));
  expect(json).toMatchObject({ round: 1, request: at('paused/request-1.ct'), paused: at('paused/paused-1.ct') });
  expect(await fail(...resumeArguments(at, 1, 'answer-0.ct'))).toContain('error[H663]');

  expect(await succeed(...refreshArguments(at, 1))).toContain('round trip 2 of 2');
  expect(await succeed(...resumeArguments(at, 1))).toContain('out.ct');
  await succeed(
    ...['decrypt', at('client.hep'), '--keys', at('keys'), '--input', at('out.ct'), '--raw', '-o', at('y.json'), '-q'],
  );
  const answers = JSON.parse(readFileSync(at('y.json'), 'utf8')) as Record<string, number[][]>;
  const got = new Map(Object.entries(answers).map(([name, [values = []]]) => [name, Float64Array.from(values)]));
  expect(difference(plan, got, await inTheClear(plan, sample))).toBeLessThan(stagedError);
});

test('inputs that were not encrypted for this evaluation are not refreshed', async () => {
  const at = await prepared();
  const start = ['eval', at('plan.hep'), ...keysOf(at), '--input', at('in.ct'), '-o', at('out.ct'), '-q'];
  await succeed(...start, '--pause', at('paused'));
  mkdirSync(at('other'));
  cpSync(at('in.ct'), at('other/in.ct'));
  const encrypt = ['encrypt', at('client.hep'), '--keys', at('keys'), '--input', at('x.json'), '-q'];
  await succeed(...encrypt, '-o', at('in.ct'));
  expect(await fail(...refreshArguments(at, 0))).toContain('error[H662]');
  expect(readdirSync(at('.')).some((name) => name.includes('refreshed'))).toBe(false);
});

test('options that do not go together are told', async () => {
  const at = await prepared();
  const common = ['eval', at('plan.hep'), ...keysOf(at), '-o', at('out.ct')];
  for (const [options, reason] of [
    [[], '--input is missing'],
    [['--input', at('in.ct'), '--resume', at('in.ct'), '--answer', at('in.ct')], 'exclude each other'],
    [['--resume', at('in.ct')], 'go together'],
  ] as const) {
    const { exitCode, stderr } = await runCli(...common, ...options);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(reason);
  }
  expect(await fail(...common, '--resume', at('in.ct'), '--answer', at('in.ct'), '--pause', at('p'))).toContain('H603');
});

test('run does both parts', async () => {
  const at = await prepared();
  await succeed('run', at('plan.hep'), '--input', at('x.json'), '-q', '-o', at('y.npz'));
  expect(existsSync(at('y.npz'))).toBe(true);
});
