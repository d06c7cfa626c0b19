/** The package as npm packs it, installed into a folder without network: what it depends on is linked to what is here. */
import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { type BuildOptions, buildPackage } from '../../../scripts/package/build-package.ts';

export const repository = join(import.meta.dirname, '..', '..', '..');

export const manifest = z
  .object({
    version: z.string(),
    engines: z.object({ node: z.string() }),
    files: z.array(z.string()),
    exports: z.record(z.string(), z.unknown()),
    dependencies: z.record(z.string(), z.string()),
    devDependencies: z.record(z.string(), z.string()),
    peerDependencies: z.record(z.string(), z.string()),
  })
  .parse(JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')));

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

const packReport = z.tuple([
  z.object({ filename: z.string(), size: z.number(), files: z.array(z.object({ path: z.string() })) }),
]);

/** Builds, packs and installs. Optional peers are left out. */
export async function installPackage(options: BuildOptions = {}): Promise<Installation> {
  const folder = mkdtempSync(join(tmpdir(), 'hepc-package-'));
  const stage = join(folder, 'stage');
  if ((await buildPackage(join(stage, 'dist'), { checksTypes: false, ...options })) !== 0)
    throw new Error('the package does not build');
  const others = ['package.json', 'README.md', ...manifest.files.filter((name) => name !== 'dist')];
  for (const file of globSync(others, { cwd: repository })) copy(file, stage);
  const [report] = packReport.parse(
    JSON.parse(await npm(['pack', '--json', '--ignore-scripts', '--pack-destination', folder], stage)),
  );
  await promisify(execFile)('tar', ['-xzf', report.filename], { cwd: folder });
  const library = join(folder, 'node_modules', 'hepc');
  cpSync(join(folder, 'package'), library, { recursive: true });
  for (const name of Object.keys(manifest.dependencies)) linkPackage(name, folder);
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module', private: true }));
  return {
    folder,
    library,
    tarball: join(folder, report.filename),
    tarballBytes: report.size,
    packed: report.files.map(({ path }) => path),
  };
}

/** Installs a package of this repository beside those that are there. */
export function linkPackage(name: string, folder: string): void {
  const at = join(folder, 'node_modules', name);
  mkdirSync(dirname(at), { recursive: true });
  if (!existsSync(at)) symlinkSync(join(repository, 'node_modules', name), at, 'junction');
}

function copy(file: string, stage: string): void {
  mkdirSync(dirname(join(stage, file)), { recursive: true });
  cpSync(join(repository, file), join(stage, file), { recursive: true });
}

/** The npm that runs this, or the one on the path. */
async function npm(args: readonly string[], cwd: string): Promise<string> {
  const script = process.env['npm_execpath'];
  const [program, before] = script === undefined ? ['npm', []] : [process.execPath, [script]];
  const { stdout } = await promisify(execFile)(program, [...before, ...args], { cwd, maxBuffer: 2 ** 26 });
  return stdout;
}
