/** `hepc inspect --html` through the command line. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compileSmallModel, runCli, type SmallModel } from '../support/cli.ts';

let files: SmallModel;
beforeAll(async () => {
  files = await compileSmallModel(2);
});
afterAll(() => {
  rmSync(files.folder, { recursive: true });
});

test('writes one page, and says so', async () => {
  const page = join(files.folder, 'report.html');
  const { exitCode, stdout, stderr } = await runCli('inspect', files.plan, '--html', page);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(stdout).toMatch(/report\.html: [\d.]+ KiB\n$/);
  const text = readFileSync(page, 'utf8');
  expect(text).toMatch(/^<!doctype html>/);
  // Layouts and kernels come from the dumps that the compiler leaves in the plan.
  expect(text).toMatch(/<code>\[8\]<\/code>\s+as <code>\[/);
  for (const id of ['plan', 'error', 'network', 'tiles', 'operations', 'timeline', 'levels', 'traffic', 'search'])
    expect(text).toContain(`id="${id}"`);
});

test('shows what a run has taken beside the model, and another plan', async () => {
  const [page, trace] = [join(files.folder, 'full.html'), join(files.folder, 'trace.json')];
  const run = await runCli('run', files.plan, '--input', files.samples, '--trace', trace, '--limit', '1', '-q');
  expect(run).toMatchObject({ exitCode: 0 });
  const { exitCode, stderr } = await runCli(
    'inspect',
    files.plan,
    '--html',
    page,
    '--trace',
    trace,
    '--compare',
    files.plan,
  );
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  const text = readFileSync(page, 'utf8');
  for (const id of ['measured', 'compare']) expect(text).toContain(`<section id="${id}">`);
  expect(text).not.toContain('not measured.');
  expect(await runCli('inspect', files.plan, '--trace', trace)).toMatchObject({ exitCode: 2 });
});

/** Of a run in the clear; made once. */
const made = new Map<string, string>();
async function clearTrace(): Promise<string> {
  const known = made.get(files.plan);
  if (known !== undefined) return known;
  const trace = join(files.folder, 'clear.json');
  const run = ['run', files.plan, '--input', files.samples, '--trace', trace, '--engine', 'clear', '-q'];
  expect(await runCli(...run)).toMatchObject({ exitCode: 0 });
  const text = readFileSync(trace, 'utf8');
  made.set(files.plan, text);
  return text;
}

test.each<[what: string, change: (text: string) => string, reason: string]>([
  ['that is no JSON', () => '{', 'it is not JSON'],
  ['that is another file', () => '{"a": 1}', 'format'],
  [
    'of another plan',
    (text) => text.replace(/"program": "[0-9a-f]{64}"/, `"program": "${'0'.repeat(64)}"`),
    'another plan',
  ],
  ['with a time below zero', (text) => text.replace(/"keygenMs": [\d.e-]+/, '"keygenMs": -1'), 'keygenMs'],
  ['without times', (text) => text.replace(/"evaluateMs": \[[^\]]*\]/, '"evaluateMs": []'), 'evaluateMs'],
  [
    'whose marks go back',
    (text) => text.replace(/"marks": \[[^]*\]/, '"marks": [[0.5, 2], [0.4, 3]]'),
    'not ascending',
  ],
])('refuses a trace %s', async (_, change, reason) => {
  const [page, trace] = [join(files.folder, 'bad.html'), join(files.folder, 'bad.json')];
  writeFileSync(trace, change(await clearTrace()));
  const { exitCode, stderr } = await runCli('inspect', files.plan, '--html', page, '--trace', trace);
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(new RegExp(`H744.*${reason}`));
  expect(existsSync(page)).toBe(false);
});

test('stands alone', async () => {
  const page = join(files.folder, 'refused.html');
  const { exitCode, stderr } = await runCli('inspect', files.plan, '--html', page, '--stats');
  expect(exitCode).toBe(2);
  expect(stderr).toContain('--html takes no --level, --stats, --search or --json');
  expect(existsSync(page)).toBe(false);
});

test('writes nothing where the plan is none, or the place cannot be written', async () => {
  const page = join(files.folder, 'none.html');
  const bad = join(files.folder, 'bad.hep');
  writeFileSync(bad, 'no plan');
  expect(await runCli('inspect', bad, '--html', page)).toMatchObject({ exitCode: 1, stdout: '' });
  expect(existsSync(page)).toBe(false);
  const nowhere = await runCli('inspect', files.plan, '--html', join(files.folder, 'missing', 'x.html'));
  expect(nowhere).toMatchObject({ exitCode: 1, stdout: '' });
  expect(nowhere.stderr).toContain('H720');
});
