/** Programs of this repository in processes of their own. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** Standard output of the command line, which has to succeed. */
export function hepc(args: readonly string[]): string {
  return runProgram([join(import.meta.dirname, '..', 'cli', 'main.ts'), ...args]);
}

/** Standard output of a program, which has to succeed; it runs in `cwd`, by default where this process does. */
export function runProgram(args: readonly string[], cwd?: string): string {
  const { status, stdout, stderr, error } = spawnSync(process.execPath, [...process.execArgv, ...args], {
    cwd,
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status ?? 'a signal'}:\n${stderr}`);
  return stdout;
}
