/**
 * What a command is. A command is declared once, as data, in a file of its own name under `commands/`; parser and help
 * derive from it, and what it does is in the file of the same name under `actions/`. Options are the fields of a zod schema: `maxError` is `--max-error`, a boolean takes no value, an
 * array may be repeated, and a field with `argument` has its place on the command line instead of a name.
 */
import { z } from 'zod';
import { badOptionValue, badUsage } from '../../ir/diagnostics/cli.ts';
import { type Diagnostic, visibleLines } from '../../ir/diagnostics/diagnostic.ts';
import type { CommandContext } from '../shell/context.ts';
import type { Action, Command, CommandDeclaration, CommandHead } from './declaration.ts';
import { UsageError } from '../shell/failure.ts';

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

export function declareCommand<Schema extends z.ZodObject>(
  declaration: CommandDeclaration<Schema>,
): CommandDeclaration<Schema> {
  return declaration;
}

/** @param loadAction called once the options fit */
export function defineCommand<Schema extends z.ZodObject>(
  head: CommandHead,
  declaration: CommandDeclaration<Schema>,
  loadAction: () => Promise<Action<CommandDeclaration<Schema>>>,
): Command {
  const declared = { ...head, ...declaration };
  return {
    ...declared,
    execute: async (raw, context) => {
      const parsed = declaration.options.safeParse(raw);
      if (!parsed.success)
        throw new UsageError(parsed.error.issues.map((issue) => describeIssue(declared, raw, issue)));
      const run = await loadAction();
      await run(parsed.data, visibly(context), raw);
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
