/** What commands are made of. */
import type { z } from 'zod';
import type { CommandContext } from '../shell/context.ts';

/** Groups of the help, in its order. */
export const groups = [
  'Compile a model',
  'Run it encrypted, all in one go',
  'Run it encrypted, as client and server',
  'Serve it',
  'Look inside the compiler',
] as const;

export interface CommandHead {
  readonly name: string;
  readonly group: (typeof groups)[number];
  /** One line. */
  readonly summary: string;
}

/** What the help and the parser of a command are made from. */
export interface CommandDeclaration<Schema extends z.ZodObject = z.ZodObject> {
  /** Paragraphs for `hepc help COMMAND`. */
  readonly details: readonly string[];
  readonly options: Schema;
  /** Headings of the help after `Options`, with the names in the schema that stand under each. */
  readonly headings?: Readonly<Record<string, readonly (keyof Schema['shape'] & string)[]>>;
  /** Command lines that run in a clone of the repository, after `hepc`. */
  readonly examples: readonly string[];
}

/**
 * What a command does. `given` are the options as text, by the names of the schema. Throws `HepcError` for the user's
 * mistakes.
 */
export type Action<Declaration extends CommandDeclaration> = (
  options: z.output<Declaration['options']>,
  context: CommandContext,
  given: Readonly<Record<string, unknown>>,
) => Promise<void> | void;

export interface Command extends CommandHead, CommandDeclaration {
  /** Checks `options`, as text by the names of the schema, and runs. Throws `UsageError` for values that do not fit. */
  readonly execute: (options: Readonly<Record<string, unknown>>, context: CommandContext) => Promise<void>;
}
