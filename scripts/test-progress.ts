/**
 * A reporter of vitest that says how far a run has come, where standard output is no terminal: on one, vitest's own summary
 * does. Time left is by the number of files, and so rough.
 */
import type { Reporter, TestModule, TestSpecification } from 'vitest/node';

const secondsBetweenLines = 15;

export default class TestProgress implements Reporter {
  private files = 0;
  private done = 0;
  private startMs = 0;
  private saidMs = 0;

  onTestRunStart(specifications: readonly TestSpecification[]): void {
    this.files = specifications.length;
    this.startMs = performance.now();
    this.saidMs = this.startMs;
  }

  onTestModuleEnd(module: TestModule): void {
    this.done++;
    const now = performance.now();
    if (process.stdout.isTTY || now - this.saidMs < 1000 * secondsBetweenLines) return;
    this.saidMs = now;
    process.stderr.write(
      `${describeProgress(this.done, this.files, (now - this.startMs) / 1000)}: ${module.relativeModuleId}\n`,
    );
  }
}

/** `[42 of 160 files, 80 s, about 4 min left]` */
export function describeProgress(done: number, files: number, seconds: number): string {
  const left = (seconds / done) * (files - done);
  return `[${done} of ${files} files, ${describeSeconds(seconds)}, about ${describeSeconds(left)} left]`;
}

function describeSeconds(seconds: number): string {
  return seconds < 100 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
}
