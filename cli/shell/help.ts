/** The help, generated from the declarations of the commands: grouped by need, ending in command lines that run. */
import { type Command, type CommandOption, groups, optionsOf } from './command.ts';
import { lineWidth, wrap } from '../render/wrap.ts';

const exitCodeLines = [
  '0   done',
  '1   something is wrong with the model, data, plan, keys or files',
  '2   something is wrong with the command line',
  '70  a bug of hepc',
  '130 interrupted',
];

export function rootHelp(commands: readonly Command[], version: string): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  const sections = groups.map((group) => {
    const own = commands.filter((command) => command.group === group);
    return `${group}:\n${own.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}\n`).join('')}`;
  });
  const examples = ['compile', 'run', 'verify', 'inspect'].flatMap(
    (name) => commands.find((command) => command.name === name)?.examples[0] ?? [],
  );
  return [
    `hepc ${version} compiles trained ONNX models into plans that run on encrypted data.\n`,
    'Usage:\n  hepc COMMAND ...\n',
    ...sections,
    `Help:\n  ${'help COMMAND'.padEnd(width)}  Options and examples of a command\n  --version\n`,
    `Exit codes:\n${exitCodeLines.map((line) => `  ${line}\n`).join('')}`,
    exampleSection(examples),
  ].join('\n');
}

export function commandHelp(command: Command): string {
  const options = optionsOf(command);
  const positional = options.filter(({ argument }) => argument === true);
  const flagOptions = options.filter(({ argument }) => argument !== true);
  const required = flagOptions.filter((each) => each.required).map((each) => `${each.name} ${each.value ?? ''}`);
  const usage = [
    'hepc',
    command.name,
    ...positional.map((each) => (each.required ? each.name : `[${each.name}]`)),
    ...required,
    ...(flagOptions.length > required.length ? ['[options]'] : []),
  ];
  const entries = [
    ...positional.map((each) => [each.name, textOf(each)] as const),
    ...flagOptions.map((each) => [flagsOf(each), textOf(each)] as const),
    ['-h, --help', 'show this'] as const,
  ];
  return [
    `${command.summary}\n`,
    `Usage:\n${wrap(usage.join(' '), 2)}\n`,
    ...command.details.map((paragraph) => `${wrap(paragraph)}\n`),
    `Options:\n${renderEntries(entries)}`,
    exampleSection(command.examples),
  ].join('\n');
}

/** `-o, --output PLAN.hep`. */
export function flagsOf({ name, short, kind, value }: CommandOption): string {
  const long = kind === 'flag' ? name : `${name} ${value ?? 'VALUE'}`;
  return short === undefined ? long : `-${short}, ${long}`;
}

function textOf({ doc, choices, default: absent, required, argument }: CommandOption): string {
  const remarks = [
    ...(choices.length > 1 ? [choices.join(' or ')] : []),
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

function exampleSection(examples: readonly string[]): string {
  return `Examples:\n${examples.map((example) => renderExample(`hepc ${example}`)).join('')}`;
}

/** A command line, continued with backslashes where it is too long. */
function renderExample(line: string): string {
  const lines: string[] = [];
  let current = ' ';
  for (const word of line.split(' ')) {
    if (current.length + 1 + word.length > lineWidth - 2) {
      lines.push(current);
      current = '     ';
    }
    current += ` ${word}`;
  }
  return `${[...lines, current].join(' \\\n')}\n`;
}
