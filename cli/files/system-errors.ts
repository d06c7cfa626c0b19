/** Errors of the system, such as a missing file or a full disk, and what to say of them. */
import { unwritableOutput } from '../../ir/diagnostics/cli.ts';
import { HepcError } from '../../ir/diagnostics/diagnostic.ts';

export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && 'syscall' in error;
}

const systemErrors: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  ENOTDIR: 'a part of its path is a file, not a folder',
  EISDIR: 'it is a folder',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space is left on the device',
  EDQUOT: 'no space is left in the quota of this user',
  EFBIG: 'it would be larger than the system allows',
  EIO: 'the device fails',
  EPIPE: 'its reader is gone',
  EBADF: 'it is not open for this',
  ENXIO: 'nothing is connected to it',
  ELOOP: 'its symbolic links lead in a circle',
  ENAMETOOLONG: 'its name is too long',
  EMFILE: 'too many files are open',
};

export function describeSystemError({ code = '', message }: NodeJS.ErrnoException): string {
  return systemErrors[code] ?? message;
}

/** Runs `step`, with errors of the system as H720 about the output `path`. */
export function attempt<T>(path: string, step: () => T): T {
  try {
    return step();
  } catch (error) {
    throw located(error, path);
  }
}

/** As `attempt`, for a promise. */
export async function attemptAsync<T>(path: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw located(error, path);
  }
}

function located(error: unknown, path: string): unknown {
  return isSystemError(error) ? refusal(path, describeSystemError(error)) : error;
}

/** H720 about the output `path`. */
export function refusal(path: string, reason: string): HepcError {
  return new HepcError([unwritableOutput({ reason }, { file: path })]);
}
