/**
 * Runs vitest once and ends with `N passed, N failed` alone on the last line (`, N skipped` follows if there are any).
 * Arguments are vitest's; the exit code is vitest's.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runChild } from './child-process.mjs';

/** What is read of vitest's JSON report. */
interface Report {
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

const interruptedBySignal = 128;

/** Of the whole suites, by the arguments that run them. */
const durations: Readonly<Record<string, string>> = { '': 'about 5 minutes', '--mode=nightly': 'about two hours' };

/** A file that failed outside its tests (it did not load, a hook threw) counts as one failure, and so does a run. */
function summarise({ testResults }: Report, exitCode: number): string {
  const statuses = testResults.flatMap((file) => {
    const tests = file.assertionResults.map((test) => test.status);
    return file.status === 'failed' && !tests.includes('failed') ? [...tests, 'failed'] : tests;
  });
  const count = (status: string): number => statuses.filter((each) => each === status).length;
  const passed = count('passed');
  const failed = count('failed');
  const skipped = statuses.length - passed - failed;
  const reportedFailed = failed === 0 && exitCode !== 0 ? 1 : failed;
  return `${passed} passed, ${reportedFailed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

const folder = mkdtempSync(join(tmpdir(), 'hepc-test-'));
try {
  const reportPath = join(folder, 'report.json');
  const vitest = join(import.meta.dirname, '..', 'node_modules', 'vitest', 'vitest.mjs');
  const progress = join(import.meta.dirname, 'test-progress.ts');
  const reporters = [
    '--reporter=default',
    `--reporter=${progress}`,
    '--reporter=json',
    `--outputFile.json=${reportPath}`,
  ];
  const duration = durations[process.argv.slice(2).join(' ')];
  if (duration !== undefined) process.stdout.write(`All of this suite takes ${duration} on two cores that are idle.\n`);
  const exitCode = await runChild(process.execPath, [vitest, 'run', ...reporters, ...process.argv.slice(2)]);
  if (existsSync(reportPath)) {
    const report = JSON.parse(readFileSync(reportPath, 'utf8')) as Report;
    process.stdout.write(`\n${summarise(report, exitCode)}\n`);
  } else if (exitCode !== 0 && exitCode < interruptedBySignal) {
    process.stdout.write(`\n${summarise({ testResults: [] }, exitCode)}\n`);
  }
  process.exitCode = exitCode;
} finally {
  rmSync(folder, { recursive: true });
}
