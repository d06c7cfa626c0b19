/** Bytes that are on the disk when the call returns, as far as the platform can. */
import { closeSync, fchmodSync, fsyncSync, openSync, writeSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { isSystemError } from './system-errors.ts';

/** Node takes no more at once. */
const maxWriteBytes = 2 ** 30;
const busyMilliseconds = 2;

/** Writes a new file of exactly this mode, or of the mode for new files. Throws the errors of the system. */
export function writeNewFile(path: string, content: Uint8Array | string, mode?: number): void {
  const file = openSync(path, 'wx', mode ?? 0o666);
  try {
    if (mode !== undefined) fchmodSync(file, mode);
    writeAll(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Writes all of `content` to an open file. Throws the errors of the system. */
export function writeAll(file: number, content: Uint8Array | string): void {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(file, bytes, at, Math.min(bytes.length - at, maxWriteBytes));
    } catch (error) {
      if (!isBusy(error)) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, busyMilliseconds);
    }
  }
}

/** As `writeAll`, without blocking. */
export async function append(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    try {
      at += (await file.write(bytes, at, Math.min(bytes.length - at, maxWriteBytes))).bytesWritten;
    } catch (error) {
      if (!isBusy(error)) throw error;
      await delay(busyMilliseconds);
    }
  }
}

/** Makes what was renamed in a folder last. */
export function syncFolder(path: string): void {
  let folder: number | undefined;
  try {
    folder = openSync(path, 'r');
    fsyncSync(folder);
  } catch (error) {
    // Some platforms and file systems cannot; that what was written is lost is another matter.
    if (isSystemError(error) && error.code === 'EIO') throw error;
  } finally {
    if (folder !== undefined) closeSync(folder);
  }
}

/** A pipe that is full and does not block. */
function isBusy(error: unknown): boolean {
  return isSystemError(error) && error.code === 'EAGAIN';
}
