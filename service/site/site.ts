/** A page that the service serves beside its interface: few and small files, all of which are in memory. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';

export interface SiteFile {
  readonly type: string;
  readonly bytes: Uint8Array;
  /** Content security policy of the response. */
  readonly policy: string;
  /** Whether another content would have another name. */
  readonly isHashed: boolean;
  /** Strong, with its quotes. */
  readonly tag: string;
}

/** By path from the root, without a slash before it; the page itself is `''`. */
export type Site = ReadonlyMap<string, SiteFile>;

/** The page loads what is beside it, and nothing of others; workers have their own policy. */
const pagePolicy = [
  "default-src 'none'",
  ...["script-src 'self'", "worker-src 'self'", "style-src 'self'", "img-src 'self'", "connect-src 'self'"],
  ...["base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"],
].join('; ');

/** The worker that asks the models: it starts the one that encrypts. */
const sessionPolicy = "default-src 'none'; worker-src 'self'; connect-src 'self'; frame-ancestors 'none'";

/** The worker that encrypts asks for nothing but SEAL, which is beside it, where it cannot run our kernels. */
const workerPolicy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; frame-ancestors 'none'";

const nothing = "default-src 'none'; frame-ancestors 'none'";

const index = 'index.html';

/** Of what is no plain file: workers have the policy of their own script. */
const policies: Readonly<Record<string, string>> = {
  [index]: pagePolicy,
  'session.js': sessionPolicy,
  'worker.js': workerPolicy,
};

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
};

/** The files in `folder`, as vite has made it, and others by their path. Rejects with the errors of the file system. */
export async function readSite(folder: string, others: ReadonlyMap<string, Uint8Array>): Promise<Site> {
  const site = new Map<string, SiteFile>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    const path = file.slice(folder.length + 1).replaceAll(sep, '/');
    site.set(path === index ? '' : path, siteFile(path, await readFile(file)));
  }
  for (const [path, bytes] of others) site.set(path, siteFile(path, bytes));
  return site;
}

function siteFile(path: string, bytes: Uint8Array): SiteFile {
  return {
    type: types[extname(path)] ?? 'application/octet-stream',
    bytes,
    policy: policies[path] ?? nothing,
    isHashed: path.startsWith('assets/'),
    tag: `"${createHash('sha256').update(bytes).digest('base64url')}"`,
  };
}
