/** Which sessions have a place for their keys, and who makes room where there are more sessions than places. */
export class KeyPlaces<Owner> {
  /** Places that there are: 0 … capacity − 1. */
  readonly capacity: number;
  /** By owner, the one that was used least recently first. */
  private readonly placeOf = new Map<Owner, number>();
  private readonly free: number[] = [];
  /** Places from here on have never been taken. */
  private untouched = 0;

  /** @param capacity 1 or more */
  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get taken(): number {
    return this.placeOf.size;
  }

  /** The place of an owner, if it has one; it is the one that was used last from now on. */
  use(owner: Owner): number | undefined {
    const place = this.placeOf.get(owner);
    if (place === undefined) return undefined;
    this.placeOf.delete(owner);
    this.placeOf.set(owner, place);
    return place;
  }

  has(owner: Owner): boolean {
    return this.placeOf.has(owner);
  }

  /** A place for an owner that has none, and who has lost it for that. Places that were taken before come first. */
  take(owner: Owner): { readonly place: number; readonly evicted: boolean } {
    const free = this.free.pop() ?? (this.untouched < this.capacity ? this.untouched++ : undefined);
    if (free !== undefined) {
      this.placeOf.set(owner, free);
      return { place: free, evicted: false };
    }
    for (const [loser, place] of this.placeOf) {
      this.placeOf.delete(loser);
      this.placeOf.set(owner, place);
      return { place, evicted: true };
    }
    throw new RangeError('there are no places at all');
  }

  /** Frees the place of an owner, if it has one. */
  give(owner: Owner): number | undefined {
    const place = this.placeOf.get(owner);
    if (place === undefined) return undefined;
    this.placeOf.delete(owner);
    this.free.push(place);
    return place;
  }
}
