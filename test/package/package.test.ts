/** The package that npm would publish: what is in it, and that it runs where it is installed, without development tools. */
import { existsSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { installCommand } from '../../training/load-onnxruntime.ts';
import { type Installation, installPackage, linkPackage } from '../support/package/install.ts';
import { manifest, repository } from '../support/package/manifest.ts';
import { runNode } from '../support/package/run-node.ts';
import { isNightly } from '../support/setup/suite.ts';

let installed: Installation;
beforeAll(async () => {
  installed = await installPackage();
}, 180_000);
afterAll(() => {
  rmSync(installed.folder, { recursive: true });
});

const models = 'node_modules/hepc/examples/models';
const hepc = 'node_modules/hepc/dist/bin/hepc.cjs';
const run = (...args: string[]) => runNode(process.execPath, args, installed.folder);

describe('the tarball', () => {
  test('has the declarations that its entries reach, and nothing of the sources', () => {
    const { packed, tarballBytes } = installed;
    const declarations = packed.filter((path) => path.endsWith('.d.ts'));
    expect(declarations.length).toBeLessThan(16);
    expect(packed.filter((path) => /(?<!\.d)\.ts$|(^|\/)(test|scripts|node_modules)\//.test(path))).toEqual([]);
    // A megabyte of them is the demo page, with SEAL in its worker.
    expect(tarballBytes).toBeLessThan(5e6);
  });

  test('has what its entries in package.json name', () => {
    const { library } = installed;
    const paths = z.object({ bin: z.record(z.string(), z.string()), main: z.string(), types: z.string() });
    const { bin, main, types } = paths.parse(JSON.parse(readFileSync(join(library, 'package.json'), 'utf8')));
    const targets = [...Object.values(bin), main, types, ...leaves(manifest.exports)];
    expect(targets.length).toBeGreaterThan(8);
    expect(targets.filter((target) => !existsSync(join(library, target)))).toEqual([]);
  });

  test('has what its texts link to', () => {
    const { library } = installed;
    const texts = globSync('**/*.md', { cwd: library, exclude: (name) => name === 'node_modules' });
    const links = texts
      .flatMap((text) =>
        Array.from(readFileSync(join(library, text), 'utf8').matchAll(/\]\(([^)#\s]+)[^)]*\)/g), ([, target = '']) => ({
          text,
          target,
        })),
      )
      .filter(({ target }) => !/^https?:/.test(target));
    expect(links.length).toBeGreaterThan(10);
    expect(links.filter(({ text, target }) => !existsSync(join(library, dirname(text), target)))).toEqual([]);
  });
});

describe('installed', () => {
  // `docs-code.test.ts` runs the first program of the README there.
  if (isNightly)
    test('its command compiles and runs the example as help writes it, from where it is installed', async () => {
      const help = await run(hepc, 'help', 'compile');
      const line = /hepc (compile \S*mlp-784\S* -o mlp.hep --calibrate \S+)/.exec(
        help.stdout.replaceAll(/\s+\\\n\s+/g, ' '),
      );
      const args = line?.[1]?.split(' ') ?? [];
      expect(args.join(' ')).toContain(`${models}/mnist-test256.npz`);
      expect(await run(hepc, ...args, '-q')).toMatchObject({ exitCode: 0, stderr: '' });
      const ran = await run(hepc, 'run', 'mlp.hep', '--input', `${models}/mnist-test256.npz`, '--limit', '1', '-q');
      expect(ran).toMatchObject({ exitCode: 0 });
      expect(ran.stdout).toContain('largest at 7');
    });

  test('its libraries are imported and required, and none has to do with the other', async () => {
    const names = Object.keys(manifest.exports)
      .filter((name) => name !== './package.json' && name !== './client-worker/worker')
      .map((name) => name.replace(/^\./, 'hepc'));
    writeFileSync(
      join(installed.folder, 'use.mjs'),
      `import { createRequire } from 'node:module';
       const require = createRequire(import.meta.url);
       for (const name of ${JSON.stringify(names)}) {
         const [imported, required] = [await import(name), require(name)];
         console.log(name, Object.keys(imported).length > 3 && Object.keys(imported).every((key) => imported[key] === required[key]));
       }`,
    );
    const { stdout, exitCode } = await run('use.mjs');
    expect(exitCode).toBe(0);
    expect(stdout.trim().split('\n')).toEqual(names.map((name) => `${name} true`));
  });

  test('what needs onnxruntime says how to install it, and works once it is', async () => {
    const [model, table] = ['onnx', 'npz'].map((ending) => `${models}/breast-cancer.${ending}`);
    const compiled = await run(hepc, 'compile', model ?? '', '-o', 'table.hep', '--calibrate', table ?? '', '-q');
    expect(compiled).toMatchObject({ exitCode: 0, stderr: '' });
    const args = [hepc, 'verify', 'table.hep', '--model', model ?? ''] as const;
    const samples = ['--input', table ?? '', '--limit', '1', '--engine', 'clear', '-q'];
    const without = await run(...args, ...samples);
    expect(without).toMatchObject({ exitCode: 1 });
    expect(without.stderr).toContain('H117');
    expect(without.stderr).toContain(installCommand);
    linkPackage('onnxruntime-web', installed.folder);
    expect(await run(...args, ...samples)).toMatchObject({ exitCode: 0 });
  });

  test('that command installs the version that hepc is tested with', () => {
    expect(installCommand).toBe(`npm install onnxruntime-web@${manifest.devDependencies['onnxruntime-web'] ?? ''}`);
    expect(manifest.peerDependencies['onnxruntime-web']).toBe(`^${manifest.devDependencies['onnxruntime-web'] ?? ''}`);
  });
});

// `docs-code.test.ts` checks programs with `nodenext` and the newest compiler in the normal suite.
if (isNightly)
  describe('its types', () => {
    const use = `
    import { Client, compile, HepcError, prune, readPlan, Server, type Plan } from 'hepc';
    import { Client as Half, type KeySet } from 'hepc/client';
    import { Server as Other, type ServerSession } from 'hepc/server';
    export async function answer(onnx: Uint8Array, image: Float32Array): Promise<number> {
      const { plan, hep }: { plan: Plan; hep: Uint8Array } = compile(onnx, { maxError: 0.01 });
      const client: Client = await Half.create(plan.client);
      const keys: KeySet = client.generateKeys();
      const server: Server = await Other.create(readPlan(hep, 'plan.hep'));
      const session: ServerSession = await server.openSession(keys.evaluationKeys);
      const { outputs } = await session.evaluate(client.encrypt([{ input: image }, new Map([['input', [1, 2]]])]));
      const [value] = client.decrypt(outputs).map((each) => each.get('output'));
      return value instanceof Float64Array ? (value[0] ?? 0) : 0;
    }
    // @ts-expect-error it takes an array of bytes
    compile('model.onnx');
    export { HepcError, prune };
  `;

    const settings = [
      ['typescript-5.4', 'esnext', 'node10'],
      ['typescript', 'esnext', 'bundler'],
      ['typescript-5.4', 'nodenext', 'nodenext'],
      ['typescript-5.4', 'esnext', 'bundler'],
      ['typescript', 'nodenext', 'nodenext'],
    ] as const;

    test.each(settings)(
      '%s, module %s, moduleResolution %s: they are checked themselves, and need no types of Node',
      async (...given) => {
        const [typescript, module, moduleResolution] = given;
        const { folder } = installed;
        writeFileSync(join(folder, 'use.ts'), use);
        const compilerOptions = {
          ...{ module, moduleResolution, target: 'es2022', lib: ['es2022', 'dom'], types: [] },
          ...{ strict: true, exactOptionalPropertyTypes: true, esModuleInterop: true, noEmit: true },
          // Ours are checked, those of the compiler are not.
          ...{ skipLibCheck: false, skipDefaultLibCheck: true },
        };
        writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['use.ts'] }));
        const compiler = join(repository, 'node_modules', typescript, 'bin', 'tsc');
        expect(await run(compiler, '-p', folder)).toEqual({ exitCode: 0, stdout: '', stderr: '' });
      },
    );
  });

describe('a Node that is too old', () => {
  /** Those next to the bounds, and at night the others. */
  const versions = (near: readonly string[], far: readonly string[]) => [...near, ...(isNightly ? far : [])];

  /** A Node that takes itself for another. */
  const pretend = (version: string, ...args: string[]) => {
    const file = join(installed.folder, `pretend-${version}.cjs`);
    writeFileSync(file, `Object.defineProperty(process.versions, 'node', { value: '${version}' });`);
    return run('--require', file, ...args);
  };

  test.each(versions(['22.18.0', '24.14.1'], ['0.12.0', '20.20.2', '23.11.1']))(
    '%s is told so by one line',
    async (version) => {
      const said = /^hepc needs Node 22.19 or newer, not 23, or 24.15 or newer, and this is Node [\d.]+\n$/;
      const { exitCode, stdout, stderr } = await pretend(version, hepc, '--version');
      expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
      expect(stderr).toMatch(said);
      writeFileSync(
        join(installed.folder, 'import.mjs'),
        `await import('hepc/client').catch(({ message }) => console.log(message));`,
      );
      expect((await pretend(version, 'import.mjs')).stdout).toMatch(said);
    },
  );

  test.each(versions(['22.19.0', '24.15.0'], ['22.23.5', '25.0.0', '26.1.2']))('%s is not', async (version) => {
    expect(await pretend(version, hepc, '--version')).toMatchObject({ exitCode: 0, stdout: `${manifest.version}\n` });
  });

  test('is one that package.json refuses', () => {
    expect(manifest.engines.node).toBe('^22.19.0 || >=24.15.0');
  });
});

/** The strings in nested objects. */
function leaves(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(leaves) : [];
}
