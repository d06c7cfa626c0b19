/** The demo page, which `hepc serve --demo` serves: bundled by vite, with its workers beside it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'rolldown';
import { build } from 'vite';
import { scriptOf, writeWorker } from './browser.ts';

const root = join(import.meta.dirname, '..', '..', 'service', 'page');

/** The page has a worker of its own; without this the library's would be in it as a text. */
const ownWorkerAlone: Plugin = {
  name: 'hepc-own-worker',
  resolveId: (id) => (id.endsWith('/worker-entry.ts') ? 'hepc:no-worker' : undefined),
  load: (id) =>
    id === 'hepc:no-worker'
      ? `const none = () => { throw new Error('the page has a worker of its own'); };
         export const [entry, libraryEntry, libraryEntryWithSeal] = [none, none, none];`
      : undefined,
};

/** What SEAL's exceptions need anyway, so that nothing is written for older ones. */
const target = ['chrome137', 'firefox131', 'safari18.4'];

/** Replaces the folder `to`. */
export async function buildPage(to: string): Promise<void> {
  await build({
    ...{ root, base: './', configFile: false, logLevel: 'warn' },
    build: {
      ...{ target, outDir: to, emptyOutDir: true, assetsInlineLimit: 0, modulePreload: false, copyPublicDir: true },
      reportCompressedSize: false,
    },
  });
  writeFileSync(join(to, 'session.js'), await scriptOf('service/page/session-worker.ts', [ownWorkerAlone]));
  await writeWorker('service/page/worker.ts', to, 'worker.js');
}
