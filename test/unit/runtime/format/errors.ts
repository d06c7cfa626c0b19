import { HepcError } from '../../../../ir/diagnostics/diagnostic.ts';

/** The codes of the HepcError that `run` throws; none when it succeeds. Any other error is thrown on. */
export function codesOf(run: () => unknown): string[] {
  try {
    run();
    return [];
  } catch (error) {
    if (error instanceof HepcError) return error.diagnostics.map(({ code }) => code);
    throw error;
  }
}

/** The text of the HepcError that `run` throws; empty when it succeeds. */
export function messageOf(run: () => unknown): string {
  try {
    run();
    return '';
  } catch (error) {
    if (error instanceof HepcError) return error.message;
    throw error;
  }
}
