/** What ends a command, and the exit code of each. */
import { type Diagnostic, formatDiagnostic, HepcError, visibleLines } from '../../ir/diagnostics/diagnostic.ts';

const exitCodes = {
  /** The user's model, data, plan, keys or files. */
  mistake: 1,
  /** The command line itself. */
  usage: 2,
  /** A bug of ours (EX_SOFTWARE of sysexits.h). */
  internal: 70,
} as const;

/** A command line that does not fit the declaration of the command. */
export class UsageError extends HepcError {
  constructor(diagnostics: readonly Diagnostic[]) {
    super(diagnostics);
    this.name = 'UsageError';
  }
}

/** The user's Ctrl-C, or another signal to end. */
export class Interrupted extends Error {
  /** 128 plus the number of the signal, as shells have it. */
  readonly exitCode: number;

  constructor(exitCode: number) {
    super('interrupted');
    this.name = 'Interrupted';
    this.exitCode = exitCode;
  }
}

export interface Failure {
  readonly exitCode: number;
  /** For the standard error; ends with a newline unless it is empty. */
  readonly text: string;
}

/** How `error` ends the program. With `debug` the stack of what is not the user's mistake is shown. */
export function failureOf(error: unknown, debug: boolean): Failure {
  if (error instanceof Interrupted) return { exitCode: error.exitCode, text: '' };
  if (error instanceof HepcError) {
    const exitCode = error instanceof UsageError ? exitCodes.usage : exitCodes.mistake;
    return { exitCode, text: error.diagnostics.map((diagnostic) => `${formatDiagnostic(diagnostic)}\n`).join('') };
  }
  const shown = error instanceof Error ? error : new Error(String(error));
  const [firstLine = ''] = shown.message.split('\n');
  const lines = [
    `hepc: internal error: ${debug ? (shown.stack ?? shown.message) : firstLine}`,
    '  This is a bug of hepc, not a mistake of yours. Please report it to its maintainers, with the command line.',
    ...(debug ? [] : ['  HEPC_DEBUG=1 shows where it happened.']),
  ];
  return { exitCode: exitCodes.internal, text: `${visibleLines(lines.join('\n'))}\n` };
}

/** Runs `work`, and adds `file` to the diagnostics that it throws without saying where. */
export function inFile<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw located(error, file);
  }
}

/** As `inFile`, for a promise. */
export async function inFileAsync<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw located(error, file);
  }
}

function located(error: unknown, file: string): unknown {
  if (!(error instanceof HepcError)) return error;
  return new HepcError(error.diagnostics.map((d) => ({ ...d, at: { file, ...d.at } })));
}
