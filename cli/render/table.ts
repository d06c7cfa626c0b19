/** Tables of plain text. */

export interface Column {
  readonly title: string;
  /** `right` for numbers. */
  readonly align?: 'left' | 'right';
}

/** Rows with a header and a rule, each line indented by two; cells beyond the columns are left out. */
export function renderTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map(({ title }, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]): string => {
    const padded = columns.map(({ align }, i) => {
      const cell = cells[i] ?? '';
      return align === 'right' ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0);
    });
    return `  ${padded.join('  ')}`.trimEnd();
  };
  const rule = line(widths.map((width) => '-'.repeat(width)));
  return [line(columns.map(({ title }) => title)), rule, ...rows.map(line), ''].join('\n');
}

/** `name   value` lines, aligned and indented by two. */
export function renderFields(fields: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(0, ...fields.map(([name]) => name.length));
  return fields.map(([name, value]) => `  ${name.padEnd(width)}  ${value}\n`).join('');
}

const longestLabel = 24;

/** A name that leaves room for the other columns. */
export function shortLabel(name: string): string {
  return name.length <= longestLabel ? name : `${name.slice(0, longestLabel - 1)}…`;
}
