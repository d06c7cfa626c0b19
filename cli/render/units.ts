/** Numbers with their units, for people. */

export function formatMilliseconds(milliseconds: number): string {
  if (milliseconds < 1000) return `${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms`;
  return `${(milliseconds / 1000).toFixed(milliseconds < 10_000 ? 2 : 1)} s`;
}

export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB'] as const;
  let value = bytes;
  let unit: (typeof units)[number] = 'B';
  for (const larger of units.slice(1)) {
    if (value < 1024) break;
    value /= 1024;
    unit = larger;
  }
  return `${unit === 'B' ? value : value.toFixed(1)} ${unit}`;
}

export function formatPercent(part: number): string {
  return `${Number((100 * part).toFixed(1))}%`;
}

export function formatShape(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}

/** `1 sample`, `2 samples`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
