/** Two suites: the normal one, and with `--mode=nightly` the long one in `*.nightly.test.ts`. */
import { configDefaults, defineConfig } from 'vitest/config';

const nightlyFiles = 'test/**/*.nightly.test.ts';
const minute = 60_000;

export default defineConfig(({ mode }) => {
  const nightly = mode === 'nightly';
  return {
    test: {
      include: [nightly ? nightlyFiles : 'test/**/*.test.ts'],
      exclude: [...configDefaults.exclude, ...(nightly ? [] : [nightlyFiles])],
      setupFiles: ['test/support/seed.ts'],
      pool: 'forks',
      // Nightly tests measure time, and use both cores themselves.
      maxWorkers: nightly ? 1 : 2,
      testTimeout: nightly ? 30 * minute : 3 * minute,
      hookTimeout: nightly ? 30 * minute : 3 * minute,
    },
  };
});
