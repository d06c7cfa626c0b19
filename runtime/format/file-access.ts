/** Files of Node as `RandomAccess`. */
import type { RandomAccess } from './random-access.ts';

/** What is asked of a file that Node has opened (`FileHandle` of `node:fs/promises`). */
export interface ReadableFile {
  read(bytes: Uint8Array, at: number, length: number, position: number): Promise<{ readonly bytesRead: number }>;
}

/** Reads `file`, which stays its owner's to close; it has `size` bytes. Rejects with the errors of the system. */
export function fileAccess(file: ReadableFile, size: number): RandomAccess {
  return {
    size,
    read: async (offset, length) => {
      // What lies beyond the end is not allocated: lengths come from the file itself.
      const bytes = new Uint8Array(Math.max(0, Math.min(length, size - offset)));
      let filled = 0;
      while (filled < bytes.length) {
        const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, offset + filled);
        if (bytesRead === 0) return bytes.subarray(0, filled);
        filled += bytesRead;
      }
      return bytes;
    },
  };
}
