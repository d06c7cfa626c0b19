/** Reading files that the user names, up to a bound. `-` is the standard input, which one of them may be. */
import { type FileHandle, open, realpath } from 'node:fs/promises';
import { fileTooLarge, unreadableFile } from '../../ir/diagnostics/cli.ts';
import { HepcError } from '../../ir/diagnostics/diagnostic.ts';
import { fileAccess } from '../../runtime/format/file-access.ts';
import { bytesAccess, type RandomAccess } from '../../runtime/format/random-access.ts';
import { claimInput, claimStandardInput } from './places.ts';
import { describeSystemError, isSystemError } from './system-errors.ts';

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
  /** Only what is not a bound weight is held in memory. */
  plan: { what: 'a plan', maxBytes: 2 ** 40 },
  keys: { what: 'a file of keys', maxBytes: 4 * gibibyte - 1 },
  /** Read run by run. */
  ciphertexts: { what: 'a file of ciphertexts', maxBytes: 2 ** 40 },
  costs: { what: 'a file of costs', maxBytes: gibibyte / 1024 },
  trace: { what: 'a trace of a run', maxBytes: gibibyte / 16 },
  ir: { what: 'a text of the IR', maxBytes: gibibyte / 4 },
  token: { what: 'a token', maxBytes: 2 ** 12 },
} as const satisfies Record<string, FileKind>;

/** What a pipe may bring, whatever kind of file: it has to be held in memory. */
const maxPipeBytes = 4 * gibibyte - 1;
const chunkBytes = 2 ** 22;

/** Throws `HepcError` H710 or H711 with `path` as the place, and H720 where it is an output as well. */
export async function readInputFile(path: string, kind: FileKind): Promise<Uint8Array> {
  if (path === standardInput) return readStandardInput(kind);
  return locate(path, async () => {
    const { file, size } = await openFile(path, kind);
    try {
      return await readWhole(file, size, path, kind);
    } finally {
      await file.close();
    }
  });
}

/** A file for as long as it is open; of a pipe or a device, the content. */
export interface InputFile extends RandomAccess {
  close(): Promise<void>;
}

/** As `readInputFile`, but reads only what it is asked for. */
async function openInputFile(path: string, kind: FileKind): Promise<InputFile> {
  if (path === standardInput) return { ...bytesAccess(await readStandardInput(kind)), close: () => Promise.resolve() };
  return locate(path, async () => {
    const { file, size } = await openFile(path, kind);
    if (size === undefined) {
      try {
        return { ...bytesAccess(await readWhole(file, size, path, kind)), close: () => Promise.resolve() };
      } finally {
        await file.close();
      }
    }
    const content = fileAccess(file, size);
    return {
      size,
      read: (offset, length) => locate(path, () => content.read(offset, length)),
      close: () => file.close(),
    };
  });
}

/** As the user writes it. */
const standardInput = '-';

async function readStandardInput({ what, maxBytes }: FileKind): Promise<Uint8Array> {
  const at = { file: 'the standard input' };
  if (!claimStandardInput()) throw new HepcError([unreadableFile({ reason: 'another argument is - as well' }, at)]);
  const limit = Math.min(maxBytes, maxPipeBytes);
  const pieces: Buffer[] = [];
  let total = 0;
  return locate(at.file, async () => {
    for await (const piece of process.stdin as AsyncIterable<Buffer>) {
      total += piece.length;
      if (total > limit) throw new HepcError([fileTooLarge({ what, limit }, at)]);
      pieces.push(piece);
    }
    return joined(pieces, total);
  });
}

/** Plain bytes, which SEAL takes, and no `Buffer`. */
function joined(pieces: readonly Uint8Array[], total: number): Uint8Array {
  const { buffer, byteOffset, length } = Buffer.concat(pieces, total);
  return new Uint8Array(buffer, byteOffset, length);
}

/** Calls `use` with what `openInputFile` opens. */
export async function withInputFile<T>(path: string, kind: FileKind, use: (file: InputFile) => Promise<T>): Promise<T> {
  const file = await openInputFile(path, kind);
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

/** The file at `path`; pipes and devices have no size beforehand. */
async function openFile(
  path: string,
  { what, maxBytes }: FileKind,
): Promise<{ readonly file: FileHandle; readonly size: number | undefined }> {
  const file = await open(path);
  try {
    const stat = await file.stat();
    if (stat.isDirectory())
      throw new HepcError([unreadableFile({ reason: `it is a folder; expected ${what}` }, { file: path })]);
    if (stat.size > maxBytes) throw new HepcError([fileTooLarge({ what, limit: maxBytes }, { file: path })]);
    if (stat.isFile()) claimInput(path, await realpath(path));
    return { file, size: stat.isFile() ? stat.size : undefined };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function readWhole(
  file: FileHandle,
  size: number | undefined,
  path: string,
  { what, maxBytes }: FileKind,
): Promise<Uint8Array> {
  const limit = size === undefined ? Math.min(maxBytes, maxPipeBytes) : maxBytes;
  const bytes = await readUpTo(file, size ?? 0, limit);
  if (bytes === undefined) throw new HepcError([fileTooLarge({ what, limit }, { file: path })]);
  return bytes;
}

/** Runs `step`, with errors of the system as diagnostics about `path`. */
async function locate<T>(path: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new HepcError([unreadableFile({ reason: describeSystemError(error) }, { file: path })]);
  }
}

/** The rest of `file`, or undefined where it has more than `maxBytes`. */
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
    if (bytesRead === 0) return more.length === 0 ? whole : joined([whole, ...more], total);
    total += bytesRead;
    if (total > maxBytes) return undefined;
    more.push(chunk.subarray(0, bytesRead));
  }
}
