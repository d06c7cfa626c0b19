/** The package as npm packs it, installed into a folder without network: what it depends on is linked to what is here. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { inject } from 'vitest';
import { manifest, repository } from './manifest.ts';
import { packOnce } from './pack-once.ts';

export interface Installation {
  /** With `node_modules` and a `package.json` of its own; to be removed by the caller. */
  readonly folder: string;
  /** The package in it. */
  readonly library: string;
  readonly tarball: string;
  readonly tarballBytes: number;
  /** Paths in the tarball. */
  readonly packed: readonly string[];
}

/** Installs what is built once in a run. Optional peers are left out. */
export async function installPackage(): Promise<Installation> {
  const { tarball, tarballBytes, paths, unpacked } = await packOnce(inject('runFolder'));
  const folder = mkdtempSync(join(tmpdir(), 'hepc-package-'));
  const library = join(folder, 'node_modules', 'hepc');
  cpSync(unpacked, library, { recursive: true });
  for (const name of Object.keys(manifest.dependencies)) linkPackage(name, folder);
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module', private: true }));
  return { folder, library, tarball, tarballBytes, packed: paths };
}

/** Installs a package of this repository beside those that are there. */
export function linkPackage(name: string, folder: string): void {
  const at = join(folder, 'node_modules', name);
  mkdirSync(dirname(at), { recursive: true });
  if (!existsSync(at)) symlinkSync(join(repository, 'node_modules', name), at, 'junction');
}
