/** The parser of a command, generated from its declaration. Nothing else knows commander. */
import { Argument, Command as Parser, CommanderError, Option } from 'commander';
import { badUsage } from '../../ir/diagnostics/cli.ts';
import type { Diagnostic } from '../../ir/diagnostics/diagnostic.ts';
import { type CommandOption, optionsOf } from './command.ts';
import type { Command } from './declaration.ts';
import type { CommandContext } from '../shell/context.ts';
import { UsageError } from '../shell/failure.ts';
import { commandHelp } from './help.ts';

/** Runs `command` with what follows its name. Throws `HepcError`; `UsageError` where that does not fit. */
export async function runCommand(command: Command, args: readonly string[], context: CommandContext): Promise<void> {
  try {
    await parserOf(command, context).parseAsync(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help ends this way too.
    if (error.exitCode !== 0) throw new UsageError([describeError(error, command.name)]);
  }
}

function describeError({ message }: CommanderError, name: string): Diagnostic {
  const [reason = ''] = message.replace(/^error: /, '').split('\n');
  const suggestion = /\(Did you mean (.*)\?\)$/.exec(message)?.[1];
  return badUsage({ reason, suggestion, help: `hepc help ${name}` });
}

function parserOf(command: Command, context: CommandContext): Parser {
  const parser = new Parser(command.name)
    .exitOverride()
    .configureHelp({ formatHelp: () => commandHelp(command) })
    .configureOutput({ writeOut: context.showHelp ?? context.print, writeErr: () => undefined })
    .showSuggestionAfterError();
  const options = optionsOf(command);
  const positional = options.filter(({ argument }) => argument === true);
  for (const each of positional) parser.addArgument(argumentOf(each));
  for (const each of options) if (each.argument !== true) parser.addOption(optionOf(each));
  return parser.action(async (...received: unknown[]) => {
    const raw: Record<string, unknown> = { ...parser.opts() };
    positional.forEach(({ key }, i) => {
      if (received[i] !== undefined) raw[key] = received[i];
    });
    await command.execute(raw, context);
  });
}

function argumentOf({ name, doc, required, kind }: CommandOption): Argument {
  const own = kind === 'several' ? `${name}...` : name;
  return new Argument(required ? `<${own}>` : `[${own}]`, doc);
}

function optionOf(option: CommandOption): Option {
  const { short, name, kind, value = 'VALUE', doc } = option;
  const placeholder = kind === 'flag' ? '' : ` <${value}>`;
  const parsed = new Option(`${short === undefined ? '' : `-${short}, `}${name}${placeholder}`, doc);
  if (kind === 'several') parsed.argParser((given: string, before: string[] | undefined) => [...(before ?? []), given]);
  // That an option is missing the schema says, after unknown ones, which are the cause more often than not.
  return parsed;
}
