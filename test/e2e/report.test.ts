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
