/** A site for the browser test: the library as it is published, bundled with a page, served cross-origin isolated or not. */
import { execFile } from 'node:child_process';
import { copyFileSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, extname, join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'vite';
import { z } from 'zod';

const root = join(import.meta.dirname, '..', '..', '..');
const manifestSchema = z.object({
  exports: z.record(z.string(), z.object({ default: z.string() })),
});

/** Compiles the library and bundles the page with it, as a project would that has installed it. The folder of the site. */
export async function buildSite(folder: string, planFile: Uint8Array): Promise<string> {
  const library = join(folder, 'hepc');
  await layOutPackage(library);
  const site = join(folder, 'site');
  const { exports } = manifestSchema.parse(JSON.parse(readFileSync(join(library, 'package.json'), 'utf8')));
  const fileOf = (name: string): string => join(library, exports[`./${name}`]?.default ?? '');
  await build({
    configFile: false,
    root: folder,
    logLevel: 'warn',
    // The page imports the sources, for their types.
    resolve: {
      alias: ['client', 'server'].map((name) => ({
        find: new RegExp(`^.*/runtime/${name}-library\\.ts$`),
        replacement: fileOf(name),
      })),
    },
    build: {
      outDir: site,
      target: 'esnext',
      rolldownOptions: {
        input: join(import.meta.dirname, 'page.ts'),
        output: { entryFileNames: 'page.js' },
      },
    },
  });
  writeFileSync(join(site, 'index.html'), '<!doctype html><script type="module" src="page.js"></script>');
  writeFileSync(join(site, 'plan.hep'), planFile);
  return site;
}

async function layOutPackage(library: string): Promise<void> {
  const dist = join(library, 'dist');
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const options = ['-p', 'tsconfig.build.json', '--outDir', dist, '--noCheck', '--declaration', 'false'];
  await promisify(execFile)(process.execPath, [compiler, ...options], { cwd: root });
  const kernels = join('runtime', 'engines', 'simd', 'kernels', 'kernels.wasm');
  copyFileSync(join(root, kernels), join(dist, kernels));
  copyFileSync(join(root, 'package.json'), join(library, 'package.json'));
  symlinkSync(join(root, 'node_modules'), join(library, 'node_modules'), 'junction');
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.wasm': 'application/wasm',
};

export interface ServedSite {
  readonly url: string;
  /** Paths that were asked for and are not there. */
  readonly missing: readonly string[];
  close(): void;
}

/** Serves a folder and its `assets` on this machine. */
export function serveSite(site: string, isIsolated: boolean): Promise<ServedSite> {
  const isolation = {
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-embedder-policy': 'require-corp',
  };
  const missing: string[] = [];
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const folder = pathname.startsWith('/assets/') ? join(site, 'assets') : site;
    const name = pathname === '/' ? 'index.html' : basename(pathname);
    readFile(join(folder, name)).then(
      (bytes) => {
        const type = types[extname(name)] ?? 'application/octet-stream';
        response.writeHead(200, { 'content-type': type, ...(isIsolated ? isolation : {}) }).end(bytes);
      },
      () => {
        if (name !== 'favicon.ico') missing.push(pathname);
        response.writeHead(404).end();
      },
    );
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      resolve({ url: `http://127.0.0.1:${port}/`, missing, close: () => server.close() });
    });
  });
}
