/** The help of all commands: grouped by need, ending in command lines that run. */
import { type CommandHead, groups } from './declaration.ts';
import { locateExamples } from './example-files.ts';
import { lineWidth } from '../render/wrap.ts';

const exitCodeLines = [
  '0   done',
  '1   something is wrong with model, data, plan, keys, files or version of Node',
  '2   something is wrong with the command line',
  '70  a bug of hepc',
  '130 interrupted',
];

/** The first examples of some commands, so that none has to be loaded. */
export const rootExamples: readonly string[] = [
  'compile examples/models/mlp-784-128-128-10.onnx -o mlp.hep --calibrate examples/models/mnist-test256.npz',
  'run mlp.hep --input examples/models/mnist-test256.npz --limit 3',
  'verify mlp.hep --model examples/models/mlp-784-128-128-10.onnx --input examples/models/mnist-test256.npz --limit 4',
  'inspect mlp.hep',
];

export function rootHelp(commands: readonly CommandHead[], version: string): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  const sections = groups.map((group) => {
    const own = commands.filter((command) => command.group === group);
    return `${group}:\n${own.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}\n`).join('')}`;
  });
  return [
    `hepc ${version} compiles trained ONNX models into plans that run on encrypted data.\n`,
    'Usage:\n  hepc COMMAND ...\n',
    ...sections,
    `Help:\n  ${'help COMMAND'.padEnd(width)}  Options and examples of a command\n  ${'completion'.padEnd(width)}  A script that completes command lines: for bash, zsh or fish\n  --version\n`,
    `Exit codes:\n${exitCodeLines.map((line) => `  ${line}\n`).join('')}`,
    exampleSection(rootExamples),
  ].join('\n');
}

/** Of a command that is no entry of the registry: it writes what follows from all of them. */
export const completionHelp = `A script that completes command lines

Usage:
  hepc completion SHELL

SHELL is bash, zsh or fish. The script goes to the standard output; a shell takes it at its start:
  bash  source <(hepc completion bash)   in ~/.bashrc
  zsh   source <(hepc completion zsh)    in ~/.zshrc, after compinit
  fish  hepc completion fish | source    in ~/.config/fish/config.fish
`;

export function exampleSection(examples: readonly string[]): string {
  return `Examples:\n${examples.map((example) => renderExample(`hepc ${locateExamples(example)}`)).join('')}`;
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
