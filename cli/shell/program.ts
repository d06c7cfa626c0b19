/** The parser, generated from the declarations of the commands. Nothing else knows commander. */
import { Argument, Command as Parser, CommanderError, Option } from 'commander';
import { badUsage } from '../../ir/diagnostics/cli.ts';
import type { Diagnostic } from '../../ir/diagnostics/diagnostic.ts';
import { suggestion } from '../../ir/suggestion.ts';
import { type Command, type CommandContext, type CommandOption, optionsOf } from './command.ts';
import { forgetPlaces, isStandardOutputTaken } from '../files/places.ts';
import { UsageError } from './failure.ts';
import { commandHelp, rootHelp } from './help.ts';

/** Runs the command that `args` ask for. Throws `HepcError`; `UsageError` for a command line that does not fit. */
export async function runCommandLine(
  args: readonly string[],
  { commands, version, context: given }: { commands: readonly Command[]; version: string; context: CommandContext },
): Promise<void> {
  const context = {
    ...given,
    // Where the standard output carries an output, what else there is to say is a remark.
    print: (text: string) => {
      if (isStandardOutputTaken()) given.remark(text.replace(/\n$/, ''));
      else given.print(text);
    },
  };
  forgetPlaces();
  const [name] = args;
  if (name === undefined) throw new UsageError([badUsage({ reason: 'a command is missing', help: 'hepc help' })]);
  if (!name.startsWith('-')) findCommand(name, commands);
  const root = new Parser('hepc');
  const help = rootHelp(commands, version);
  configure(root, help, context).version(version, '-V, --version').helpCommand(false);
  addHelp(root, commands, help, context);
  for (const command of commands) addCommand(root, command, context);
  try {
    await root.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and version end this way too.
    if (error.exitCode !== 0) throw new UsageError([describeError(error, name, commands)]);
  }
}

const helpName = 'help';

/** Undefined for `help`. Throws `UsageError` for what is no command. */
function findCommand(name: string, commands: readonly Command[]): Command | undefined {
  const command = commands.find((each) => each.name === name);
  if (command !== undefined || name === helpName) return command;
  const meant = suggestion(name, [...commands.map((each) => each.name), helpName]);
  throw new UsageError([
    badUsage({ reason: `unknown command ${JSON.stringify(name)}`, suggestion: meant, help: 'hepc help' }),
  ]);
}

function describeError({ message }: CommanderError, name: string, commands: readonly Command[]): Diagnostic {
  const [reason = ''] = message.replace(/^error: /, '').split('\n');
  const suggestion = /\(Did you mean (.*)\?\)$/.exec(message)?.[1];
  const isCommand = commands.some((each) => each.name === name);
  return badUsage({ reason, suggestion, help: isCommand ? `hepc help ${name}` : 'hepc help' });
}

function configure(parser: Parser, help: string, { print }: CommandContext): Parser {
  return parser
    .exitOverride()
    .configureHelp({ formatHelp: () => help })
    .configureOutput({ writeOut: print, writeErr: () => undefined })
    .showSuggestionAfterError();
}

function addCommand(root: Parser, command: Command, context: CommandContext): void {
  const parser = configure(root.command(command.name), commandHelp(command), context);
  const options = optionsOf(command);
  const positional = options.filter(({ argument }) => argument === true);
  for (const each of positional) parser.addArgument(argumentOf(each));
  for (const each of options) if (each.argument !== true) parser.addOption(optionOf(each));
  parser.action(async (...received: unknown[]) => {
    const raw: Record<string, unknown> = { ...parser.opts() };
    positional.forEach(({ key }, i) => {
      if (received[i] !== undefined) raw[key] = received[i];
    });
    await command.execute(raw, context);
  });
}

function argumentOf({ name, doc, required }: CommandOption): Argument {
  return new Argument(required ? `<${name}>` : `[${name}]`, doc);
}

function optionOf(option: CommandOption): Option {
  const { short, name, kind, value = 'VALUE', doc } = option;
  const placeholder = kind === 'flag' ? '' : ` <${value}>`;
  const parsed = new Option(`${short === undefined ? '' : `-${short}, `}${name}${placeholder}`, doc);
  if (kind === 'several') parsed.argParser((given: string, before: string[] | undefined) => [...(before ?? []), given]);
  // That an option is missing the schema says, after unknown ones, which are the cause more often than not.
  return parsed;
}

function addHelp(root: Parser, commands: readonly Command[], help: string, context: CommandContext): void {
  configure(root.command(helpName, { hidden: true }), help, context)
    .argument('[command]')
    .action((name: string | undefined) => {
      const command = name === undefined ? undefined : findCommand(name, commands);
      context.print(command === undefined ? help : commandHelp(command));
    });
}
