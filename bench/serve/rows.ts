/** Tables of what was measured several times. */

export const spread = `| | median | least to most |
| --- | --- | --- |`;

export function row(what: string, values: readonly number[], digits: number): string {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (k: number): string => (sorted[k] ?? NaN).toFixed(digits);
  return `| ${what} | ${at(sorted.length >> 1)} | ${at(0)} to ${at(sorted.length - 1)} |`;
}
