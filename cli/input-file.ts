/** Reading files that the user names, up to a bound. */
import { type FileHandle, open, realpath } from 'node:fs/promises';
import { fileTooLarge, unreadableFile } from '../ir/diagnostics/cli.ts';
import { HepcError } from '../ir/diagnostics/diagnostic.ts';

/** What an argument stands for, with the most bytes that it may take. */
export interface FileKind {
  readonly what: string;
  readonly maxBytes: number;
}

const gibibyte = 2 ** 30;

export const fileKinds = {
  /** The limit of protobuf messages. */
  model: { what: 'an ONNX model', maxBytes: 2 * gibibyte },
  samples: { what: 'a file of samples', maxBytes: 3 * gibibyte },
  plan: { what: 'a plan', maxBytes: 4 * gibibyte - 1 },
  keys: { what: 'a file of keys', maxBytes: 4 * gibibyte - 1 },
  ciphertexts: { what: 'a file of ciphertexts', maxBytes: 4 * gibibyte - 1 },
  costs: { what: 'a file of costs', maxBytes: gibibyte / 1024 },
  ir: { what: 'a text of the IR', maxBytes: gibibyte / 4 },
} as const satisfies Record<string, FileKind>;

const chunkBytes = 2 ** 22;

/** Where the files are that this command has read: no output may take their place. */
const filesRead = new Set<string>();

/** Called where a command begins. */
export function forgetInputs(): void {
  filesRead.clear();
}

/** Whether the file at this place, without symbolic links, is an input of the command. */
export function isInput(realPath: string): boolean {
  return filesRead.has(realPath);
}

/** Throws `HepcError` H710 or H711 with `path` as the place. */
export async function readInputFile(path: string, { what, maxBytes }: FileKind): Promise<Uint8Array> {
  let file: FileHandle | undefined;
  try {
    file = await open(path);
    const stat = await file.stat();
    if (stat.isDirectory()) throw new HepcError([unreadableFile({ reason: 'it is a folder' }, { file: path })]);
    if (stat.size > maxBytes) throw new HepcError([fileTooLarge({ what, limit: maxBytes }, { file: path })]);
    const bytes = await readUpTo(file, stat.isFile() ? stat.size : 0, maxBytes);
    if (bytes === undefined) throw new HepcError([fileTooLarge({ what, limit: maxBytes }, { file: path })]);
    if (stat.isFile()) filesRead.add(await realpath(path));
    return bytes;
  } catch (error) {
    if (error instanceof HepcError || !isSystemError(error)) throw error;
    throw new HepcError([unreadableFile({ reason: describeSystemError(error) }, { file: path })]);
  } finally {
    await file?.close();
  }
}

/** The rest of `file`, or undefined where it has more than `maxBytes`. Pipes and devices have no size beforehand. */
async function readUpTo(file: FileHandle, expected: number, maxBytes: number): Promise<Uint8Array | undefined> {
  const whole = new Uint8Array(expected);
  let filled = 0;
  while (filled < expected) {
    const { bytesRead } = await file.read(whole, filled, Math.min(expected - filled, gibibyte));
    if (bytesRead === 0) return whole.subarray(0, filled);
    filled += bytesRead;
  }
  const more: Uint8Array[] = [];
  let total = filled;
  for (;;) {
    const chunk = new Uint8Array(chunkBytes);
    const { bytesRead } = await file.read(chunk, 0, chunkBytes);
    if (bytesRead === 0) return more.length === 0 ? whole : Buffer.concat([whole, ...more], total);
    total += bytesRead;
    if (total > maxBytes) return undefined;
    more.push(chunk.subarray(0, bytesRead));
  }
}

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
  ELOOP: 'its symbolic links lead in a circle',
  ENAMETOOLONG: 'its name is too long',
  EMFILE: 'too many files are open',
};

export function describeSystemError({ code = '', message }: NodeJS.ErrnoException): string {
  return systemErrors[code] ?? message;
}
