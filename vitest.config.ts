/** Two suites: the normal one, and with `--mode=nightly` the long one in `*.nightly.test.ts`. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { configDefaults, defineConfig } from 'vitest/config';
import { LongFirst } from './test/support/setup/long-first.ts';

const nightlyFiles = 'test/**/*.nightly.test.ts';
const minute = 60_000;

/** Tests of code that keeps no state of a process: no SEAL, no workers, no memory that is measured. */
const statelessFiles = ['golden', 'unit/{compiler,costs,ir,passes,pruning,structure,training}'].map(
  (folder) => `test/${folder}/**/*.test.ts`,
);

export default defineConfig(({ mode }) => {
  const nightly = mode === 'nightly';
  const exclude = [...configDefaults.exclude, nightlyFiles];
  const projects = [
    {
      extends: true as const,
      test: { name: 'isolated', include: ['test/**/*.test.ts'], exclude: [...exclude, ...statelessFiles] },
    },
    // Importing the sources once more for each file, and warming them up, takes longer than most of the files.
    { extends: true as const, test: { name: 'shared', include: statelessFiles, exclude, isolate: false } },
  ];
  return {
    test: {
      ...(nightly ? { include: [nightlyFiles, ...filesOfBothSuites()] } : { projects }),
      provide: { nightly },
      globalSetup: ['test/support/setup/run-folder.ts'],
      setupFiles: ['test/support/setup/seed.ts'],
      sequence: { sequencer: LongFirst },
      pool: 'forks',
      // Nightly tests measure time, and use both cores themselves.
      maxWorkers: nightly ? 1 : 2,
      testTimeout: nightly ? 30 * minute : 3 * minute,
      hookTimeout: nightly ? 30 * minute : 3 * minute,
    },
  };
});

/** Those that have more cases at night, see `test/support/setup/suite.ts`. */
function filesOfBothSuites(): string[] {
  const root = import.meta.dirname;
  const files = globSync('test/**/*.test.ts', { cwd: root });
  return files.filter((file) => readFileSync(join(root, file), 'utf8').includes('support/setup/suite.ts'));
}
