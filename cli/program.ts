/** The parser, generated from the declarations of the commands. Nothing else knows commander. */
import { Argument, Command as Parser, CommanderError, Option } from 'commander';
import { badUsage } from '../ir/diagnostics/cli.ts';
import { type Command, type CommandContext, type CommandOption, optionsOf } from './command.ts';
import { UsageError } from './failure.ts';
import { commandHelp, flagsOf, rootHelp } from './help.ts';

/** Runs the command that `args` ask for. Throws `HepcError`; `UsageError` for a command line that does not fit. */
export async function runCommandLine(
  args: readonly string[],
  { commands, version, context }: { commands: readonly Command[]; version: string; context: CommandContext },
): Promise<void> {
  const root = new Parser('hepc');
  const help = rootHelp(commands, version);
  configure(root, help, context)
    .version(version, '-V, --version')
    .helpCommand(false)
    .allowExcessArguments()
    .argument('[command]')
    .action((name: string | undefined) => {
      if (name !== undefined) root.unknownCommand();
      // Without a command there is nothing to do, which is a mistake unless help was asked for.
      throw new UsageError([badUsage({ reason: 'a command is missing', help: 'hepc help' })]);
    });
  for (const command of commands) addCommand(root, command, context);
  addHelp(root, commands, help, context);
  try {
    await root.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and version end this way too.
    if (error.exitCode === 0) return;
    throw new UsageError([describeError(error, args, commands)]);
  }
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
  const { short, name, kind, value = 'VALUE', doc, required } = option;
  const placeholder = kind === 'flag' ? '' : ` <${value}>`;
  const parsed = new Option(`${short === undefined ? '' : `-${short}, `}${name}${placeholder}`, doc);
  if (kind === 'several')
    parsed.argParser((given: string, before: string[] | undefined) => [...(before ?? []), given]);
  return parsed.makeOptionMandatory(required);
}

function addHelp(root: Parser, commands: readonly Command[], help: string, context: CommandContext): void {
  configure(root.command('help', { hidden: true }), help, context)
    .argument('[command]')
    .action((name: string | undefined) => {
      if (name === undefined) {
        context.print(help);
        return;
      }
      const command = commands.find((each) => each.name === name);
      if (command === undefined) throw new UsageError([unknownCommand(name, commands)]);
      context.print(commandHelp(command));
    });
}
