/**
 * Progress on the standard error: what is being done and how far it is. On a terminal a line that is drawn over, or a
 * bar; elsewhere plain lines, few of them; nothing with `--quiet`.
 */
import { Presets, SingleBar } from 'cli-progress';
import { timeLeft } from './time-left.ts';

export interface Progress {
  /** What is being done now. */
  step(what: string): void;
  /** How far the present step is, 0 to 1: with an estimate of the time that is left of it. */
  fraction(done: number): void;
  /** What is being done now, and how far all of it is, 0 to 1: with an estimate of the time that is left. */
  overall(what: string, done: number): void;
  /** Has `print` write whole lines, above what is drawn. */
  aside(print: () => void): void;
  /** Removes what is drawn, before anything else is printed. */
  end(): void;
}

/** The stream is a terminal or not. */
type Output = NodeJS.WritableStream & { readonly isTTY?: boolean };

/** @param now milliseconds of a clock that only goes on */
export function createProgress(
  quiet: boolean,
  stream: Output = process.stderr,
  now: () => number = () => performance.now(),
): Progress {
  if (quiet) return silent;
  return stream.isTTY === true ? new TerminalProgress(stream, now) : new PlainProgress(stream, now);
}

const silent: Progress = {
  step: () => undefined,
  fraction: () => undefined,
  overall: () => undefined,
  aside: (print) => {
    print();
  },
  end: () => undefined,
};

/** Where lines are not drawn over, parts of what is over by then are not told. */
const leastStepMs = 2000;

class PlainProgress implements Progress {
  private readonly stream: Output;
  private readonly now: () => number;
  private what = '';
  private began = 0;
  private reportedQuarter = 0;
  /** Of the whole: when it began, and the quarters of it that were reported. */
  private whole: { readonly began: number; quarter: number } | undefined;

  constructor(stream: Output, now: () => number) {
    this.stream = stream;
    this.now = now;
  }

  step(what: string): void {
    if (what === this.what) return;
    this.what = what;
    this.began = this.now();
    this.reportedQuarter = 0;
    this.stream.write(`${what}\n`);
  }

  fraction(done: number): void {
    const quarter = Math.floor(4 * done);
    // The end is told by what comes next.
    const elapsed = this.now() - this.began;
    if (quarter <= this.reportedQuarter || quarter >= 4 || elapsed < leastStepMs) return;
    this.reportedQuarter = quarter;
    const left = timeLeft(elapsed, done);
    this.stream.write(`${this.what}: ${25 * quarter}%${left === undefined ? '' : `, ${left}`}\n`);
  }

  overall(what: string, done: number): void {
    this.whole ??= { began: this.now(), quarter: 0 };
    const quarter = Math.floor(4 * done);
    const elapsed = this.now() - this.whole.began;
    if (quarter > this.whole.quarter && quarter < 4 && elapsed >= leastStepMs) {
      this.whole.quarter = quarter;
      const left = timeLeft(elapsed, done);
      this.stream.write(`${25 * quarter}% done${left === undefined ? '' : `, ${left}`}\n`);
    }
    this.step(what);
  }

  aside(print: () => void): void {
    print();
  }

  end(): void {
    this.what = '';
    this.whole = undefined;
  }
}

const clearLine = '\r\x1b[K';

class TerminalProgress implements Progress {
  private readonly stream: Output;
  private readonly now: () => number;
  private what = '';
  private bar: SingleBar | undefined;
  /** When the whole began that the bar is for, if it is for one. */
  private began: number | undefined;
  private stepBegan = 0;

  constructor(stream: Output, now: () => number) {
    this.stream = stream;
    this.now = now;
  }

  step(what: string): void {
    this.end();
    this.what = what;
    this.stepBegan = this.now();
    this.stream.write(`${clearLine}${what} …`);
  }

  fraction(done: number): void {
    this.bar ??= this.start(`${this.what} {bar} {percentage}%{left}`, { left: '' });
    const left = timeLeft(this.now() - this.stepBegan, done);
    this.bar.update(Math.floor(100 * done), { left: left === undefined ? '' : `, ${left}` });
  }

  overall(what: string, done: number): void {
    if (this.began === undefined) {
      this.end();
      this.began = this.now();
      this.bar = this.start(`{bar} {percentage}%{left} {what}`, { what, left: '' });
    }
    const left = timeLeft(this.now() - this.began, done);
    this.bar?.update(Math.floor(100 * done), { what, left: left === undefined ? '' : `, ${left}:` });
  }

  aside(print: () => void): void {
    // The bar is drawn again where the lines end, at its next step.
    this.stream.write(clearLine);
    print();
  }

  end(): void {
    this.bar?.stop();
    this.bar = undefined;
    this.began = undefined;
    this.stream.write(clearLine);
  }

  private start(format: string, payload: Readonly<Record<string, string>> = {}): SingleBar {
    this.stream.write(clearLine);
    const options = { stream: this.stream, format, barsize: 40, clearOnComplete: true, gracefulExit: false, fps: 15 };
    const bar = new SingleBar(options, Presets.shades_classic);
    bar.start(100, 0, payload);
    return bar;
  }
}
