/** The help of a command, generated from its declaration: options, then command lines that run. */
import { type CommandOption, optionsOf } from './command.ts';
import type { Command } from './declaration.ts';
import { alternatives } from '../../ir/suggestion.ts';
import { exampleSection } from './root-help.ts';
import { wrap } from '../render/wrap.ts';

export function commandHelp(command: Command): string {
  const options = optionsOf(command);
  const positional = options.filter(({ argument }) => argument === true);
  const flagOptions = options.filter(({ argument }) => argument !== true);
  const required = flagOptions.filter((each) => each.required).map((each) => `${each.name} ${each.value ?? ''}`);
  const usage = [
    'hepc',
    command.name,
    ...positional.map(({ name, required: isRequired, kind }) => {
      const own = kind === 'several' ? `${name} ...` : name;
      return isRequired ? own : `[${own}]`;
    }),
    ...required,
    ...(flagOptions.length > required.length ? ['[options]'] : []),
  ];
  const headings = Object.entries(command.headings ?? {});
  const headed = new Set(headings.flatMap(([, keys]) => keys));
  const entries = [
    ...positional.map((each) => [each.name, textOf(each)] as const),
    ...flagOptions.filter(({ key }) => !headed.has(key)).map(entryOf),
    ['-h, --help', 'show this'] as const,
  ];
  return [
    `${command.summary}\n`,
    `Usage:\n${wrap(usage.join(' '), 2)}\n`,
    ...command.details.map((paragraph) => `${wrap(paragraph)}\n`),
    `Options:\n${renderEntries(entries)}`,
    ...headings.map(([heading, keys]) => {
      const own = keys.flatMap((key) => flagOptions.filter((each) => each.key === key));
      return `${heading}:\n${renderEntries(own.map(entryOf))}`;
    }),
    exampleSection(command.examples),
  ].join('\n');
}

function entryOf(option: CommandOption): readonly [flags: string, text: string] {
  return [flagsOf(option), textOf(option)];
}

/** `-o, --output PLAN.hep`. */
export function flagsOf({ name, short, kind, value }: CommandOption): string {
  const long = kind === 'flag' ? name : `${name} ${value ?? 'VALUE'}`;
  return short === undefined ? long : `-${short}, ${long}`;
}

function textOf({ doc, choices, default: absent, required, argument }: CommandOption): string {
  const remarks = [
    ...(choices.length > 1 ? [alternatives(choices)] : []),
    ...(absent === undefined ? [] : [`default ${absent}`]),
    ...(required && argument !== true ? ['required'] : []),
  ];
  return remarks.length === 0 ? doc : `${doc} (${remarks.join('; ')})`;
}

const maxFlagsWidth = 26;

function renderEntries(entries: readonly (readonly [string, string])[]): string {
  const width = Math.min(maxFlagsWidth, Math.max(...entries.map(([flags]) => flags.length)));
  const indent = width + 4;
  return entries
    .map(([flags, text]) => {
      const body = wrap(text, indent);
      return flags.length > width ? `  ${flags}\n${body}\n` : `  ${flags.padEnd(width)}  ${body.trimStart()}\n`;
    })
    .join('');
}
