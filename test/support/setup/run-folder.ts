/**
 * A folder for what the files of one run share: the package, which is built once and only where a file asks for it, and the
 * sources as Node has compiled them, for the many processes that tests start.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** Empty when the run starts, and removed when it ends. */
    readonly runFolder: string;
  }
}

export default function setUp({ provide }: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'hepc-suite-'));
  // Workers inherit it, and their children from them.
  process.env['NODE_COMPILE_CACHE'] ??= join(folder, 'compiled');
  provide('runFolder', folder);
  return () => {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  };
}
