/**
 * A program with refreshes as stages with round trips between. A stage takes ciphertexts and gives ciphertexts, as a program without
 * refreshes does, so that an engine that pauses keeps nothing: what a later stage reads is an output of one stage and an input of
 * another.
 */
import { HeBuilder, type HeColumns } from '../he/module.ts';
import { operandsOf } from '../he/operands.ts';
import { roundsOf } from '../he/rounds.ts';
import { isInput, isOutput, restoresLevel, usesValueA, usesValueB } from '../he/traits.ts';

/** Where an input of a stage comes from. */
export type StageInput =
  /** From the client's inputs. */
  | { readonly from: 'inputs'; readonly index: number }
  /** What the client made of ciphertext `number` of the request after stage `round − 1`. */
  | { readonly from: 'refreshed'; readonly round: number; readonly number: number }
  /** What an earlier stage has given to be kept. */
  | { readonly from: 'kept'; readonly value: number };

/** What becomes of an output of a stage. */
export type StageOutput =
  | { readonly to: 'outputs'; readonly index: number }
  /** It is ciphertext `number` of the request after this stage. */
  | { readonly to: 'refresh'; readonly number: number }
  | { readonly to: 'keep'; readonly value: number };

export interface Stage {
  /** In the order of the indices of its `input` rows, which are those after all of the stages before. */
  readonly inputs: readonly StageInput[];
  /** As `inputs`. */
  readonly outputs: readonly StageOutput[];
  readonly firstRow: number;
  readonly firstInput: number;
  readonly firstOutput: number;
}

export interface StagedProgram {
  /** The rows of all stages, without refreshes. Those of the program itself where it has none. */
  readonly columns: HeColumns;
  readonly stages: readonly Stage[];
}

/** What becomes of a ciphertext at the client: the level that it is encrypted at anew, and its scale, before and after. */
export interface RefreshedCiphertext {
  readonly level: number;
  readonly scale: number;
}

/** Round trips of one run, at most. */
export const maxRounds = 256;

/** What the client is asked to refresh in one round trip, in order. */
export type RefreshRound = readonly RefreshedCiphertext[];

/** Of a managed program whose rows stand in the order of their rounds. */
export function stagesOf(columns: HeColumns): StagedProgram {
  return columns.op.some(restoresLevel) ? new Stager(columns).run() : { columns, stages: [onlyStage(columns)] };
}

/** The round trips of a program, in order. */
export function refreshRounds(columns: HeColumns): RefreshRound[] {
  const { op, level, scale } = columns;
  const found: RefreshedCiphertext[][] = [];
  const rounds = op.some(restoresLevel) ? roundsOf(columns) : undefined;
  for (let row = 0; rounds !== undefined && row < op.length; row++)
    if (restoresLevel(op[row] ?? -1))
      (found[(rounds[row] ?? 1) - 1] ??= []).push({ level: level[row] ?? 0, scale: scale[row] ?? 0 });
  return found;
}

function onlyStage({ op, imm }: HeColumns): Stage {
  const inputs: StageInput[] = [];
  const outputs: StageOutput[] = [];
  for (const [row, code] of op.entries()) {
    const index = imm[row] ?? 0;
    if (isInput(code)) inputs[index] = { from: 'inputs', index };
    if (isOutput(code)) outputs[index] = { to: 'outputs', index };
  }
  return { inputs, outputs, firstRow: 0, firstInput: 0, firstOutput: 0 };
}

class Stager {
  private readonly columns: HeColumns;
  private readonly rounds: Int32Array;
  private readonly builder: HeBuilder;
  /** By row: its row in the stage that is written, −1 where it has none there. */
  private readonly places: Int32Array;
  /** By row: whether a later stage reads it, and it is neither an input nor refreshed. */
  private readonly kept: Uint8Array;
  /** Of refreshes: which of their round they are. */
  private readonly numbers: Int32Array;
  private readonly stages: Stage[] = [];
  private inputs: StageInput[] = [];
  private outputs: StageOutput[] = [];
  private firstInput = 0;
  private firstOutput = 0;

  constructor(columns: HeColumns) {
    const { length } = columns.op;
    this.columns = columns;
    this.rounds = roundsOf(columns);
    this.builder = new HeBuilder(length);
    this.places = new Int32Array(length).fill(-1);
    this.kept = new Uint8Array(length);
    this.numbers = new Int32Array(length);
    const counts: number[] = [];
    for (let row = 0; row < length; row++) {
      const [code, round] = [columns.op[row] ?? -1, this.roundOf(row)];
      if (restoresLevel(code)) {
        const number = counts[round] ?? 0;
        this.numbers[row] = number;
        counts[round] = number + 1;
        continue;
      }
      for (const x of operandsOf(columns, row)) if (this.roundOf(x) < round && !this.isGiven(x)) this.kept[x] = 1;
    }
  }

  run(): StagedProgram {
    const { op } = this.columns;
    const last = this.rounds.reduce((most, round) => Math.max(most, round), 0);
    for (let round = 0, row = 0; round <= last; round++) {
      const firstRow = this.builder.length;
      for (; row < op.length && this.roundOf(row) === round; row++) if (!this.isGiven(row)) this.copy(row);
      for (let next = row; next < op.length; next++)
        if (restoresLevel(op[next] ?? -1) && this.roundOf(next) === round + 1)
          this.give(next, this.place(this.columns.a[next] ?? -1), { to: 'refresh', number: this.numbers[next] ?? 0 });
      for (const [value, isKept] of this.kept.entries())
        if (isKept === 1 && this.roundOf(value) === round) this.give(value, this.place(value), { to: 'keep', value });
      const { inputs, outputs, firstInput, firstOutput } = this;
      this.stages.push({ inputs, outputs, firstRow, firstInput, firstOutput });
      this.firstInput += inputs.length;
      this.firstOutput += outputs.length;
      this.inputs = [];
      this.outputs = [];
      this.places.fill(-1);
    }
    return { columns: this.builder.build(), stages: this.stages };
  }

  /** Copies a row of the stage. */
  private copy(row: number): void {
    const { columns } = this;
    const code = columns.op[row] ?? -1;
    const x = usesValueA(code) ? this.place(columns.a[row] ?? -1) : -1;
    const y = usesValueB(code) ? this.place(columns.b[row] ?? -1) : -1;
    if (isOutput(code)) this.give(row, x, { to: 'outputs', index: columns.imm[row] ?? 0 });
    else this.places[row] = this.builder.copy(columns, row, x, y);
  }

  /** The row of a value in the stage: as an input of it where it is of another, or given. */
  private place(value: number): number {
    const known = this.places[value] ?? -1;
    if (known !== -1) return known;
    const { op, imm, level, scale, size } = this.columns;
    const [code, index] = [op[value] ?? -1, imm[value] ?? 0];
    const own: StageInput = isInput(code)
      ? { from: 'inputs', index }
      : restoresLevel(code)
        ? { from: 'refreshed', round: this.roundOf(value), number: this.numbers[value] ?? 0 }
        : { from: 'kept', value };
    const fields = { level: level[value] ?? 0, scale: scale[value] ?? 0, size: size[value] ?? 2 };
    const imm0 = this.firstInput + this.inputs.push(own) - 1;
    return (this.places[value] = this.write(value, 'input', { imm: imm0, ...fields }));
  }

  private give(row: number, a: number, output: StageOutput): void {
    const { level, scale, size } = this.columns;
    // What is refreshed is the operand.
    const value = output.to === 'refresh' ? (this.columns.a[row] ?? -1) : row;
    const fields = { level: level[value] ?? 0, scale: scale[value] ?? 0, size: size[value] ?? 2 };
    this.write(row, 'output', { a, imm: this.firstOutput + this.outputs.push(output) - 1, ...fields });
  }

  private write(row: number, op: 'input' | 'output', fields: Parameters<HeBuilder['add']>[1]): number {
    this.builder.origin = this.columns.origin[row] ?? 0;
    return this.builder.add(op, fields);
  }

  /** Whether a value comes to each stage that reads it from outside. */
  private isGiven(value: number): boolean {
    const code = this.columns.op[value] ?? -1;
    return isInput(code) || restoresLevel(code);
  }

  private roundOf(row: number): number {
    return this.rounds[row] ?? 0;
  }
}
