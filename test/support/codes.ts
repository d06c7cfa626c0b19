/** The codes of the diagnostics that a call is refused with. */
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
