/** Memory that all workers see; where the environment gives none, memory that messages copy stands in for it. */

const environment: { readonly SharedArrayBuffer?: unknown; readonly crossOriginIsolated?: boolean } = globalThis;

/** Whether workers can share memory: in Node always, in a browser where the page is cross-origin isolated. */
export function canShareMemory(): boolean {
  return environment.SharedArrayBuffer !== undefined && environment.crossOriginIsolated !== false;
}

export function createBuffer(bytes: number): ArrayBufferLike {
  return canShareMemory() ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes);
}

/** For messages to workers, which hand over shared memory by reference: a copy in it. Not to be written to. */
export function shareBytes(bytes: Uint8Array): Uint8Array {
  if (!canShareMemory()) return isWhole(bytes) ? bytes : bytes.slice();
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
  shared.set(bytes);
  return shared;
}

/** Memory that is used again: more than this is left to the collector. */
const keptBytes = 2 ** 22;

/** Room for bytes that are handed over again and again, each time when nobody reads the last ones any more. */
export class SharedRoom {
  private readonly rooms: Uint8Array[] = [];

  /** As `shareBytes`, of each. */
  share(list: readonly Uint8Array[]): Uint8Array[] {
    if (!canShareMemory()) return list.map(shareBytes);
    return list.map((bytes, k) => {
      if (bytes.length > keptBytes) return shareBytes(bytes);
      let room = this.rooms[k];
      if (room === undefined || room.length < bytes.length) {
        room = new Uint8Array(new SharedArrayBuffer(bytes.length));
        this.rooms[k] = room;
      }
      room.set(bytes);
      return room.subarray(0, bytes.length);
    });
  }
}

/** As `shareBytes`. */
export function shareDoubles(values: Float64Array): Float64Array {
  if (!canShareMemory()) return isWhole(values) ? values : values.slice();
  const shared = new Float64Array(new SharedArrayBuffer(values.byteLength));
  shared.set(values);
  return shared;
}

/** Whether the array is all of its buffer. Of any other a message would copy the rest of the buffer too. */
function isWhole({ buffer, byteLength }: Uint8Array | Float64Array): boolean {
  return byteLength === buffer.byteLength;
}
