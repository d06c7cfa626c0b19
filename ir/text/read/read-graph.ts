/** Statements of a graph level into a module. Operands, attributes and types are checked; nothing is left to throw. */
import type { z } from 'zod';

import * as problem from '../../diagnostics/text.ts';
import { GraphBuilder, type GraphModule } from '../../module.ts';
import type { AttrsOf, NodeOf, OpDeclaration, OpTable, ValueId } from '../../op.ts';
import { suggestion } from '../../suggestion.ts';
import type { GraphText } from '../syntax/graph-text.ts';
import { Names } from '../syntax/names.ts';
import { readAttributes } from './read-attributes.ts';
import type { ConstantReader } from './read-constants.ts';
import type { Report } from '../syntax/report.ts';
import type { BodySyntax, OpSyntax, SyntaxRef } from '../syntax/syntax.ts';

export class GraphReader<Level extends string, Type, Table extends OpTable<Type>> {
  private readonly text: GraphText<Level, Type, Table>;
  private readonly report: Report;
  private readonly constants: ConstantReader;
  private readonly builder: GraphBuilder<Level, Type, Table>;
  private readonly values: Names<ValueId>;
  /** Offset of each node's statement. */
  readonly offsets: number[] = [];

  constructor(text: GraphText<Level, Type, Table>, report: Report, constants: ConstantReader) {
    this.text = text;
    this.report = report;
    this.constants = constants;
    this.builder = new GraphBuilder(text.dialect);
    this.values = new Names(report);
  }

  read(syntax: BodySyntax): void {
    const { level } = this.text.dialect;
    if (syntax.kind === 'op') {
      this.values.define(syntax.result, this.readOp(syntax));
    } else if (syntax.kind === 'broken') {
      if (syntax.result?.kind === 'value') this.values.define(syntax.result, undefined);
    } else {
      const expected = 'it holds constants and ops';
      this.report.add(problem.wrongLevel, { what: `a statement \`${syntax.kind}\``, level, expected }, syntax.at);
    }
  }

  build(name: string): GraphModule<Level, NodeOf<Table, Type>> {
    return this.builder.build(name);
  }

  private readOp(syntax: OpSyntax): ValueId | undefined {
    const { dialect, printType } = this.text;
    const op = syntax.op.value;
    const declaration: OpDeclaration<Type, z.ZodType> | undefined = Object.hasOwn(dialect.ops, op)
      ? dialect.ops[op]
      : undefined;
    if (declaration === undefined) {
      const names = { op, level: dialect.level, suggestion: suggestion(op, Object.keys(dialect.ops)) };
      this.report.add(problem.unknownOp, names, syntax.op.at);
      return undefined;
    }
    const operands = this.readOperands(syntax, declaration.operands);
    const attributes = readAttributes(declaration.attrs, syntax.attributes, {
      report: this.report,
      constant: (ref) => this.constants.lookUp(ref),
      owner: op,
      at: syntax.op.at,
    });
    const declared = this.readType(syntax);
    const origins = this.readOrigins(syntax);
    if (operands === undefined || attributes === undefined || declared === undefined || origins === undefined)
      return undefined;
    const inferred = declaration.infer(
      operands.map((id) => this.builder.typeOf(id)),
      attributes,
    );
    if (typeof inferred === 'string') {
      this.report.add(problem.opDoesNotFit, { op, reason: inferred }, syntax.op.at);
      return undefined;
    }
    if (declared.type !== undefined && !dialect.sameType(declared.type, inferred)) {
      const types = { op, declared: printType(declared.type), inferred: printType(inferred) };
      this.report.add(problem.typeMismatch, types, syntax.type?.at ?? syntax.at);
    }
    this.offsets.push(syntax.at);
    return this.builder.add(op, operands, attributes as AttrsOf<Table[string]>, origins);
  }

  private readOperands({ op, operands }: OpSyntax, declared: readonly string[]): readonly ValueId[] | undefined {
    const many = declared.at(-1)?.endsWith('…') ?? false;
    const fits = many ? operands.length >= declared.length : operands.length === declared.length;
    const plaintext = operands.find(({ kind }) => kind === 'plaintext');
    if (!fits || plaintext !== undefined) {
      const expected = declared.length === 0 ? 'no operands' : `values ${declared.join(', ')}`;
      const got = operands.length === 0 ? 'none' : operands.map(printRef).join(', ');
      this.report.add(problem.wrongOperands, { op: op.value, expected, got }, plaintext?.at ?? op.at);
      return undefined;
    }
    const ids = operands.map((operand) => this.values.lookUp(operand));
    return ids.every((id) => id !== undefined) ? ids : undefined;
  }

  /** `type` is absent where the text gives none; the whole is `undefined` after a problem. */
  private readType({ type, schedule }: OpSyntax): { readonly type: Type | undefined } | undefined {
    const { level } = this.text.dialect;
    if (schedule !== undefined) {
      const expected = 'schedules belong to the level plan';
      this.report.add(problem.wrongLevel, { what: 'a clause `buffer`', level, expected }, schedule.at);
      return undefined;
    }
    if (type === undefined) return { type: undefined };
    if (type.kind === 'ct') {
      this.report.add(problem.badType, { level, expected: this.text.typeInWords }, type.at);
      return undefined;
    }
    const read = this.text.readType(type, this.report);
    return read === undefined ? undefined : { type: read };
  }

  private readOrigins({ from }: OpSyntax) {
    if (from === undefined) return [];
    if (!('kind' in from)) return from;
    const { level } = this.text.dialect;
    const expected = 'name the nodes, as in from "name" Gemm "output"';
    this.report.add(problem.wrongLevel, { what: 'a reference to a table of origins', level, expected }, from.at);
    return undefined;
  }
}

function printRef({ kind, id }: SyntaxRef): string {
  return `${kind === 'plaintext' ? '#' : '%'}${id}`;
}
