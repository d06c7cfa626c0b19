/** What plans are made for, through the command line: objectives, limits, and the report of the search. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { objectives, type SearchReport } from '../../ir/plan/search-report.ts';
import { compileSmallModel, runCli, type SmallModel } from '../support/cli.ts';

let files: SmallModel;
beforeAll(async () => {
  files = await compileSmallModel(1);
});
afterAll(() => {
  rmSync(files.folder, { recursive: true });
});

async function compileWith(...options: string[]) {
  const plan = join(files.folder, 'search.hep');
  const result = await runCli(...['compile', files.model, '-o', plan, '--calibrate', files.samples, '-q', ...options]);
  return { ...result, plan };
}

async function reportOf(plan: string): Promise<SearchReport> {
  const { exitCode, stdout } = await runCli('inspect', plan, '--search', '--json');
  expect(exitCode).toBe(0);
  return JSON.parse(stdout) as SearchReport;
}

describe('--optimize', () => {
  test.each(objectives)('%s', async (objective) => {
    const { exitCode, stdout, plan } = await compileWith('--optimize', objective);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/evaluation +[\d.]+ m?s on one thread by the cost model/);
    const report = await reportOf(plan);
    expect(report).toMatchObject({ objective, bandwidthMbit: 100, limits: {} });
    expect(report.candidates.filter(({ verdict }) => verdict === 'chosen')).toHaveLength(1);
  });

  test('throughput says how long a sample takes', async () => {
    const { stdout, plan } = await compileWith('--optimize', 'throughput');
    expect(stdout).toMatch(/evaluation .* per sample\n/);
    expect((await runCli('inspect', plan)).stdout).toMatch(/evaluation .* per sample\n/);
  });

  test('a batch that takes several runs says so', async () => {
    const { stdout, plan } = await compileWith('--batch', '5000');
    const [, batch = ''] = /batch +(\d+) samples a run, where 5000 were asked for/.exec(stdout) ?? [];
    expect(Number(batch)).toBeGreaterThan(1);
    const report = await reportOf(plan);
    const alternatives = report.layers.flatMap((layer) => layer.alternatives);
    expect(alternatives.filter(({ more }) => more < 0)).toEqual([]);
    // Whatever is below the chosen plan is said to be a lower bound.
    const chosen = report.candidates.find(({ verdict }) => verdict === 'chosen')?.cost ?? NaN;
    const below = report.candidates.filter(({ verdict, cost = Infinity }) => verdict === 'costlier' && cost < chosen);
    expect(below.every(({ isBound }) => isBound === true)).toBe(true);
  });

  test('end-to-end takes a bandwidth, and nothing else does', async () => {
    const { plan } = await compileWith('--optimize', 'end-to-end', '--bandwidth', '2.5');
    expect((await reportOf(plan)).bandwidthMbit).toBe(2.5);
    const refused = await compileWith('--bandwidth', '10');
    expect(refused).toMatchObject({ exitCode: 2, stdout: '' });
    expect(refused.stderr).toContain('--bandwidth needs --optimize end-to-end');
  });
});

describe('limits', () => {
  test('that can be kept are', async () => {
    const { plan } = await compileWith('--max-memory', '1GiB', '--max-upload', '4 MB', '--max-keys', '3');
    const report = await reportOf(plan);
    expect(report.limits).toEqual({ memoryBytes: 2 ** 30, uploadBytes: 4e6, galoisKeys: 3 });
    const [chosen] = report.candidates.filter(({ verdict }) => verdict === 'chosen');
    expect(chosen?.measures?.galoisKeys).toBeLessThanOrEqual(3);
  });

  test('that nothing meets are told with the nearest plan', async () => {
    const { exitCode, stderr } = await compileWith('--max-upload', '100B');
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(
      /error\[H340\]: the nearest plan, at N = \d+, needs \d+KiB where --max-upload allows 100B \(\d+ times as much\)/,
    );
  });

  test('of memory that nothing keeps are told with the keys and layers that take it', async () => {
    const { exitCode, stderr } = await compileWith('--max-memory', '1KiB');
    expect(exitCode).toBe(1);
    const [head, layer] = stderr.split('\n');
    expect(head).toMatch(
      /error\[H340\]: .* needs \d+MiB where --max-memory allows 1KiB .*: \d+ MiB for \d+ keys?.*, \d+ MiB for plaintexts, \d+ MiB for ciphertexts$/,
    );
    expect(layer).toMatch(/^ {2}help: ".*" \(\w+\) takes \d+ MiB: /);
  });
});

describe('inspect --search', () => {
  test('shows configurations, candidates, and every layer', async () => {
    const { stdout } = await runCli('inspect', files.plan, '--search');
    expect(stdout).toContain('objective  latency\n');
    expect(stdout).toMatch(
      /\nConfigurations\n[^]*\n +4096 +1 [^]*\nPlans that were weighed\n[^]* chosen: predicted error /,
    );
    expect(stdout).toMatch(
      /\n.*\(Gemm\) \(dense\): \d+ ways weighed(, the best \d+ shown)?\n[^]* chosen(, \+[\d.]+ ms)? +[\d.]+ ms/,
    );
  });

  test('has nothing to say of a plan without a report', async () => {
    const bound = join(files.folder, 'bound.hep');
    await compileWith('--weights', 'encrypted');
    const keys = join(files.folder, 'keys');
    const plan = join(files.folder, 'search.hep');
    await runCli('keygen', plan, '-o', keys);
    const { exitCode } = await runCli('bind', plan, '--public-key', join(keys, 'public.key'), '-o', bound);
    expect(exitCode).toBe(0);
    const { exitCode: refused, stderr } = await runCli('inspect', bound, '--search');
    expect({ refused, stderr }).toMatchObject({ refused: 1, stderr: expect.stringContaining('H743') as string });
  });
});

test('--costs takes a file of costs, and refuses another', async () => {
  const costs = join(files.folder, 'costs.json');
  writeFileSync(costs, '{}');
  const { exitCode, stderr } = await compileWith('--costs', costs);
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/^error\[H\d+\] .*costs\.json/);
});

test.each([
  [['--bandwidth', '0', '--optimize', 'end-to-end'], '--bandwidth: expected a number above 0', '"0"'],
  [['--max-memory', 'lots'], '--max-memory: expected a size with its unit, such as 512MiB', '"lots"'],
  [['--max-memory', '-5MiB'], '--max-memory: expected a size', '"-5MiB"'],
  [['--max-upload', '12XB'], '--max-upload: expected a size', '"12XB"'],
  [['--max-keys', 'few'], '--max-keys: expected a whole number', '"few"'],
  [['--optimize', 'latncy'], 'did you mean latency?', '"latncy"'],
])('%j is refused', async (options, message, got) => {
  const { exitCode, stderr } = await compileWith(...options);
  expect(exitCode).toBe(2);
  expect(stderr).toContain(message);
  expect(stderr).toContain(got);
});
