import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { z } from 'zod';

const program = fileURLToPath(new URL('../support/compile-million-ops.ts', import.meta.url));
const report = z.object({ ops: z.number(), seconds: z.number(), peakBytes: z.number(), bytes: z.number() });

test('a plan of a million operations compiles in under 60 s within 2 GiB', () => {
  const { stdout, stderr, status } = spawnSync(process.execPath, [program], { encoding: 'utf8' });
  expect(stderr).not.toContain('Error');
  expect(status).toBe(0);
  const { ops, seconds, peakBytes } = report.parse(JSON.parse(stdout));
  expect(ops).toBeGreaterThanOrEqual(1e6);
  expect(seconds).toBeLessThan(60);
  expect(peakBytes).toBeLessThan(2 * 2 ** 30);
});
