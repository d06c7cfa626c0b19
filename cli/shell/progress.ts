/**
 * Progress on the standard error: what is being done and how far it is. On a terminal a line that is drawn over, or a
 * bar; elsewhere plain lines, few of them; nothing with `--quiet`.
 */
import { Presets, SingleBar } from 'cli-progress';

export interface Progress {
  /** What is being done now. */
  step(what: string): void;
  /** How far the present step is, 0 to 1. */
  fraction(done: number): void;
  /** Removes what is drawn, before anything else is printed. */
  end(): void;
}

/** The stream is a terminal or not. */
type Output = NodeJS.WritableStream & { readonly isTTY?: boolean };

export function createProgress(quiet: boolean, stream: Output = process.stderr): Progress {
  if (quiet) return silent;
  return stream.isTTY === true ? new TerminalProgress(stream) : new PlainProgress(stream);
}

const silent: Progress = { step: () => undefined, fraction: () => undefined, end: () => undefined };

class PlainProgress implements Progress {
  private readonly stream: Output;
  private what = '';
  private reportedQuarter = 0;

  constructor(stream: Output) {
    this.stream = stream;
  }

  step(what: string): void {
    if (what === this.what) return;
    this.what = what;
    this.reportedQuarter = 0;
    this.stream.write(`${what}\n`);
  }

  fraction(done: number): void {
    const quarter = Math.floor(4 * done);
    // The end is told by what comes next.
    if (quarter <= this.reportedQuarter || quarter >= 4) return;
    this.reportedQuarter = quarter;
    this.stream.write(`${this.what}: ${25 * quarter}%\n`);
  }

  end(): void {
    this.what = '';
  }
}

const clearLine = '\r\x1b[K';

class TerminalProgress implements Progress {
  private readonly stream: Output;
  private what = '';
  private bar: SingleBar | undefined;

  constructor(stream: Output) {
    this.stream = stream;
  }

  step(what: string): void {
    this.end();
    this.what = what;
    this.stream.write(`${clearLine}${what} …`);
  }

  fraction(done: number): void {
    if (this.bar === undefined) {
      this.stream.write(clearLine);
      this.bar = new SingleBar(
        {
          stream: this.stream,
          format: `${this.what} {bar} {percentage}%`,
          barsize: 40,
          clearOnComplete: true,
          gracefulExit: false,
          fps: 15,
        },
        Presets.shades_classic,
      );
      this.bar.start(100, 0);
    }
    this.bar.update(Math.floor(100 * done));
  }

  end(): void {
    this.bar?.stop();
    this.bar = undefined;
    this.stream.write(clearLine);
  }
}
