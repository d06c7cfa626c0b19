/** The package as npm packs it, once for all files of a run. */
import { execFile } from 'node:child_process';
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { z } from 'zod';
import { buildPackage } from '../../../scripts/package/build-package.ts';
import { manifest, repository } from './manifest.ts';

const packed = z.object({
  tarball: z.string(),
  tarballBytes: z.number(),
  /** Paths in the tarball. */
  paths: z.array(z.string()),
  /** The tarball's folder `package`, to be copied from. */
  unpacked: z.string(),
});

export type Packed = Readonly<z.infer<typeof packed>>;

const outcome = z.union([packed, z.object({ failure: z.string() })]);

const millisecondsBetweenLooks = 200;

/** Builds and packs into `folder`, which the files of a run share: the first to ask does it, and others wait for it. */
export async function packOnce(folder: string): Promise<Packed> {
  const [work, report] = [join(folder, 'package'), join(folder, 'packed.json')];
  if (isFirst(work)) {
    const result = await pack(work).catch((error: unknown) => ({ failure: String(error) }));
    // It is there whole or not at all.
    writeFileSync(`${report}.part`, JSON.stringify(result));
    renameSync(`${report}.part`, report);
  }
  while (!existsSync(report)) await wait(millisecondsBetweenLooks);
  const result = outcome.parse(JSON.parse(readFileSync(report, 'utf8')));
  if ('failure' in result) throw new Error(`the package is not built: ${result.failure}`);
  return result;
}

function isFirst(folder: string): boolean {
  try {
    mkdirSync(folder);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

const packReport = z.tuple([
  z.object({ filename: z.string(), size: z.number(), files: z.array(z.object({ path: z.string() })) }),
]);

async function pack(folder: string): Promise<Packed> {
  const stage = join(folder, 'stage');
  if ((await buildPackage(join(stage, 'dist'), { checksTypes: false })) !== 0) throw new Error('tsc failed');
  const others = ['package.json', 'README.md', ...manifest.files.filter((name) => name !== 'dist')];
  for (const file of globSync(others, { cwd: repository })) copy(file, stage);
  const [report] = packReport.parse(
    JSON.parse(await npm(['pack', '--json', '--ignore-scripts', '--pack-destination', folder], stage)),
  );
  await promisify(execFile)('tar', ['-xzf', report.filename], { cwd: folder });
  return {
    tarball: join(folder, report.filename),
    tarballBytes: report.size,
    paths: report.files.map(({ path }) => path),
    unpacked: join(folder, 'package'),
  };
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
