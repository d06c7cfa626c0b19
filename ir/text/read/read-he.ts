/**
 * Statements of the levels `he` and `plan` into columns. Names, attributes and the ranges of columns are checked; that
 * levels, scales, sizes and the schedule are right is the verifier's to say.
 */
import type { NodeRef } from '../../diagnostics/diagnostic.ts';
import * as problem from '../../diagnostics/text.ts';
import { HeBuilder, type HeColumns } from '../../he/module.ts';
import type { PlaintextPool } from '../../he/plaintexts.ts';
import { FREES_A, FREES_B, type ScheduleColumns } from '../../plan/plan.ts';
import { suggestion } from '../../suggestion.ts';
import { type HeAttributes, type HeOpText, heOpTexts } from '../syntax/he-text.ts';
import { Names } from '../syntax/names.ts';
import { readAttributes } from './read-attributes.ts';
import type { ConstantReader } from './read-constants.ts';
import type { Report } from '../syntax/report.ts';
import type { BodySyntax, OpSyntax, PlaintextSyntax, SyntaxCipherType, SyntaxRef } from '../syntax/syntax.ts';

export interface Program {
  readonly columns: HeColumns;
  readonly plaintexts: PlaintextPool;
  readonly origins: readonly (readonly NodeRef[])[];
  readonly schedule: ScheduleColumns;
}

const maxInt32 = 2 ** 31 - 1;
const maxUint8 = 255;

export class ProgramReader {
  private readonly level: 'he' | 'plan';
  /** Whether the header has parameters. */
  private readonly managed: boolean;
  private readonly report: Report;
  private readonly constants: ConstantReader;
  private readonly builder = new HeBuilder();
  private readonly values: Names<number>;
  private readonly plaintextNames: Names<number>;
  private readonly originNames: Names<number>;
  private readonly origins: (readonly NodeRef[])[] = [];
  private readonly pool = {
    source: [] as number[],
    tile: [] as number[],
    shift: [] as number[],
    inner: [] as number[],
  };
  private readonly schedule = { buffer: [] as number[], frees: [] as number[], group: [] as number[] };
  /** Offset of each op's statement. */
  readonly offsets: number[] = [];

  constructor(level: 'he' | 'plan', managed: boolean, report: Report, constants: ConstantReader) {
    this.level = level;
    this.managed = managed;
    this.report = report;
    this.constants = constants;
    this.values = new Names(report);
    this.plaintextNames = new Names(report);
    this.originNames = new Names(report);
  }

  read(syntax: BodySyntax): void {
    switch (syntax.kind) {
      case 'op':
        this.values.define(syntax.result, this.readOp(syntax));
        return;
      case 'plain':
        this.plaintextNames.define(syntax.result, this.readPlaintext(syntax));
        return;
      case 'origin':
        this.originNames.define(syntax.result, this.origins.push(syntax.nodes) - 1);
        return;
      case 'broken':
        if (syntax.result !== undefined) this.namesOf(syntax.result).define(syntax.result, undefined);
        return;
    }
  }

  build(): Program {
    const { source, tile, shift, inner } = this.pool;
    const { buffer, frees, group } = this.schedule;
    return {
      columns: this.builder.build(),
      plaintexts: {
        source: Int32Array.from(source),
        tile: Int32Array.from(tile),
        shift: Int32Array.from(shift),
        inner: Int32Array.from(inner),
      },
      origins: this.origins,
      schedule: { buffer: Int32Array.from(buffer), frees: Uint8Array.from(frees), group: Int32Array.from(group) },
    };
  }

  private namesOf({ kind }: SyntaxRef): Names<number> {
    return kind === 'plaintext' ? this.plaintextNames : kind === 'origin' ? this.originNames : this.values;
  }

  private readPlaintext({ source, tile, shift, inner, at }: PlaintextSyntax): number | undefined {
    const index = this.constants.indexOf(source);
    const fits = [
      this.inRange('tile', tile, 0, maxInt32, at),
      this.inRange('shift', shift, -maxInt32 - 1, maxInt32, at),
      this.inRange('inner', inner, 1, maxInt32, at),
    ];
    if (index === undefined || fits.includes(false)) return undefined;
    this.pool.source.push(index);
    this.pool.tile.push(tile);
    this.pool.shift.push(shift);
    return this.pool.inner.push(inner) - 1;
  }

  private readOp(syntax: OpSyntax): number | undefined {
    const op = syntax.op.value;
    const text = heOpTexts.get(op);
    if (text === undefined) {
      const names = { op, level: this.level, suggestion: suggestion(op, [...heOpTexts.keys()]) };
      this.report.add(problem.unknownOp, names, syntax.op.at);
      return undefined;
    }
    const operands = this.readOperands(syntax, text);
    const attributes: HeAttributes | undefined = readAttributes(
      this.managed ? text.managed : text.unmanaged,
      syntax.attributes,
      {
        report: this.report,
        constant: (ref) => this.constants.lookUp(ref),
        owner: op,
        at: syntax.op.at,
      },
    );
    const type = this.readType(syntax);
    const scheduled = this.readSchedule(syntax);
    const origin = this.readOrigin(syntax);
    if (!operands || !attributes || !type || !scheduled || origin === undefined) return undefined;
    const [a = -1, b = -1] = operands;
    const { level, scale, size } = type;
    const { plainScale = 0 } = attributes;
    this.builder.origin = origin;
    this.offsets.push(syntax.at);
    const imm = attributes.step ?? attributes.index ?? 0;
    return this.builder.addCode(text.code, { a, b, imm, level, scale, size, plainScale });
  }

  private readOperands({ op, operands }: OpSyntax, { operands: kinds }: HeOpText): readonly number[] | undefined {
    if (operands.length !== kinds.length || operands.some(({ kind }, i) => kind !== kinds[i])) {
      const expected = kinds.length === 0 ? 'no operands' : kinds.map((kind) => `a ${kind}`).join(' and ');
      const got = operands.length === 0 ? 'none' : operands.map(printRef).join(', ');
      this.report.add(problem.wrongOperands, { op: op.value, expected, got }, operands[0]?.at ?? op.at);
      return undefined;
    }
    const ids = operands.map((ref) => this.namesOf(ref).lookUp(ref));
    return ids.every((id) => id !== undefined) ? ids : undefined;
  }

  private readType({ type, at }: OpSyntax): Omit<SyntaxCipherType, 'kind' | 'at'> | undefined {
    if (!this.managed) {
      if (type === undefined) return { level: 0, scale: 0, size: 2 };
      const expected = 'ops have types where the header has parameters';
      this.report.add(problem.wrongLevel, { what: 'a type', level: this.level, expected }, type.at);
      return undefined;
    }
    const example = ': ct level 3 scale 1073741824 size 2';
    if (type === undefined) {
      this.report.add(problem.missingClause, { what: 'the type', example }, at);
      return undefined;
    }
    if (type.kind !== 'ct') {
      this.report.add(problem.badType, { level: this.level, expected: `like ${example.slice(2)}` }, type.at);
      return undefined;
    }
    const fits = [
      this.inRange('level', type.level, 0, maxUint8, type.at),
      this.inRange('size', type.size, 0, maxUint8, type.at),
      this.isFinite('scale', type.scale, type.at),
    ];
    return fits.includes(false) ? undefined : type;
  }

  /** Appends to the schedule; `false` after a problem was reported. */
  private readSchedule({ schedule, at }: OpSyntax): boolean {
    if (this.level === 'he') {
      if (schedule === undefined) return true;
      const expected = 'schedules belong to the level plan';
      this.report.add(problem.wrongLevel, { what: 'a clause `buffer`', level: this.level, expected }, schedule.at);
      return false;
    }
    if (schedule === undefined) {
      this.report.add(problem.missingClause, { what: 'the schedule', example: 'buffer 4 group 2 frees a b' }, at);
      return false;
    }
    const { buffer, group, frees } = schedule;
    const wrong = frees.find(({ value }, i) => value !== 'a' && (value !== 'b' || frees[i + 1] !== undefined));
    if (wrong !== undefined) {
      this.report.add(problem.syntaxError, { reason: 'expected `frees a`, `frees b` or `frees a b`' }, wrong.at);
      return false;
    }
    const flags = frees.reduce((sum, { value }) => sum | (value === 'a' ? FREES_A : FREES_B), 0);
    const fits = [
      this.inRange('buffer', buffer, 0, maxInt32, schedule.at),
      this.inRange('group', group, 0, maxInt32, schedule.at),
    ];
    if (fits.includes(false)) return false;
    this.schedule.buffer.push(buffer);
    this.schedule.group.push(group);
    this.schedule.frees.push(flags);
    return true;
  }

  /** A row of the table of origins. A program without origins leaves the clause out. */
  private readOrigin({ from }: OpSyntax): number | undefined {
    if (from === undefined) return 0;
    if ('kind' in from) return this.originNames.lookUp(from);
    return this.origins.push(from) - 1;
  }

  private inRange(what: string, got: number, low: number, high: number, at: number): boolean {
    if (Number.isInteger(got) && got >= low && got <= high) return true;
    this.report.add(problem.outOfRange, { what, expected: `an integer from ${low} to ${high}`, got }, at);
    return false;
  }

  private isFinite(what: string, got: number, at: number): boolean {
    if (Number.isFinite(got)) return true;
    this.report.add(problem.outOfRange, { what, expected: 'a finite double', got }, at);
    return false;
  }
}

function printRef({ kind, id }: SyntaxRef): string {
  return `${kind === 'plaintext' ? '#' : '%'}${id}`;
}
