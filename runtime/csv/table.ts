/**
 * Text in rows and columns: CSV (RFC 4180), with commas, semicolons or tabs, and what `numpy.savetxt` writes, with spaces.
 * A row is a sample. What separates cells is what the first line has, in this order.
 */
import { badTable } from '../../ir/diagnostics/data.ts';
import { HepcError, type Place } from '../../ir/diagnostics/diagnostic.ts';

export interface Table {
  /** At least one row; all have as many cells. */
  readonly rows: readonly (readonly string[])[];
  /** 1-based line of each row. */
  readonly lines: readonly number[];
}

const mostBytes = 2 ** 28;

/** Whether `bytes` are text that could be a table: no control characters but those of lines and tabs. */
export function looksLikeTable(bytes: Uint8Array): boolean {
  const head = new TextDecoder().decode(bytes.subarray(0, 4096));
  return head.trim() !== '' && /^[^\p{Cc}\ufffd]+$/u.test(head.replace(/[\t\r\n\ufeff]|\ufffd$/gu, ' '));
}

/** Throws `HepcError` H415 at `at`. */
export function readTable(bytes: Uint8Array, at: Place): Table {
  const refuse = (reason: string, line?: number): HepcError =>
    new HepcError([badTable({ reason }, line === undefined ? at : { ...at, line })]);
  if (bytes.length > mostBytes) throw refuse(`it has ${bytes.length} bytes, more than ${mostBytes}`);
  const text = new TextDecoder().decode(bytes).replace(/^\ufeff/, '');
  const [firstLine = ''] = text.trimStart().split('\n', 1);
  const separator = [',', ';', '\t'].find((each) => firstLine.includes(each));
  const table = separator === undefined ? splitWords(text) : splitCells(text, separator, refuse);
  const [first, ...others] = table.rows;
  if (first === undefined) throw refuse('it has no rows');
  const odd = others.findIndex((row) => row.length !== first.length);
  if (odd !== -1) {
    const got = others[odd]?.length ?? 0;
    throw refuse(`this row has ${got} cells, the first ${first.length}`, table.lines[odd + 1]);
  }
  return table;
}

/** Lines of words, without empty ones and comments. */
function splitWords(text: string): Table {
  const rows: string[][] = [];
  const lines: number[] = [];
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    const content = line.replace(/^\s*#.*/, '').trim();
    if (content === '') continue;
    rows.push(content.split(/\s+/));
    lines.push(i + 1);
  }
  return { rows, lines };
}

/** Cells, which may be quoted and then hold separators, line ends and doubled quotes. Empty lines are left out. */
function splitCells(text: string, separator: string, refuse: (reason: string, line?: number) => HepcError): Table {
  const rows: string[][] = [];
  const lines: number[] = [];
  const cell = new RegExp(`(?:"((?:[^"]|"")*)"|([^"${separator}\\r\\n]*))[ ]*(${separator}|\\r?\\n|$)`, 'y');
  let row: string[] = [];
  let line = 1;
  let begun = 1;
  while (cell.lastIndex < text.length || row.length > 0) {
    const match = cell.exec(text);
    if (match === null) throw refuse('a quote stands where none can', line);
    const [whole, quoted, plain = '', end = ''] = match;
    row.push(quoted === undefined ? plain.trim() : quoted.replaceAll('""', '"'));
    line += whole.split('\n').length - 1;
    if (end === separator) continue;
    if (row.length > 1 || row[0] !== '') {
      rows.push(row);
      lines.push(begun);
    }
    row = [];
    begun = line;
    if (end === '') break;
  }
  return { rows, lines };
}
