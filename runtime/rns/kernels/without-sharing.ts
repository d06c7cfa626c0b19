/**
 * A module that imports a shared memory, changed to import one that is not: no kernel has an instruction that needs
 * threads, so that the flag of the import is all that differs (WebAssembly Core Specification 2.0, section 5.5.5, and the
 * proposal of threads for the flag).
 */
import { InternalError } from '../../../ir/diagnostics/diagnostic.ts';

const preambleBytes = 8;
const importSection = 2;
const functionImport = 0;
const memoryImport = 2;
const isShared = 2;

/** A copy with the flag cleared. Throws `InternalError` where no memory is imported, or anything but functions before it. */
export function withoutSharing(module: BufferSource): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(
    ArrayBuffer.isView(module)
      ? module.buffer.slice(module.byteOffset, module.byteOffset + module.byteLength)
      : module.slice(0),
  );
  let at = preambleBytes;
  /** An unsigned number of LEB128. */
  const read = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] ?? 0;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const skip = (count: number): void => {
    at += count;
  };
  while (at < bytes.length) {
    const section = read();
    const size = read();
    if (section !== importSection) {
      skip(size);
      continue;
    }
    for (let left = read(); left > 0; left--) {
      skip(read());
      skip(read());
      const kind = read();
      if (kind === memoryImport) {
        bytes[at] = (bytes[at] ?? 0) & ~isShared;
        return bytes;
      }
      if (kind !== functionImport) break;
      read();
    }
    break;
  }
  throw new InternalError('the kernels import no memory');
}
