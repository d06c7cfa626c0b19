/**
 * The package in bundlers, without a word of configuration: in the normal suite in esbuild, in the nightly one in all. There
 * the pages run, too: `bundlers.nightly.test.ts`.
 */
import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundlers } from '../support/package/bundlers.ts';
import { type Installation, installPackage } from '../support/package/install.ts';
import { isNightly } from '../support/setup/suite.ts';

let installed: Installation;
beforeAll(async () => {
  installed = await installPackage();
}, 180_000);
afterAll(() => {
  rmSync(installed.folder, { recursive: true });
});

const libraries = {
  'hepc/client': 'Client',
  'hepc/client-worker': 'WorkerClient',
  'hepc/server': 'Server',
} as const;

describe.each(Object.entries(bundlers).filter(([name]) => isNightly || name === 'esbuild'))('%s', (name, bundle) => {
  test.each(Object.entries(libraries))('bundles %s without a complaint', async (library, type) => {
    const { folder } = installed;
    const entry = `${type}.js`;
    writeFileSync(join(folder, entry), `import { ${type} } from '${library}';\nglobalThis.used = ${type};\n`);
    const to = join(folder, `${name}-${type}`);
    expect(await bundle(folder, entry, to)).toEqual([]);
    const files = readdirSync(to, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
    const bytes = files.reduce((sum, file) => sum + statSync(join(file.parentPath, file.name)).size, 0);
    // SEAL is 550 kB of it. webpack keeps the worker of RemoteModel, which nobody loads, as a chunk of its own.
    expect(bytes).toBeGreaterThan(600_000);
    expect(bytes).toBeLessThan(name === 'webpack' ? 1_750_000 : 1_300_000);
  });

  test('bundles the worker of a client for a project that serves it itself', async () => {
    const { folder } = installed;
    writeFileSync(join(folder, 'worker.js'), `import 'hepc/client-worker/worker';\n`);
    const to = join(folder, `${name}-worker`);
    expect(await bundle(folder, 'worker.js', to)).toEqual([]);
    const files = readdirSync(to, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
    const sizes = files.map((file) => statSync(join(file.parentPath, file.name)).size);
    // SEAL is for browsers that cannot run our kernels: a file of its own where the bundler divides what it bundles.
    if (name === 'esbuild') expect(sizes).toHaveLength(1);
    else expect(statSync(join(to, 'page.js')).size).toBeLessThan(320_000);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeGreaterThan(800_000);
  });

  test('says of the compiler that it is for Node, and what a page imports', async () => {
    const { folder } = installed;
    writeFileSync(join(folder, 'compile.js'), `import { compile } from 'hepc';\nglobalThis.used = compile;\n`);
    await expect(bundle(folder, 'compile.js', join(folder, `${name}-nothing`))).rejects.toThrow(
      /hepc compiles models in Node only, a page imports hepc\/client, hepc\/client-worker or hepc\/server/,
    );
  });
});
