/**
 * The build for browsers: a module for each entry that runs there, which any bundler takes as it is, for it imports its
 * neighbours alone. WebAssembly and the scripts of workers are in it as texts: not every bundler copies files that a script
 * names, or starts workers from them (esbuild does neither).
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { type OutputChunk, type Plugin, rolldown } from 'rolldown';

const root = join(import.meta.dirname, '..', '..');
const seal = join(root, 'node_modules', 'node-seal', 'dist', 'seal_throws');

/** The worker of `hepc/client-worker` as a file of its own, for pages that may not make workers of texts. */
const workerScript = 'client-worker-script.js';

/** Entries by the name of their file. */
const entries = {
  client: 'runtime/client-library.ts',
  remote: 'runtime/remote/library.ts',
  'client-worker': 'runtime/worker-client/library.ts',
  server: 'runtime/server-library.ts',
} as const;

const clientWorker = 'runtime/worker-client/worker.ts';

/** Modules of the sources in whose place others stand, which hold what those look for. */
const replaced: Readonly<Record<string, () => string | Promise<string>>> = {
  'runtime/seal/library/compile-wasm.ts': () => `
    import { unpack } from 'hepc:unpack';
    let compiled;
    export function compileSeal() {
      compiled ??= import('hepc:seal').then(({ packed }) => unpack(packed)).then((bytes) => WebAssembly.compile(bytes));
      return compiled;
    }`,
  'runtime/rns/kernels/read-kernels.ts': () => `
    import { unpack } from 'hepc:unpack';
    export const readKernels = () => unpack(${packed(join(root, 'runtime/rns/kernels/kernels.wasm'))});
    export const readWideKernels = async () => unpack((await import('hepc:wide-kernels')).packed);`,
  'runtime/engines/simd/session/worker-entry.ts': async () =>
    entriesOf(await scriptOf('runtime/engines/simd/session/worker.ts')),
  // Apart, so that a page with a worker of its own does not load it.
  'runtime/worker-client/worker-entry.ts': () => `
    export const libraryEntry = async () => (await import('hepc:worker')).entry;
    export const libraryEntryWithSeal = async () => {
      const [{ entryAfter }, { script }] = await Promise.all([import('hepc:worker'), import('hepc:seal-script')]);
      return entryAfter(script);
    };`,
  'runtime/engines/seal-wasm/worker-entry.ts': async () =>
    entriesOf(await scriptOf('runtime/engines/seal-wasm/worker.ts')),
};

const own: Readonly<Record<string, () => string | Promise<string>>> = {
  'hepc:worker': async () => entriesOf(await scriptOf(clientWorker, [sealApart('undefined')])),
  'hepc:seal-script': async () => `export const script = ${JSON.stringify(await sealScript('iife'))};`,
  // Apart, for few plans need them.
  'hepc:wide-kernels': () => `export const packed = ${packed(join(root, 'runtime/rns/kernels/kernels-wide.wasm'))};`,
  'hepc:seal': () => `export const packed = ${packed(`${seal}.wasm`)};`,
  'hepc:unpack': () => `
    export async function unpack(text) {
      const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
      const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
      return new Uint8Array(await new Response(stream).arrayBuffer());
    }`,
};

/**
 * For scripts of workers, which are whole: all of them but SEAL, which browsers need that cannot run our kernels. It is what
 * `load` gives, an expression in an async function, or nothing.
 */
function sealApart(load: string): Plugin {
  const modules: Readonly<Record<string, string>> = {
    'load-seal': `
      export async function loadSeal() {
        try {
          globalThis.hepcSeal ??= ${load};
        } catch {
          // The file is not there.
        }
        if (globalThis.hepcSeal === undefined) return undefined;
        return (await import(${JSON.stringify(join(root, 'runtime/seal/seal-cryptography.ts'))})).SealCryptography;
      }`,
    'node-seal': 'export default (options) => globalThis.hepcSeal.initialize(options);',
    'hepc:seal': 'export const packed = globalThis.hepcSeal.packed;',
  };
  const mark = '?apart';
  return {
    name: 'hepc-seal-apart',
    resolveId: (id) => {
      if (id === sealFile) return { id: sealFile, external: true };
      return id in modules ? `${id}${mark}` : id.endsWith('/load-seal.ts') ? `load-seal${mark}` : undefined;
    },
    load: (id) => (id.endsWith(mark) ? modules[id.slice(0, -mark.length)] : undefined),
  };
}

/** Beside entries, and scripts of workers that are files. */
const sealFile = './hepc-seal.js';

/** For entries, which take its WebAssembly from there. */
const wasmBeside: Plugin = {
  name: 'hepc-wasm-beside',
  resolveId: (id) => (id === 'hepc:seal' ? { id: sealFile, external: true } : undefined),
};

/** By the scripts of workers that are files, from SEAL beside them. */
const sealBeside = sealApart(`await import('${sealFile}')`);

/** SEAL alone: a module, or a script that leaves it where `sealApart` looks. */
async function sealScript(format: 'es' | 'iife'): Promise<string> {
  const input = 'hepc:seal-alone';
  const parts = `import initialize from 'node-seal'; import { packed } from 'hepc:seal';`;
  const left = format === 'es' ? 'export' : 'globalThis.hepcSeal =';
  const alone: Plugin = {
    name: input,
    resolveId: (id) => (id === input ? id : undefined),
    load: (id) => (id === input ? `${parts} ${left} { initialize, packed };` : undefined),
  };
  const bundle = await rolldown({ input, plugins: [alone, browserModules], platform: 'browser', cwd: root, checks });
  const { output } = await bundle.generate({ format, minify: true });
  await bundle.close();
  checkImports(output[0]);
  return output[0].code;
}

/** Texts of node-seal's script that are for Node, or for a file beside it, and what stands there instead. */
const sealTexts: readonly (readonly [string, string])[] = [
  ['globalThis.process?.versions?.node&&globalThis.process?.type!="renderer"', 'false'],
  ['await import("module")', '{}'],
  ['createRequire(import.meta.url)', 'undefined'],
  ['var _scriptName=import.meta.url', 'var _scriptName=""'],
  ['new URL("seal_throws.wasm",import.meta.url).href', '""'],
];

/** How long plugins take is no news. */
const checks = { bundlerTimings: false };

/** Sources that are imported for what they do; package.json says so of their compiled forms alone. */
const importedForEffects = /\/(page\/jitless|worker-client\/worker)\.ts$/;

const browserModules: Plugin = {
  name: 'hepc-browser',
  resolveId(id, importer) {
    if (id in own) return id;
    if (id === 'node-seal') return `${seal}.js`;
    const file = importer === undefined ? undefined : join(dirname(importer), id).slice(root.length + 1);
    return file !== undefined && file.replaceAll('\\', '/') in replaced
      ? `hepc:replaced/${file.replaceAll('\\', '/')}`
      : undefined;
  },
  load(id) {
    return own[id]?.() ?? replaced[id.replace('hepc:replaced/', '')]?.();
  },
  transform(code, id) {
    if (importedForEffects.test(id)) return { code, moduleSideEffects: true };
    if (id !== `${seal}.js`) return undefined;
    return sealTexts.reduce((text, [before, after]) => {
      if (!text.includes(before)) throw new Error(`node-seal has no text ${before}: has it been updated?`);
      return text.replaceAll(before, after);
    }, code);
  },
};

/**
 * What stands for the compiler and the command line where a page is bundled: the build ends with this text, for nothing has
 * such a name.
 */
const onlyInNode = 'hepc compiles models in Node only, a page imports hepc/client, hepc/client-worker or hepc/server';

/** Writes the modules to the folder `to`. */
export async function buildForBrowsers(to: string): Promise<void> {
  const input = Object.fromEntries(Object.entries(entries).map(([name, file]) => [name, join(root, file)]));
  const plugins = [wasmBeside, browserModules];
  const bundle = await rolldown({ input, plugins, platform: 'browser', cwd: root, checks });
  const { output } = await bundle.write({ dir: to, format: 'es', chunkFileNames: '[name].js', minify: 'dce-only' });
  await bundle.close();
  await writeWorker(clientWorker, to, workerScript);
  writeFileSync(join(to, 'only-in-node.js'), `export * from '${onlyInNode}';\n`);
  for (const chunk of output) if (chunk.type === 'chunk') checkImports(chunk);
}

/** What a bundler of the user could trip over. */
function checkImports({ fileName, code, imports }: OutputChunk): void {
  const foreign = imports.filter((name) => !/^[\w-]+\.js$/.test(name));
  if (foreign.length > 0) throw new Error(`${fileName} imports ${foreign.join(', ')}`);
  if (code.includes('import.meta')) throw new Error(`${fileName} knows where it is`);
}

/** Writes the worker of this file to the folder `to`, and beside it SEAL, which it loads where it needs it. */
export async function writeWorker(file: string, to: string, name: string): Promise<void> {
  writeFileSync(join(to, name), await scriptOf(file, [sealBeside]));
  writeFileSync(join(to, sealFile), await sealScript('es'));
}

/** The worker of this file in one script, by `plugins` before those for all. */
export async function scriptOf(file: string, plugins: readonly Plugin[] = []): Promise<string> {
  const options = { plugins: [...plugins, browserModules], cwd: root, checks };
  const bundle = await rolldown({ input: join(root, file), platform: 'browser', ...options });
  const { output } = await bundle.generate({ format: 'es', minify: true, codeSplitting: false });
  await bundle.close();
  const [script] = output;
  checkImports(script);
  return script.code;
}

/** A module with an `entry` that starts the worker of this script, and `entryAfter`, with another script before it. */
function entriesOf(script: string): string {
  return `
    const script = ${JSON.stringify(script)};
    const module = () => { throw new Error('this is a build for browsers'); };
    export const entryAfter = (before) => {
      let url;
      const inBrowser = () => {
        url ??= URL.createObjectURL(new Blob([before, script], { type: 'text/javascript' }));
        return new Worker(url, { type: 'module' });
      };
      return { module, inBrowser };
    };
    export const entry = entryAfter('');`;
}

function packed(file: string): string {
  return JSON.stringify(deflateRawSync(readFileSync(file), { level: 9 }).toString('base64'));
}
