/** A site for the browser tests: the package as it is published, bundled with a page, served cross-origin isolated or not. */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
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

/** The file of a site that is the worker of a client. */
export const workerFile = 'hepc-worker.js';

/** Bundles `page.ts` as a project would that has installed the package, and copies the worker. The folder of the site. */
export async function buildSite({ folder, library }: Installation, bundle: Bundler, plan: Uint8Array): Promise<string> {
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
  const built = join(library, 'dist', 'browser');
  copyFileSync(join(built, 'client-worker-script.js'), join(site, workerFile));
  copyFileSync(join(built, 'hepc-seal.js'), join(site, 'hepc-seal.js'));
  return site;
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
};

/** What a site is served with. */
export interface Serving {
  /** Cross-origin. Default no. */
  readonly isIsolated?: boolean;
  /** The content security policy of the page; default none. */
  readonly policy?: string | undefined;
  /** That of the worker's file. */
  readonly workerPolicy?: string | undefined;
}

export interface ServedSite {
  readonly url: string;
  /** Paths that were asked for and are not there. */
  readonly missing: readonly string[];
  close(): void;
}

/** Serves a folder and its `assets` on this machine. */
export function serveSite(
  site: string,
  { isIsolated = false, policy, workerPolicy }: Serving = {},
): Promise<ServedSite> {
  const headersOf = (name: string): Record<string, string> => {
    const own = name === workerFile ? workerPolicy : policy;
    return {
      'content-type': types[extname(name)] ?? 'application/octet-stream',
      ...(own !== undefined && { 'content-security-policy': own }),
      ...(isIsolated && {
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-embedder-policy': 'require-corp',
      }),
    };
  };
  const missing: string[] = [];
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const folder = pathname.startsWith('/assets/') ? join(site, 'assets') : site;
    const name = pathname === '/' ? 'index.html' : basename(pathname);
    readFile(join(folder, name)).then(
      (bytes) => {
        response.writeHead(200, headersOf(name)).end(bytes);
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
