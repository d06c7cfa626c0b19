/** A command line as it could be typed: what a command was given, with changes. */
import { optionsOf } from './command.ts';
import type { Command } from './declaration.ts';
import { quoted } from './shell-quoting.ts';

/** Options by the names of the schema, as text; those that are undefined are left out. */
export type LineChanges = Readonly<Record<string, string | undefined>>;

/** The command line of `command` with the options that `given` has and it knows, but for `changes`. */
export function commandLine(
  command: Pick<Command, 'options'> & { readonly name: string },
  given: Readonly<Record<string, unknown>>,
  changes: LineChanges = {},
): string {
  const values: Readonly<Record<string, unknown>> = { ...given, ...changes };
  const words = optionsOf(command).flatMap(({ key, name, short, kind, argument }) => {
    const value = values[key];
    if (value === undefined || value === false) return [];
    const listed = (Array.isArray(value) ? value : [value]).map(String);
    if (argument === true) return listed.map(shellWord);
    const own = short === undefined ? name : `-${short}`;
    return kind === 'flag' ? [own] : listed.flatMap((each) => [own, shellWord(each)]);
  });
  return ['hepc', command.name, ...words].join(' ');
}

/** Quoted where a shell would take it for something else. */
function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : quoted(text);
}
