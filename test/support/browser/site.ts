/** A site for the browser tests: the package as it is published, bundled with a page, served cross-origin isolated or not. */
import { readFileSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { stripTypeScriptTypes } from 'node:module';
import type { AddressInfo } from 'node:net';
import { basename, extname, join } from 'node:path';
import type { Bundler } from '../package/bundlers.ts';
import type { Installation } from '../package/install.ts';

/** Entries of the package by the modules that the page imports, for their types. */
const libraries: Readonly<Record<string, string>> = {
  '../../../runtime/client-library.ts': 'hepc/client',
  '../../../runtime/server-library.ts': 'hepc/server',
  '../../../runtime/worker-client/library.ts': 'hepc/client-worker',
};

/** Bundles `page.ts` as a project would that has installed the package. The folder of the site. */
export async function buildSite({ folder }: Installation, bundle: Bundler, plan: Uint8Array): Promise<string> {
  const site = join(folder, `site-${bundle.name}`);
  const source = stripTypeScriptTypes(readFileSync(join(import.meta.dirname, 'page.ts'), 'utf8'));
  const page = Object.entries(libraries).reduce(
    (text, [module, name]) => text.replace(`'${module}'`, `'${name}'`),
    source,
  );
  writeFileSync(join(folder, 'page.js'), page);
  await bundle(folder, 'page.js', site);
  writeFileSync(join(site, 'index.html'), '<!doctype html><script type="module" src="page.js"></script>');
  writeFileSync(join(site, 'plan.hep'), plan);
  return site;
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
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
