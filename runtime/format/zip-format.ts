/** What every part of the ZIP code agrees on (PKWARE APPNOTE.TXT): signatures, sizes, names, limits and errors. */

export interface ZipEntry {
  /** Relative path with `/` between its parts. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface ZipLimits {
  readonly maxEntries: number;
  /** On the sum of the uncompressed sizes. */
  readonly maxTotalBytes: number;
  readonly allowDeflate: boolean;
  /**
   * Take names for mere keys, which may look like `/a`, `../a` or `a\b`. Only for archives that are never unpacked
   * to a file system. Default false.
   */
  readonly allowAnyName?: boolean;
  /** Take archives of more than 4 GiB or 65534 entries. Default false. */
  readonly allowZip64?: boolean;
}

export type ZipProblem =
  'not-zip' | 'damaged' | 'unsupported' | 'bad-name' | 'duplicate-name' | 'compressed' | 'too-many' | 'too-large';

/** Why bytes are not an acceptable archive. The message is a clause without a full stop, for use in a diagnostic. */
export class ZipError extends Error {
  readonly problem: ZipProblem;
  /** The entry concerned, where it is one. */
  readonly entry: string | undefined;

  constructor(problem: ZipProblem, message: string, entry?: string) {
    super(message);
    this.name = 'ZipError';
    this.problem = problem;
    this.entry = entry;
  }
}

export const signatures = {
  local: 0x04034b50,
  central: 0x02014b50,
  end: 0x06054b50,
  zip64End: 0x06064b50,
  zip64Locator: 0x07064b50,
} as const;

/** Bytes of each record, without names, extra fields and comments. */
export const recordBytes = { local: 30, central: 46, end: 22, zip64End: 56, zip64Locator: 20 } as const;

export const storedMethod = 0;
export const deflatedMethod = 8;

/** Header of the extra field that holds what does not fit into 32 bits. */
export const zip64Extra = 1;
/** A field of 16 or 32 bits that says: look in the record of zip64. */
export const full16 = 0xffff;
export const full32 = 0xffffffff;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The name of an entry; throws `ZipError` where it is not UTF-8. */
export function decodeName(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new ZipError('bad-name', 'the name of an entry is not UTF-8');
  }
}

/** What is wrong with `name`, as the end of a sentence that it begins; undefined if nothing is. */
export function nameProblem(name: string, allowAnyName: boolean): string | undefined {
  if (name === '') return 'is empty';
  if (name.includes('\0')) return 'contains a NUL character';
  if (!name.isWellFormed()) return 'is not valid Unicode';
  if (new TextEncoder().encode(name).length > full16) return 'is too long';
  if (allowAnyName) return undefined;
  if (name.includes('\\')) return 'contains a backslash';
  if (name.startsWith('/') || /^[A-Za-z]:/.test(name)) return 'is an absolute path';
  if (name.split('/').some((part) => part === '..' || part === '.')) return 'is not a plain path';
  return undefined;
}
