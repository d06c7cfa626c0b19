/** Larger errors count as this, and so does what is no number: nothing is left of an output long before. */
const largestError = 1e9;

/** Errors of several samples, as the accuracy report gives them. */
export class ErrorSpread {
  private squares = 0;
  private count = 0;
  /** Of any sample. */
  largest = 0;

  /** @param error of one sample: of its output that is off most */
  add(error: number): void {
    const own = error <= largestError ? error : largestError;
    this.squares += own * own;
    this.count++;
    this.largest = Math.max(this.largest, own);
  }

  /** Root mean square; 0 of no samples. */
  get typical(): number {
    return this.count === 0 ? 0 : Math.sqrt(this.squares / this.count);
  }
}
