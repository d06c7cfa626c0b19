/** Collects the problems of one text, each with its place; a limit keeps hopeless texts from flooding the terminal. */
import type { Diagnostic, DiagnosticFactory } from '../../diagnostics/diagnostic.ts';
import * as problem from '../../diagnostics/text.ts';
import type { Source } from './source.ts';

const maxDiagnostics = 100;

export class Report {
  readonly diagnostics: Diagnostic[] = [];
  readonly source: Source;

  constructor(source: Source) {
    this.source = source;
  }

  /** Whether reading on is pointless. */
  get full(): boolean {
    return this.diagnostics.length > maxDiagnostics;
  }

  add<A>(factory: DiagnosticFactory<A>, args: A, offset: number): void {
    if (this.full) return;
    const at = this.source.place(offset);
    this.diagnostics.push(
      this.diagnostics.length < maxDiagnostics
        ? factory(args, at)
        : problem.tooManyProblems({ limit: maxDiagnostics }, at),
    );
  }
}
