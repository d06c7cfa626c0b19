/** Tables and measured times as Markdown; Prettier aligns them. */
import { median } from '../ir/maths/averages.ts';
import { formatMilliseconds } from '../cli/render/units.ts';

export type Cell = string | number;

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => Cell;
}

export function column<Row>(title: string, cell: (row: Row) => Cell): Column<Row> {
  return { title, cell };
}

export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const lines: Cell[][] = [
    columns.map(({ title }) => title),
    columns.map(() => '---'),
    ...rows.map((row) => columns.map(({ cell }) => cell(row))),
  ];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** `95 ms (90 ms to 101 ms)`: median, least, largest; nothing of nothing. */
export function spread(milliseconds: readonly number[]): string {
  if (milliseconds.length === 0) return '';
  const [middle, least, largest] = [median(milliseconds), Math.min(...milliseconds), Math.max(...milliseconds)];
  return `${formatMilliseconds(middle)} (${formatMilliseconds(least)} to ${formatMilliseconds(largest)})`;
}
