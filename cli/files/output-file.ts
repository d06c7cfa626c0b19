/**
 * Writing files in one step: to a temporary file in the same folder, which is brought to the disk and then takes the
 * place of what stood there. Whether that can be done is checked when an output is announced, before the work whose
 * result it will hold.
 */
import { closeSync, constants, openSync, renameSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Append } from '../../runtime/format/zip-writer.ts';
import { append, syncFolder, writeAll, writeNewFile } from './durable.ts';
import { outputTarget, probeTarget } from './output-target.ts';
import { claimOutput, refuseInput, takeStandardOutput } from './places.ts';
import { attempt, attemptAsync } from './system-errors.ts';
import { discard, forget, remember, removeLeftovers, temporaryName } from './temporary-files.ts';

const standardOutput = 1;

export class OutputFile {
  /** As the user wrote it. */
  readonly path: string;
  /** To be said after the path: that a file was there before, if one was. */
  readonly inPlace: string;

  /**
   * Throws `HepcError` H720 where nothing could be written to `path`, and where it is an input or another output of the
   * command.
   */
  constructor(path: string) {
    this.path = path;
    this.inPlace = attempt(path, () => {
      const target = outputTarget(path);
      if (target.kind === 'file') claimOutput(path, target.path);
      if (target.kind === 'descriptor' && target.file === standardOutput) takeStandardOutput();
      probeTarget(path, target);
      return target.kind === 'file' && target.mode !== undefined ? ', in place of the file that was there' : '';
    });
  }

  /** Throws `HepcError` H720, for example for a full disk. `mode` is that of a new file. */
  write(content: Uint8Array | string, mode?: number): void {
    attempt(this.path, () => {
      const target = outputTarget(this.path);
      if (target.kind === 'descriptor') {
        writeAll(target.file, content);
      } else if (target.kind === 'device') {
        const file = openSync(target.path, constants.O_WRONLY);
        try {
          writeAll(file, content);
        } finally {
          closeSync(file);
        }
      } else {
        refuseInput(this.path, target.path);
        const temporary = join(dirname(target.path), temporaryName());
        remember(temporary);
        try {
          writeNewFile(temporary, content, target.mode ?? mode);
          replace(target.path, temporary);
        } finally {
          discard(temporary);
        }
      }
    });
  }

  /** As `write`, of what `produce` appends piece by piece; the file takes its place once that is done. */
  async writeInParts<T>(produce: (append: Append) => Promise<T>): Promise<T> {
    const { path } = this;
    const target = attempt(path, () => outputTarget(path));
    if (target.kind === 'descriptor')
      return produce((bytes) =>
        attemptAsync(path, async () => {
          writeAll(target.file, bytes);
          return Promise.resolve();
        }),
      );
    if (target.kind === 'device') {
      const file = await attemptAsync(path, () => open(target.path, constants.O_WRONLY));
      try {
        return await produce(appendTo(file, path));
      } finally {
        await file.close();
      }
    }
    attempt(path, () => {
      refuseInput(path, target.path);
    });
    const temporary = join(dirname(target.path), temporaryName());
    return withNewFile(temporary, path, 0o666, async (file, append) => {
      if (target.mode !== undefined) await file.chmod(target.mode);
      const result = await produce(append);
      await attemptAsync(path, async () => {
        await file.sync();
        await file.close();
        replace(target.path, temporary);
      });
      return result;
    });
  }
}

/** Has `temporary` take the place of `path` in one step, for good. */
function replace(path: string, temporary: string): void {
  renameSync(temporary, path);
  forget(temporary);
  syncFolder(dirname(path));
}

/**
 * Calls `use` with a new file that is removed afterwards, with its path, and with what appends to it. Failures to write
 * are H720.
 */
export async function withTemporaryFile<T>(
  use: (file: FileHandle, path: string, append: Append) => Promise<T>,
): Promise<T> {
  removeLeftovers(tmpdir());
  const path = join(tmpdir(), temporaryName());
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
  remember(temporary);
  let file: FileHandle | undefined;
  try {
    const opened = await attemptAsync(path, () => open(temporary, 'wx+', mode));
    file = opened;
    return await use(opened, appendTo(opened, path));
  } finally {
    await file?.close();
    discard(temporary);
  }
}

function appendTo(file: FileHandle, path: string): Append {
  return (bytes) => attemptAsync(path, () => append(file, bytes));
}
