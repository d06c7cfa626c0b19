/** `hepc measure-costs`: what it refuses and how it stops; at night a rough measurement, whose file another command could read. */
import { clientOpCost, clientOps } from '../../costs/client-costs.ts';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { opCost } from '../../costs/op-costs.ts';
import { costOrigin, readCostFile } from '../../runtime/measuring/cost-file.ts';
import { quickCostLadders } from '../../runtime/measuring/cost-ladders.ts';
import { measureCosts } from '../../runtime/measuring/measure-costs.ts';
import { liveHandles } from '../../runtime/seal/library/handles.ts';
import { runCli, temporaryFolder } from '../support/cli.ts';
import { isNightly } from '../support/setup/suite.ts';

const report = z.strictObject({
  engine: z.string(),
  engineVersion: z.string(),
  clientVersion: z.string(),
  cpu: z.string(),
  largestMisfit: z.number().min(0),
  table: z.record(z.string(), z.record(z.string(), z.record(z.string(), z.number()))),
  client: z.record(z.string(), z.record(z.string(), z.record(z.string(), z.number()))),
});

// Each measures for some ten seconds.
if (isNightly) {
  test('writes a file of costs, prints a few of them, and frees what it makes', async () => {
    const folder = temporaryFolder();
    const file = join(folder, 'costs.json');
    writeFileSync(file, 'old');
    const { exitCode, stdout } = await runCli('measure-costs', '-o', file, '--quick', '-q');
    expect(exitCode).toBe(0);
    expect(readdirSync(folder)).toEqual(['costs.json']);
    const { costs: table, clientCosts } = readCostFile(readFileSync(file), file);
    for (const op of clientOps)
      expect(clientOpCost(op, 3, 16384, clientCosts)).toBeGreaterThan(clientOpCost(op, 0, 4096, clientCosts));
    // The client encodes too, and expands a seed besides.
    expect(clientOpCost('encrypt', 2, 8192, clientCosts)).toBeGreaterThan(2 * opCost('encode', 2, 8192, table));
    expect(stdout).toContain(`${file}: milliseconds on ${costOrigin().cpu}`);
    expect(stdout).toContain(opCost('rotate', 4, 8192, table).toFixed(2));
    // Times are reported, never asserted; but a rotation has a transform of each pair of primes, a sum has none.
    expect(opCost('rotate', 3, 8192, table)).toBeGreaterThan(opCost('add', 3, 8192, table));
    expect(opCost('rotate', 3, 16384, table)).toBeGreaterThan(opCost('rotate', 0, 4096, table));
    expect(liveHandles()).toBe(0);
  });

  test('prints JSON', async () => {
    const file = join(temporaryFolder(), 'costs.json');
    const { stdout } = await runCli('measure-costs', '-o', file, '--quick', '-q', '--json');
    const { engine, engineVersion, clientVersion, cpu, table } = report.parse(JSON.parse(stdout));
    expect({ engine, engineVersion, clientVersion, cpu }).toEqual(costOrigin());
    expect(Object.keys(table)).toEqual(['4096', '8192', '16384', '32768', '65536']);
  });
}

test('refuses an output that cannot be written before it measures', async () => {
  const file = join(temporaryFolder(), 'missing', 'costs.json');
  const { exitCode, stderr } = await runCli('measure-costs', '-o', file, '-q');
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/^error\[H720\]/);
  expect(existsSync(file)).toBe(false);
});

test('stops where it is told to, and frees what it has made', async () => {
  const controller = new AbortController();
  const measuring = measureCosts({
    ladders: quickCostLadders,
    signal: controller.signal,
    onProgress: (part) => {
      if (part > 0.01) controller.abort(new Error('enough'));
    },
  });
  await expect(measuring).rejects.toThrow('enough');
  expect(liveHandles()).toBe(0);
});
