/** Collects what a verifier finds, up to a screenful. */
import type { Diagnostic, DiagnosticFactory, Place } from './diagnostics/diagnostic.ts';

const screenful = 20;

export class Reports {
  readonly diagnostics: Diagnostic[] = [];
  private readonly locate: (id: number) => Place;

  constructor(locate: (id: number) => Place) {
    this.locate = locate;
  }

  /** Whether looking further is a waste. */
  get full(): boolean {
    return this.diagnostics.length >= screenful;
  }

  /** About value `id`. */
  at(id: number, factory: DiagnosticFactory<{ reason: string }>, reason: string): void {
    if (!this.full) this.diagnostics.push(factory({ reason }, this.locate(id)));
  }

  /** About the module as a whole. */
  module(factory: DiagnosticFactory<{ reason: string }>, reason: string): void {
    if (!this.full) this.diagnostics.push(factory({ reason }));
  }
}
