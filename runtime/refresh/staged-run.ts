/** One run of a plan with refreshes, between its stages: the ciphertexts that wait for later ones. */
import { HepcError, InternalError } from '../../ir/diagnostics/diagnostic.ts';
import { wrongCount } from '../../ir/diagnostics/runtime.ts';
import type { Stage, StageInput, StageOutput } from '../../ir/plan/stages.ts';

export class StagedRun {
  private readonly stages: readonly Stage[];
  /** By name, see `nameOf`. */
  private readonly there = new Map<string, Uint8Array>();

  /** @param inputs the ciphertexts of the client's inputs */
  constructor(stages: readonly Stage[], inputs: readonly Uint8Array[] = []) {
    this.stages = stages;
    for (const [index, bytes] of inputs.entries()) this.there.set(nameOf({ from: 'inputs', index }), bytes);
  }

  /** What a stage reads, in order. */
  inputsOf(stage: number): Uint8Array[] {
    return this.at(stage).inputs.map((input) => this.find(nameOf(input)));
  }

  /** Takes what a stage has given, by the index of `output` ops. What is to be refreshed, in order. */
  take(stage: number, outputs: readonly Uint8Array[]): Uint8Array[] {
    const { outputs: uses, firstOutput } = this.at(stage);
    const request: Uint8Array[] = [];
    for (const [k, use] of uses.entries()) {
      const bytes = outputs[firstOutput + k];
      if (bytes === undefined) throw new InternalError(`stage ${stage} has not given its output ${k}`);
      if (use.to === 'refresh') request[use.number] = bytes;
      else this.there.set(nameOf(use), bytes);
    }
    const waiting = new Set(this.namesAfter(stage));
    for (const name of this.there.keys()) if (!waiting.has(name)) this.there.delete(name);
    return request;
  }

  /** What the client has made of what `take` gave after the stage before, without masks. */
  accept(stage: number, refreshed: readonly Uint8Array[]): void {
    for (const [number, bytes] of refreshed.entries())
      this.there.set(nameOf({ from: 'refreshed', round: stage, number }), bytes);
  }

  /** What later stages read and what the client gets, after a stage, in an order that follows from the plan. */
  waiting(stage: number): Uint8Array[] {
    return this.namesAfter(stage).map((name) => this.find(name));
  }

  /** Takes what `waiting` has given. Throws `HepcError` (H612) where that are not as many. */
  restore(stage: number, waiting: readonly Uint8Array[]): void {
    const names = this.namesAfter(stage);
    if (names.length !== waiting.length) {
      const what = 'ciphertexts of a paused evaluation';
      throw new HepcError([wrongCount({ what, expected: names.length, got: waiting.length })]);
    }
    for (const [k, bytes] of waiting.entries()) this.there.set(names[k] ?? '', bytes);
  }

  /** The ciphertexts of the client's outputs, once the last stage is done. */
  get outputs(): Uint8Array[] {
    const last = this.stages.length - 1;
    return this.waiting(last);
  }

  /** Names of what is there after a stage, but for what the client has still to refresh. */
  private namesAfter(stage: number): string[] {
    const given = this.stages.slice(0, stage + 1).flatMap(({ outputs }) => outputs);
    const read = this.stages.slice(stage + 1).flatMap(({ inputs }) => inputs);
    const kept = new Set(given.flatMap((use) => (use.to === 'keep' ? [use.value] : [])));
    const isThere = (input: StageInput): boolean =>
      input.from === 'kept' ? kept.has(input.value) : input.from === 'inputs' || input.round <= stage;
    const outputs = given.flatMap((use) => (use.to === 'outputs' ? [use] : [])).sort((a, b) => a.index - b.index);
    return [...new Set([...outputs, ...read.filter(isThere)].map(nameOf))];
  }

  private find(name: string): Uint8Array {
    const bytes = this.there.get(name);
    if (bytes === undefined) throw new InternalError(`a stage reads ${name}, which is not there`);
    return bytes;
  }

  private at(stage: number): Stage {
    const found = this.stages[stage];
    if (found === undefined) throw new InternalError(`there is no stage ${stage}`);
    return found;
  }
}

function nameOf(each: StageInput | Exclude<StageOutput, { to: 'refresh' }>): string {
  if ('to' in each) return each.to === 'outputs' ? `output ${each.index}` : `value ${each.value}`;
  switch (each.from) {
    case 'inputs':
      return `input ${each.index}`;
    case 'refreshed':
      return `refreshed value ${each.number} of round ${each.round}`;
    case 'kept':
      return `value ${each.value}`;
  }
}
