/**
 * What a command is. A command is declared once, as data, in a file of its own name under `commands/`; parser and help
 * derive from it. Options are the fields of a zod schema: `maxError` is `--max-error`, a boolean takes no value, an
 * array may be repeated, and a field with `argument` has its place on the command line instead of a name.
 */
import { z } from 'zod';
import { badOptionValue, badUsage } from '../../ir/diagnostics/cli.ts';
import { type Diagnostic, visibleLines } from '../../ir/diagnostics/diagnostic.ts';
import { UsageError } from './failure.ts';

/** Groups of the help, in its order. */
export const groups = [
  'Compile a model',
  'Run it encrypted, all in one go',
  'Run it encrypted, as client and server',
  'Look inside the compiler',
] as const;

export interface OptionText {
  readonly doc: string;
  /** One letter. */
  readonly short?: string;
  /** What stands for the value in the help. */
  readonly value?: string;
  /** Stands by its place, without a name. */
  readonly argument?: boolean;
}

const texts = z.registry<OptionText>();

/** Where results go: the standard output, which a reader may close. */
export interface CommandContext {
  readonly print: (text: string) => void;
  /** For diagnostics and remarks: the standard error. */
  readonly remark: (text: string) => void;
}

interface CommandDeclaration<Schema extends z.ZodObject> {
  readonly name: string;
  readonly group: (typeof groups)[number];
  /** One line. */
  readonly summary: string;
  /** Paragraphs for `hepc help COMMAND`. */
  readonly details: readonly string[];
  readonly options: Schema;
  /** Command lines that run in a clone of the repository, after `hepc`. */
  readonly examples: readonly string[];
  /** Throws `HepcError` for the user's mistakes. */
  readonly run: (options: z.output<Schema>, context: CommandContext) => Promise<void> | void;
}

export interface Command extends Omit<CommandDeclaration<z.ZodObject>, 'run'> {
  /** Checks `options`, as text by the names of the schema, and runs. Throws `UsageError` for values that do not fit. */
  readonly execute: (options: Readonly<Record<string, unknown>>, context: CommandContext) => Promise<void>;
}

export function defineCommand<Schema extends z.ZodObject>(declaration: CommandDeclaration<Schema>): Command {
  const { run, ...rest } = declaration;
  return {
    ...rest,
    execute: async (raw, context) => {
      const parsed = declaration.options.safeParse(raw);
      if (!parsed.success) throw new UsageError(parsed.error.issues.map((issue) => describeIssue(rest, raw, issue)));
      await run(parsed.data, visibly(context));
    },
  };
}

/**
 * What a command says holds names from models, plans and samples of strangers. Here, and nowhere else, they lose their
 * hold on the terminal: control characters are shown as `\u001b`, which in JSON and in `.ir` text is the same string.
 */
function visibly({ print, remark }: CommandContext): CommandContext {
  return {
    print: (text) => {
      print(visibleLines(text));
    },
    remark: (text) => {
      remark(visibleLines(text));
    },
  };
}

/** A field of a command's schema with its text. */
export function option<Schema extends z.ZodType>(schema: Schema, text: OptionText): Schema {
  // The registry knows schemas by identity, and several commands share some.
  const own = schema.clone();
  texts.add(own, text);
  return own;
}

export interface CommandOption extends OptionText {
  /** Of the schema. */
  readonly key: string;
  /** `--max-error`, or `PLAN` for an argument. */
  readonly name: string;
  readonly kind: 'flag' | 'one' | 'several';
  readonly required: boolean;
  readonly default: string | undefined;
  readonly choices: readonly string[];
}

/** The options of `command` in the order of its schema. */
export function optionsOf({ options }: Pick<Command, 'options'>): CommandOption[] {
  return Object.entries(options.shape).map(([key, schema]) => {
    const text = texts.get(schema) ?? { doc: '' };
    const inner = core(schema);
    const absent: { readonly success: boolean; readonly data?: unknown } = z.safeParse(schema, undefined);
    return {
      ...text,
      key,
      name: text.argument === true ? (text.value ?? key.toUpperCase()) : `--${kebabCase(key)}`,
      kind: inner instanceof z.ZodBoolean ? 'flag' : inner instanceof z.ZodArray ? 'several' : 'one',
      required: !absent.success,
      default: typeof absent.data === 'string' || typeof absent.data === 'number' ? String(absent.data) : undefined,
      choices: inner instanceof z.ZodEnum ? inner.options.map(String) : [],
    };
  });
}

function core(schema: unknown): unknown {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodDefault ? core(schema.unwrap()) : schema;
}

export function kebabCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function describeIssue(
  command: Pick<Command, 'name' | 'options'>,
  raw: Readonly<Record<string, unknown>>,
  { path, message }: z.core.$ZodIssue,
): Diagnostic {
  const key = String(path[0]);
  const found = optionsOf(command).find((each) => each.key === key);
  const help = `hepc help ${command.name}`;
  if (raw[key] === undefined) return badUsage({ reason: `the option ${found?.name ?? key} is missing`, help });
  return badOptionValue({ option: found?.name ?? key, got: textOf(raw[key]), reason: message, help });
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
