/** Axes of rows that have names: at the left of a wide picture, above their rows in a narrow one. */
import type { Size } from './sizes.ts';
import type { Mark, Plotting } from './plotting.ts';

const characterWidth = 7.4;
const leastCharacters = 4;

/** What of a picture stands left of its rows, in pixels, where names are there. */
export function rowMargin(names: readonly string[]): number {
  return 20 + characterWidth * Math.max(leastCharacters, ...names.map(({ length }) => length));
}

/** The axis of rows 0, 1, … of bars, whose names `rowNames` writes, and the margin for these. */
export function rowAxis(names: readonly string[], size: Size) {
  const isWide = size === 'wide';
  return {
    marginLeft: isWide ? rowMargin(names) : 8,
    y: {
      type: 'band',
      domain: names.map((_, row) => row),
      label: null,
      axis: null,
      // In a narrow picture a name has the upper part of its row.
      padding: isWide ? 0.25 : 0.6,
      align: isWide ? 0.5 : 1,
    },
  } as const;
}

/** The names of rows 0, 1, …. */
export function rowNames({ plot }: Plotting, names: readonly string[], size: Size): Mark {
  if (size === 'wide') return plot.axisY({ tickFormat: (row: number) => names[row] ?? '', tickSize: 0, label: null });
  return plot.text(
    names.map((name, row) => ({ name, row })),
    { y: 'row', text: 'name', frameAnchor: 'left', textAnchor: 'start', dy: -15, fill: 'currentColor' },
  );
}
