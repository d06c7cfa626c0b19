/** Two suites: the normal one, and with `--mode=nightly` the long one in `*.nightly.test.ts`. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { configDefaults, defineConfig } from 'vitest/config';
import { LongFirst } from './test/support/setup/long-first.ts';

const nightlyFiles = 'test/**/*.nightly.test.ts';
const minute = 60_000;

/**
 * Tests of code that keeps no state of a process: no SEAL, no workers, no memory that is measured, no modules in place of
 * others. The engines of those of programs run in processes, or in workers that they end.
 */
const statelessFiles = filesOf(
  [
    'golden/**/*',
    'unit/{cli,compiler,costs,ir,passes,pruning,structure,training}/**/*',
    'unit/runtime/{base,csv,format,hep,measuring}/**/*',
    'unit/service/{base,jobs,keys,models,page}/**/*',
    'e2e/{cli-*,prune*,counts,cases,report,advise,import,polynomial-*}',
  ],
  (text) => !text.includes('vi.mock('),
);

/** Those that have more cases at night, see `test/support/setup/suite.ts`. */
const bothSuites = filesOf(['**/*'], (text) => text.includes('support/setup/suite.ts'));

export default defineConfig(({ mode }) => {
  const nightly = mode === 'nightly';
  const exclude = [...configDefaults.exclude, nightlyFiles];
  const projects = [
    {
      extends: true as const,
      test: {
        name: 'isolated',
        include: ['test/**/*.test.ts'],
        exclude: [...exclude, ...statelessFiles],
      },
    },
    // Importing the sources once more for each file, and warming them up, takes longer than most of the files.
    {
      extends: true as const,
      test: { name: 'shared', include: statelessFiles, exclude, isolate: false },
    },
  ];
  return {
    test: {
      ...(nightly ? { include: [nightlyFiles, ...bothSuites] } : { projects }),
      provide: { nightly },
      globalSetup: ['test/support/setup/run-folder.ts'],
      setupFiles: ['test/support/setup/seed.ts'],
      sequence: { sequencer: LongFirst },
      pool: 'forks',
      // Nightly tests measure time, and use both cores themselves.
      // A third has a core while the others wait for a process, a clock or a disk.
      maxWorkers: nightly ? 1 : 3,
      testTimeout: nightly ? 30 * minute : 3 * minute,
      hookTimeout: nightly ? 30 * minute : 3 * minute,
    },
  };
});

/** Tests whose text `fits`. */
function filesOf(patterns: readonly string[], fits: (text: string) => boolean): string[] {
  const root = import.meta.dirname;
  const files = patterns.flatMap((pattern) => globSync(`test/${pattern}.test.ts`, { cwd: root }));
  return files.filter((file) => fits(readFileSync(join(root, file), 'utf8')));
}
