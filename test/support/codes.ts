/** What a call is refused with: the codes of its diagnostics, or their text. */
import { HepcError } from '../../ir/diagnostics/diagnostic.ts';

/** Empty where it is not refused; rejects with any other error. */
export async function codesOfAsync(call: () => Promise<unknown>): Promise<string[]> {
  try {
    await call();
    return [];
  } catch (error) {
    if (error instanceof HepcError) return error.diagnostics.map(({ code }) => code);
    throw error;
  }
}

/** What a call is refused with, as text. Throws where it is not refused. */
export function refusalOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof HepcError) return error.message;
    throw error;
  }
  throw new Error('it is not refused');
}
