/** What the phases of a run take. */
import type { RunTimings } from '../../ir/plan/run-trace.ts';

type Phase = 'keygen' | 'prepare' | 'encrypt' | 'evaluate' | 'decrypt';

/** A stopwatch with a list of laps for each phase. */
export class Laps {
  private readonly laps: Record<Phase, number[]> = { keygen: [], prepare: [], encrypt: [], evaluate: [], decrypt: [] };
  private started = performance.now();
  private marks: [fraction: number, milliseconds: number][] = [];

  start(): void {
    this.started = performance.now();
  }

  /** What has passed since the start or the last lap belongs to `phase`. */
  lap(phase: Phase): void {
    this.add(phase, performance.now() - this.started);
    this.start();
  }

  add(phase: Phase, milliseconds: number): void {
    this.laps[phase].push(milliseconds);
  }

  /** Of an evaluation, whose marks follow. */
  begin(): void {
    this.start();
    this.marks = [];
  }

  mark(fraction: number): void {
    this.marks.push([fraction, performance.now() - this.started]);
  }

  timings(): RunTimings {
    const { keygen, prepare, encrypt, evaluate, decrypt } = this.laps;
    return {
      keygenMs: sum(keygen),
      prepareMs: sum(prepare),
      encryptMs: encrypt,
      evaluateMs: evaluate,
      decryptMs: decrypt,
      marks: this.marks,
    };
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
