/** The declarations of the package: those that its entries reach, and nothing internal. */
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { dts } from 'rolldown-plugin-dts';

/** Entries of the package by their name, as files of the sources without their extension. */
const entries = {
  index: 'index',
  client: 'runtime/client-library',
  service: 'service/library',
  'client-worker': 'runtime/worker-client/library',
  'client-worker-script': 'runtime/worker-client/worker',
  server: 'runtime/server-library',
} as const;

/** Bundles the compiler's declarations in `from` into a file for each entry and a few that they share, in `to`. */
export async function bundleDeclarations(from: string, to: string): Promise<void> {
  const bundle = await rolldown({
    input: Object.fromEntries(Object.entries(entries).map(([name, file]) => [name, join(from, `${file}.d.ts`)])),
    plugins: [dts({ dtsInput: true, emitDtsOnly: true, sourcemap: false, tsconfig: false })],
    checks: { bundlerTimings: false },
    external: (id) => !/^[./]|^[A-Z]:/.test(id),
  });
  await bundle.write({ dir: to, entryFileNames: '[name].d.ts', chunkFileNames: '[name].d.ts' });
  await bundle.close();
}
