/** Small objects as a whole. */
import { InternalError } from '../../ir/diagnostics/diagnostic.ts';
import type { Bucket, ObjectStore } from './object-store.ts';

/** The bytes of an object of at most `limitBytes`; `undefined` where there is none. Rejects with H808. */
export async function bytesOf(
  objects: ObjectStore,
  bucket: Bucket,
  name: string,
  limitBytes: number,
): Promise<Uint8Array | undefined> {
  const source = await objects.read(bucket, name);
  if (source === undefined) return undefined;
  const pieces: Uint8Array[] = [];
  let total = 0;
  for await (const piece of source) {
    total += piece.length;
    if (total > limitBytes) throw new InternalError(`${bucket}/${name} has more than ${limitBytes} bytes`);
    pieces.push(piece);
  }
  return Uint8Array.from(Buffer.concat(pieces, total));
}
