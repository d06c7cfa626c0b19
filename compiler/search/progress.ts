/**
 * How far a compilation is. Nobody knows beforehand which rings a search will look at: a part that turns out to be needless
 * is skipped, so that fractions go up in larger steps then, and never down.
 */

/** @param fraction of the whole compilation that is done, 0 to 1 */
export type StepObserver = (step: string, fraction: number) => void;

/** @param fraction of the whole compilation that is done, 0 to 1, more than at any call before */
export type ProgressObserver = (fraction: number) => void;

/** Fractions closer than this to the one told last are not told. */
const leastAdvance = 1 / 512;

/** Tells observers of the whole. */
class Whole {
  private readonly onStep: StepObserver;
  private readonly onProgress: ProgressObserver;
  private step = '';
  private done = 0;
  private told = 0;

  constructor(onStep: StepObserver, onProgress: ProgressObserver) {
    this.onStep = onStep;
    this.onProgress = onProgress;
  }

  begin(step: string, fraction: number): void {
    this.at(fraction);
    if (step === this.step) return;
    this.step = step;
    this.onStep(step, this.done);
  }

  at(fraction: number): void {
    this.done = Math.max(this.done, Math.min(1, fraction));
    const isNews = this.done >= this.told + leastAdvance || (this.done === 1 && this.told < 1);
    if (!isNews) return;
    this.told = this.done;
    this.onProgress(this.done);
  }
}

/** A part of the whole, with fractions of its own. */
export class Progress {
  private readonly whole: Whole;
  private readonly from: number;
  private readonly to: number;

  private constructor(whole: Whole, from: number, to: number) {
    this.whole = whole;
    this.from = from;
    this.to = to;
  }

  static of(onStep: StepObserver, onProgress: ProgressObserver): Progress {
    return new Progress(new Whole(onStep, onProgress), 0, 1);
  }

  /** Something else is being done from here on. @param done of this part */
  begin(step: string, done = 0): void {
    this.whole.begin(step, this.fraction(done));
  }

  /** @param done of this part */
  at(done: number): void {
    this.whole.at(this.fraction(done));
  }

  part(from: number, to: number): Progress {
    return new Progress(this.whole, this.fraction(from), this.fraction(to));
  }

  /** One of several parts of the same size. */
  share(index: number, count: number): Progress {
    return this.part(index / count, (index + 1) / count);
  }

  private fraction(done: number): number {
    return this.from + done * (this.to - this.from);
  }
}

/** A fraction for what takes nobody knows how many rounds, of which the first ones are the likeliest. */
export function afterRounds(rounds: number): number {
  return 1 - 0.7 ** rounds;
}
