/** What a command line asks for. Only the command that it names is loaded, and the parser with it. */
import { badUsage } from '../../ir/diagnostics/cli.ts';
import { suggestion } from '../../ir/suggestion.ts';
import { forgetPlaces, isStandardOutputTaken } from '../files/places.ts';
import type { CommandContext } from '../shell/context.ts';
import type { CommandEntry } from './command-entry.ts';
import { UsageError } from '../shell/failure.ts';
import { completionHelp, rootHelp } from './root-help.ts';

interface Program {
  readonly commands: readonly CommandEntry[];
  readonly version: string;
  readonly context: CommandContext;
}

/** Runs the command that `args` ask for. Throws `HepcError`; `UsageError` for a command line that does not fit. */
export async function runCommandLine(args: readonly string[], { commands, version, context: given }: Program) {
  const context = {
    ...given,
    // Where the standard output carries an output, what else there is to say is a remark.
    print: (text: string) => {
      if (isStandardOutputTaken()) given.remark(text.replace(/\n$/, ''));
      else given.print(text);
    },
  };
  forgetPlaces();
  const [name, ...rest] = args;
  if (name === undefined || helpNames.includes(name)) {
    await help(name === 'help' ? rest : [], { commands, version, context });
  } else if (name === completionName && rest.some((each) => helpNames.includes(each))) {
    (context.showHelp ?? context.print)(completionHelp);
  } else if (name === completionName) {
    const [, extra] = rest;
    if (extra !== undefined)
      throw new UsageError([
        badUsage({ reason: `completion takes one shell, got ${rest.length}`, help: completionUsage }),
      ]);
    const loaded = await Promise.all(commands.map((entry) => entry.load()));
    const { completionScript } = await import('./completion.ts');
    context.print(completionScript(rest[0], loaded));
  } else if (versionNames.includes(name)) {
    context.print(`${version}\n`);
  } else {
    const entry = name.startsWith('-') ? refuseRootOption(name) : findCommand(name, commands);
    const [command, { runCommand }] = await Promise.all([entry.load(), import('./parser.ts')]);
    await runCommand(command, rest, context);
  }
}

const completionName = 'completion';
const completionUsage = `hepc help ${completionName}`;
const helpNames = ['help', '-h', '--help'];
const versionNames = ['-V', '--version'];

async function help(args: readonly string[], { commands, version, context }: Program): Promise<void> {
  const show = context.showHelp ?? context.print;
  const [name, extra] = args.filter((each) => !helpNames.includes(each));
  if (extra !== undefined)
    throw new UsageError([badUsage({ reason: `help takes one command, got ${args.length}`, help: 'hepc help' })]);
  if (name === undefined) {
    show(rootHelp(commands, version));
    return;
  }
  if (name === completionName) {
    show(completionHelp);
    return;
  }
  const [command, { commandHelp }] = await Promise.all([findCommand(name, commands).load(), import('./help.ts')]);
  show(commandHelp(command));
}

/** Throws `UsageError` for what is no command. */
function findCommand(name: string, commands: readonly CommandEntry[]): CommandEntry {
  const found = commands.find((each) => each.name === name);
  if (found !== undefined) return found;
  const meant = suggestion(name, [...commands.map((each) => each.name), 'help', completionName]);
  throw new UsageError([
    badUsage({ reason: `unknown command ${JSON.stringify(name)}`, suggestion: meant, help: 'hepc help' }),
  ]);
}

function refuseRootOption(name: string): never {
  const meant = suggestion(
    name,
    [...helpNames, ...versionNames].filter((each) => each.startsWith('--')),
  );
  throw new UsageError([badUsage({ reason: `unknown option '${name}'`, suggestion: meant, help: 'hepc help' })]);
}
