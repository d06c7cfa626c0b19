/** Errors of a full or failing disk, as H807; others (a bug, a folder that somebody has removed) stay what they are. */
import { HepcError } from '../../ir/diagnostics/diagnostic.ts';
import { noRoom } from '../../ir/diagnostics/service/stores.ts';

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is exhausted',
  EFBIG: 'the file system allows no file as large',
  EIO: 'the disk returns errors',
  EROFS: 'the file system has become read-only',
  ENFILE: 'too many files are open on this machine',
  EMFILE: 'this process has too many files open',
};

export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** As `work`, with errors of the disk as H807 about `what`. */
export async function onDisk<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const reason = reasons[errorCode(error) ?? ''];
    if (reason === undefined) throw error;
    throw new HepcError([noRoom({ what, reason })]);
  }
}
