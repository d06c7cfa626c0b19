/**
 * Files that are there as a whole or not at all: written under another name, flushed where that is asked for, renamed.
 */
import { randomUUID } from 'node:crypto';
import { copyFile, type FileHandle, open, readdir, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { errorCode } from '../../base/on-disk.ts';

export const fileMode = 0o600;
export const folderMode = 0o700;

/** Gives `undefined` where there is no such file. */
export async function ifThere<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Where there is one. `rm` looks twice at what it removes, which a request would pay for a dozen times. */
export async function removeFile(path: string): Promise<void> {
  await ifThere(unlink(path));
}

/** What has been renamed or made in `folder` is still so after the machine has lost power. */
export async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A file that is being written, in the folder of what is unfinished. To be ended by `commit` or `discard`. */
export class UnfinishedFile {
  readonly #handle: FileHandle;
  readonly #path: string;
  #isCommitted = false;

  private constructor(handle: FileHandle, path: string) {
    this.#handle = handle;
    this.#path = path;
  }

  static async create(unfinished: string): Promise<UnfinishedFile> {
    const path = join(unfinished, randomUUID());
    return new UnfinishedFile(await open(path, 'wx', fileMode), path);
  }

  write(bytes: Uint8Array): Promise<void> {
    return writeAll(this.#handle, bytes);
  }

  /** Gives the file its name, in place of one that has it. Where that fails, it is still to be discarded. */
  async commit(path: string, durable: boolean): Promise<void> {
    if (durable) await this.#handle.datasync();
    await this.#handle.close();
    await rename(this.#path, path);
    this.#isCommitted = true;
    if (durable) await flushFolder(dirname(path));
  }

  /** Also after `commit` has failed, or succeeded. */
  async discard(): Promise<void> {
    if (this.#isCommitted) return;
    await this.#handle.close();
    await removeFile(this.#path);
  }
}

/** Gives a file that is whole another name, in place of one that has it; across disks by a copy. */
export async function moveFile(from: string, to: string, durable: boolean): Promise<void> {
  if (durable) await flushFile(from);
  try {
    await rename(from, to);
  } catch (error) {
    if (errorCode(error) !== 'EXDEV') throw error;
    await copyAcross(from, to, durable);
  }
  if (durable) await flushFolder(dirname(to));
}

async function copyAcross(from: string, to: string, durable: boolean): Promise<void> {
  const partial = `${to}.partial`;
  try {
    await copyFile(from, partial);
    if (durable) await flushFile(partial);
    await rename(partial, to);
  } catch (error) {
    await removeFile(partial);
    throw error;
  }
  await unlink(from);
}

async function flushFile(path: string): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.datasync();
  } finally {
    await handle.close();
  }
}

/** Writes all bytes, from `position` on or where the file stands. */
export async function writeAll(handle: FileHandle, bytes: Uint8Array, position?: number): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const place = position === undefined ? null : position + at;
    const { bytesWritten } = await handle.write(bytes, at, bytes.length - at, place);
    at += bytesWritten;
  }
}

/** A small text as a file, in place of one of that name. */
export async function writeText(unfinished: string, path: string, text: string, durable: boolean): Promise<void> {
  const file = await UnfinishedFile.create(unfinished);
  try {
    await file.write(Buffer.from(text));
    await file.commit(path, durable);
  } finally {
    await file.discard();
  }
}

/** Removes what is in a folder of leftovers. */
export async function emptyFolder(folder: string): Promise<void> {
  for (const name of await readdir(folder)) await unlink(join(folder, name));
}
