/**
 * Writing files in one step: to a temporary file in the same folder, which then takes the place of what stood there.
 * Whether that can be done is checked when an output is announced, before the work whose result it will hold. Whatever
 * ends the process through JavaScript leaves no temporary file behind.
 */
import { randomBytes } from 'node:crypto';
import { accessSync, constants, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { unwritableOutput } from '../../ir/diagnostics/cli.ts';
import { HepcError } from '../../ir/diagnostics/diagnostic.ts';
import type { Append } from '../../runtime/format/zip-writer.ts';
import { describeSystemError, isInput, isSystemError } from './input-file.ts';

const temporaryFiles = new Set<string>();
process.on('exit', () => {
  for (const path of temporaryFiles) rmSync(path, { force: true });
});

export class OutputFile {
  /** As the user wrote it. */
  readonly path: string;
  /** Pipes and devices, which cannot be replaced. */
  private readonly isSpecial: boolean;

  /** Throws `HepcError` H720 where nothing could be written to `path`. */
  constructor(path: string) {
    this.path = path;
    this.isSpecial = attempt(path, () => checkTarget(path));
  }

  /** Throws `HepcError` H720, for example for a full disk, or over an input. `mode` is that of a new file. */
  write(content: Uint8Array | string, mode = 0o666): void {
    attempt(this.path, () => {
      this.checkAgain();
      if (this.isSpecial) writeFileSync(this.path, content);
      else replaceFile(linkTarget(this.path), content, mode);
    });
  }

  /** As `write`, of what `produce` appends piece by piece; the file takes its place once that is done. */
  async writeInParts<T>(produce: (append: Append) => Promise<T>): Promise<T> {
    const { path } = this;
    attempt(path, () => {
      this.checkAgain();
    });
    if (this.isSpecial) {
      const file = await attemptAsync(path, () => open(path, 'w'));
      try {
        return await produce(appendTo(file, path));
      } finally {
        await file.close();
      }
    }
    const target = attempt(path, () => linkTarget(path));
    const temporary = temporaryName(target);
    return withNewFile(temporary, path, 0o666, async (file, append) => {
      const result = await produce(append);
      await attemptAsync(path, async () => {
        await file.close();
        renameSync(temporary, target);
      });
      return result;
    });
  }

  private checkAgain(): void {
    if (isInput(linkTarget(this.path))) throw refusal(this.path, 'it is an input of this command');
  }
}

/**
 * Calls `use` with a new file that is removed afterwards, with its path, and with what appends to it. Failures to write
 * are H720.
 */
export async function withTemporaryFile<T>(
  use: (file: FileHandle, path: string, append: Append) => Promise<T>,
): Promise<T> {
  const path = join(tmpdir(), `hepc-${randomBytes(8).toString('hex')}.tmp`);
  return withNewFile(path, path, 0o600, (file, append) => use(file, path, append));
}

/**
 * Calls `use` with a new file at `temporary`, which is removed afterwards, unless it has been moved, and with what appends
 * to it. Failures to write are diagnostics about `path`.
 */
async function withNewFile<T>(
  temporary: string,
  path: string,
  mode: number,
  use: (file: FileHandle, append: Append) => Promise<T>,
): Promise<T> {
  temporaryFiles.add(temporary);
  let file: FileHandle | undefined;
  try {
    const opened = await attemptAsync(path, () => open(temporary, 'wx+', mode));
    file = opened;
    return await use(opened, appendTo(opened, path));
  } finally {
    await file?.close();
    rmSync(temporary, { force: true });
    temporaryFiles.delete(temporary);
  }
}

function appendTo(file: FileHandle, path: string): Append {
  return (bytes) =>
    attemptAsync(path, async () => {
      for (let at = 0; at < bytes.length;) at += (await file.write(bytes, at)).bytesWritten;
    });
}

/** Whether `path` is a special file; throws where it cannot be written. */
function checkTarget(path: string): boolean {
  if (path === '' || path.endsWith('/')) throw refusal(path, 'it names a folder');
  const target = linkTarget(path);
  const stat = statSync(target, { throwIfNoEntry: false });
  if (stat?.isDirectory() === true) throw refusal(path, 'it is a folder');
  if (stat !== undefined) accessSync(target, constants.W_OK);
  if (stat !== undefined && !stat.isFile()) return true;
  const folder = dirname(target);
  const folderStat = statSync(folder, { throwIfNoEntry: false });
  if (folderStat === undefined) throw refusal(path, `the folder ${folder} does not exist`);
  if (!folderStat.isDirectory()) throw refusal(path, `${folder} is not a folder`);
  accessSync(folder, constants.W_OK | constants.X_OK);
  return false;
}

/** Where a symbolic link leads, so that the link itself stays. */
function linkTarget(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (isSystemError(error) && error.code === 'ENOENT') return path;
    throw error;
  }
}

function replaceFile(path: string, content: Uint8Array | string, mode: number): void {
  const temporary = temporaryName(path);
  temporaryFiles.add(temporary);
  try {
    writeFileSync(temporary, content, { flag: 'wx', mode });
    renameSync(temporary, path);
  } finally {
    rmSync(temporary, { force: true });
    temporaryFiles.delete(temporary);
  }
}

/** Beside `path`, so that it can be moved there in one step. */
function temporaryName(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
}

/** Runs `step`, with errors of the system as diagnostics about `path`. */
export function attempt<T>(path: string, step: () => T): T {
  try {
    return step();
  } catch (error) {
    throw located(error, path);
  }
}

async function attemptAsync<T>(path: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw located(error, path);
  }
}

function located(error: unknown, path: string): unknown {
  return isSystemError(error) ? refusal(path, describeSystemError(error)) : error;
}

function refusal(path: string, reason: string): HepcError {
  return new HepcError([unwritableOutput({ reason }, { file: path })]);
}
