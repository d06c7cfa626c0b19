/** At most `most` of them, evenly picked. */
export function evenly<T>(items: readonly T[], most: number): readonly T[] {
  if (items.length <= most) return items;
  const share = (i: number): number => Math.floor((i * most) / items.length);
  return items.filter((_, i) => i === 0 || share(i) !== share(i - 1));
}
