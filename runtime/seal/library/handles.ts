/**
 * Ownership of SEAL objects. Each lives in the WASM heap until `delete()`; no garbage collector helps. So each has one
 * owner, a `Handles`, which frees it singly or with all others, on every path out.
 */
import type { ClassHandle } from 'node-seal';
import { InternalError } from '../../../ir/diagnostics/diagnostic.ts';

let live = 0;

/** SEAL objects of this thread that have been created and not deleted. */
export function liveHandles(): number {
  return live;
}

export class Handles {
  private readonly owned = new Set<ClassHandle>();

  get count(): number {
    return this.owned.size;
  }

  /** Takes over a new object. */
  own<T extends ClassHandle>(handle: T): T {
    this.owned.add(handle);
    live++;
    return handle;
  }

  /** Deletes an object that is owned here. */
  free(handle: ClassHandle): void {
    if (!this.owned.delete(handle)) throw new InternalError('a SEAL object is freed by another than its owner');
    live--;
    handle.delete();
  }

  /** Deletes everything, last created first: an encoder goes before its context. */
  freeAll(): void {
    for (const handle of [...this.owned].reverse()) this.free(handle);
  }
}

/** Runs `use` with an owner for its temporary objects. */
export function withHandles<T>(use: (handles: Handles) => T): T {
  const handles = new Handles();
  try {
    return use(handles);
  } finally {
    handles.freeAll();
  }
}
