/** A program in a process of its own. */
import { execFile } from 'node:child_process';

export interface Ran {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a Node with `args` in `folder`, whatever its exit code. */
export function runNode(node: string, args: readonly string[], folder: string): Promise<Ran> {
  return new Promise((resolve, reject) => {
    execFile(node, args, { cwd: folder, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      const exitCode = error === null ? 0 : error.code;
      if (typeof exitCode === 'number') resolve({ exitCode, stdout, stderr });
      else reject(error ?? new Error('no exit code'));
    });
  });
}
