/**
 * Completion of command lines, as a script for the shell: commands, options and the values of those that have a list. For
 * whatever else a value is, mostly a file, the shell completes as it does. The script holds all of it, so that completing
 * starts no program; it is made anew with each version.
 */
import { badUsage } from '../../ir/diagnostics/cli.ts';
import { alternatives, suggestion } from '../../ir/suggestion.ts';
import { UsageError } from '../shell/failure.ts';
import { type CommandOption, optionsOf } from './command.ts';
import type { Command, CommandHead } from './declaration.ts';
import { quoted } from './shell-quoting.ts';

export const shells = ['bash', 'zsh', 'fish'] as const;

/** The script for `shell`. Throws `UsageError` for a shell that it does not know. */
export function completionScript(shell: string | undefined, commands: readonly Command[]): string {
  const own = shells.find((each) => each === shell);
  if (own === undefined) {
    const got = shell === undefined ? 'is missing' : `${JSON.stringify(shell)} is unknown`;
    const meant = shell === undefined ? undefined : suggestion(shell, shells);
    const reason = `the shell ${got}: expected ${alternatives(shells)}`;
    throw new UsageError([badUsage({ reason, suggestion: meant, help: 'hepc help completion' })]);
  }
  const described = commands.map((command) => ({ ...headOf(command), options: [...optionsOf(command), helpOption] }));
  return { bash, zsh, fish }[own](described);
}

interface Described extends CommandHead {
  readonly options: readonly CommandOption[];
}

const helpOption: CommandOption = {
  key: 'help',
  name: '--help',
  short: 'h',
  doc: 'show the help of the command',
  kind: 'flag',
  required: false,
  default: undefined,
  choices: [],
};

function headOf({ name, group, summary }: Command): CommandHead {
  return { name, group, summary };
}

/** Beside commands. */
const others = [
  ['help', 'Options and examples of a command'],
  ['completion', 'A script that completes command lines'],
] as const;

/** With their dashes, the long one first. */
function flagsOf({ name, short }: CommandOption): string[] {
  return short === undefined ? [name] : [name, `-${short}`];
}

function named(options: readonly CommandOption[]): CommandOption[] {
  return options.filter(({ argument }) => argument !== true);
}

function bash(commands: readonly Described[]): string {
  const names = commands.map(({ name }) => name);
  const values = commands.flatMap(({ name, options }) =>
    named(options).flatMap((each) => {
      const words = each.kind === 'flag' ? [] : each.choices;
      const patterns = flagsOf(each).map((flag) => `'${name} ${flag}'`);
      if (each.kind === 'flag') return [];
      return [`    ${patterns.join('|')}) words='${words.join(' ')}' ;;`];
    }),
  );
  const flags = commands.map(
    ({ name, options }) => `    ${name}) words='${named(options).flatMap(flagsOf).join(' ')}' ;;`,
  );
  return `# Completion of hepc for bash: source <(hepc completion bash)
_hepc() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" command="\${COMP_WORDS[1]}" words=
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '${[...names, ...others.map(([name]) => name), '--help', '--version'].join(' ')}' -- "$current"))
    return
  fi
  case "$command" in
    help) [ "$COMP_CWORD" -eq 2 ] && COMPREPLY=($(compgen -W '${[...names, 'completion'].join(' ')}' -- "$current")); return ;;
    completion) [ "$COMP_CWORD" -eq 2 ] && COMPREPLY=($(compgen -W '${shells.join(' ')}' -- "$current")); return ;;
  esac
  case "$command $previous" in
${values.join('\n')}
    *)
      case "$current" in -*)
        case "$command" in
${flags.map((line) => `    ${line}`).join('\n')}
        esac
      esac ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _hepc hepc
`;
}

function zsh(commands: readonly Described[]): string {
  const list = [...commands.map(({ name, summary }) => [name, summary] as const), ...others];
  const described = list.map(([name, summary]) => `    ${quoted(`${name}:${summary}`)}`);
  const cases = commands.map(({ name, options }) => {
    const lines = options.map((each) => `        ${zshOption(each)}`).join(' \\\n');
    return `      ${name})\n        _arguments -s \\\n${lines} ;;`;
  });
  return `#compdef hepc
# Completion of hepc for zsh: source <(hepc completion zsh)
_hepc() {
  local -a commands
  commands=(
${described.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command="$words[2]"
  shift words
  (( CURRENT-- ))
  case "$command" in
      help) _describe command commands ;;
      completion) _values shell ${shells.join(' ')} ;;
${cases.join('\n')}
  esac
}
compdef _hepc hepc
`;
}

function zshOption(option: CommandOption): string {
  const { kind, value = 'VALUE', choices, doc, argument } = option;
  const action = choices.length > 0 ? `(${choices.join(' ')})` : '_files';
  const plain = (text: string) => text.replace(/[[\]:\\]/g, '\\$&');
  if (argument === true) return quoted(`${kind === 'several' ? '*' : ''}:${plain(value)}:${action}`);
  const flags = flagsOf(option);
  const repeated = kind === 'several' ? '*' : '';
  const rest = `[${plain(doc)}]${kind === 'flag' ? '' : `:${plain(value)}:${action}`}`;
  return flags.map((flag) => quoted(`${repeated}${flag}${rest}`)).join(' ');
}

function fish(commands: readonly Described[]): string {
  const top = [...commands.map(({ name, summary }) => [name, summary] as const), ...others].map(
    ([name, summary]) => `complete -c hepc -n __fish_use_subcommand -f -a ${name} -d ${quoted(summary)}`,
  );
  const names = commands.map(({ name }) => name).join(' ');
  const rest = commands.flatMap(({ name, options }) =>
    named(options).map(({ name: flag, short, kind, choices, doc }) => {
      const letter = short === undefined ? '' : ` -s ${short}`;
      const value = kind === 'flag' ? '' : choices.length > 0 ? ` -x -a ${quoted(choices.join(' '))}` : ' -r';
      const condition = `'__fish_seen_subcommand_from ${name}'`;
      return `complete -c hepc -n ${condition} -l ${flag.slice(2)}${letter}${value} -d ${quoted(doc)}`;
    }),
  );
  return [
    '# Completion of hepc for fish: hepc completion fish | source',
    ...top,
    `complete -c hepc -n '__fish_seen_subcommand_from help' -f -a '${names} completion'`,
    `complete -c hepc -n '__fish_seen_subcommand_from completion' -f -a '${shells.join(' ')}'`,
    ...rest,
    '',
  ].join('\n');
}
