/**
 * Answers as CSV (RFC 4180): a sample in each row, a column for each element of each output, named `y` for an output of one
 * element, `y[0]`, `y[1]`, … for others in row-major order, and `y[label]` for a map.
 */
import type { Answer, AnswerValue } from '../../ir/interface.ts';
import type { AnswerPort } from './answers.ts';

export function csvHeader(outputs: readonly AnswerPort[]): string {
  return line(outputs.flatMap(titlesOf));
}

export function csvRow(outputs: readonly AnswerPort[], sample: Answer): string {
  return line(outputs.flatMap(({ name, elements }) => cellsOf(sample.get(name), elements)));
}

function titlesOf({ name, shape, keys }: AnswerPort): string[] {
  if (keys !== undefined) return keys.map((key) => `${name}[${key}]`);
  const size = shape.reduce((product, extent) => product * extent, 1);
  return size === 1 ? [name] : Array.from({ length: size }, (_, i) => `${name}[${i}]`);
}

function cellsOf(value: AnswerValue | undefined, elements: AnswerPort['elements']): string[] {
  const list = value instanceof Map ? [...value.values()] : Array.from((value ?? []) as ArrayLike<number | string>);
  return list.map((item) => (elements === 'boolean' ? String(item !== 0) : String(item)));
}

function line(cells: readonly string[]): string {
  return `${cells.map(quoted).join(',')}\r\n`;
}

/** Numbers and names as they are. */
function quoted(cell: string): string {
  return /[",\r\n]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
