/**
 * The arrays of a table. Without a header all columns are one array, of a single input. With one, a column belongs to the
 * array that it names, alone (`age`) or with the place of its element (`x[0]`, `x[3]`); where no column names an input, all
 * but the labels `y` are one array.
 */
import { badTable } from '../../ir/diagnostics/data.ts';
import { HepcError, type Place } from '../../ir/diagnostics/diagnostic.ts';
import type { Table } from './table.ts';

/** Columns of a table: element j of row i is `cells[i][j]`. */
export interface Columns {
  /** Undefined where the table has no names for them. */
  readonly name: string | undefined;
  readonly cells: readonly (readonly string[])[];
  readonly lines: readonly number[];
  /** Titles of the columns, or their numbers from 1 on. */
  readonly titles: readonly string[];
}

/** @param known names that columns may have */
export function columnsOf({ rows, lines }: Table, known: readonly string[]): readonly Columns[] {
  const [first = [], ...others] = rows;
  if (!isHeader(first, others[0], known)) {
    const titles = first.map((_, i) => String(i + 1));
    return [{ name: undefined, cells: rows, lines, titles }];
  }
  const names = first.map((title) => title.replace(/\[[\d, ]*\]$/, ''));
  const isNamed = names.some((name) => known.includes(name) && name !== labelsName);
  const groups = new Map<string | undefined, number[]>();
  names.forEach((name, i) => {
    const group = isNamed || name === labelsName ? name : undefined;
    groups.set(group, [...(groups.get(group) ?? []), i]);
  });
  return Array.from(groups, ([name, places]) => ({
    name,
    cells: others.map((row) => places.map((i) => row[i] ?? '')),
    lines: lines.slice(1),
    titles: places.map((i) => first[i] ?? ''),
  }));
}

const labelsName = 'y';

/** A row of names: one of them is known, or stands above a number without being one. */
function isHeader(first: readonly string[], second: readonly string[] | undefined, known: readonly string[]): boolean {
  return first.some((title, i) => {
    if (isNumber(title) || title === '') return false;
    return known.includes(title.replace(/\[[\d, ]*\]$/, '')) || isNumber(second?.[i] ?? '');
  });
}

const numbers = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const special: Readonly<Record<string, number>> = {
  '': NaN,
  nan: NaN,
  inf: Infinity,
  '+inf': Infinity,
  '-inf': -Infinity,
};

function isNumber(text: string): boolean {
  return numbers.test(text) || (text !== '' && text.toLowerCase() in special);
}

export function hasNumbers({ cells }: Columns): boolean {
  return cells.some((row) => row.some(isNumber));
}

/** Row-major. An empty cell is NaN. Throws `HepcError` H415 at `at`. */
export function numbersOf({ cells, lines, titles }: Columns, at: Place): Float64Array<ArrayBuffer> {
  const width = titles.length;
  const values = new Float64Array(cells.length * width);
  cells.forEach((row, i) => {
    row.forEach((text, j) => {
      const value = numbers.test(text) ? Number(text) : special[text.toLowerCase()];
      if (value === undefined) {
        const reason = `${JSON.stringify(text)} in column ${titles[j] ?? ''} is no number`;
        throw new HepcError([badTable({ reason }, { ...at, ...(lines[i] !== undefined && { line: lines[i] }) })]);
      }
      values[i * width + j] = value;
    });
  });
  return values;
}
