/** What SEAL throws: C++ exceptions, of which Emscripten's glue gives `message` as [type, text]. */

export interface SealException {
  /** The C++ type, e.g. `std::logic_error`. */
  readonly type: string;
  readonly text: string;
}

/** The C++ exception behind `error`; undefined for anything else. */
function sealException(error: unknown): SealException | undefined {
  if (typeof error !== 'object' || error === null || !('message' in error) || !Array.isArray(error.message))
    return undefined;
  const [type, text] = error.message as readonly unknown[];
  return { type: String(type), text: String(text) };
}

/** Whether the heap is exhausted: by `std::bad_alloc`, `requireHeap`, Emscripten's abort, or V8. The instance is lost then. */
export function isOutOfMemory(error: unknown): boolean {
  if (sealException(error)?.type === 'std::bad_alloc') return true;
  return error instanceof Error && /out of memory|\bOOM\b|could not allocate|allocation failed/i.test(error.message);
}

/** One line about anything thrown. */
export function describeError(error: unknown): string {
  const exception = sealException(error);
  if (exception !== undefined) return `${exception.type}: ${exception.text}`;
  return error instanceof Error ? error.message : String(error);
}
