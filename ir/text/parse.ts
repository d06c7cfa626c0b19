/** Modules from text: the reverse of `printModule`, tolerant of several mistakes at once. */
import type { Constant } from '../constant.ts';
import type { Diagnostic, Place } from '../diagnostics/diagnostic.ts';
import * as problem from '../diagnostics/text.ts';
import { type AnyModule, type Level, levels } from '../levels.ts';
import { suggestion } from '../suggestion.ts';
import { tensorText, tileText } from './syntax/graph-text.ts';
import { programSchema } from './syntax/he-text.ts';
import { parseStatement } from './syntax/parse-statement.ts';
import { irVersion } from './print.ts';
import { readAttributes } from './read/read-attributes.ts';
import { ConstantReader, type ConstantSource } from './read/read-constants.ts';
import { GraphReader } from './read/read-graph.ts';
import { ProgramReader } from './read/read-he.ts';
import { Report } from './syntax/report.ts';
import { Source } from './syntax/source.ts';
import type { BodySyntax, HeaderSyntax } from './syntax/syntax.ts';

export interface ParseOptions {
  /** For messages. */
  readonly fileName?: string;
  /** Where the values of constants are that the text gives by their SHA-256. */
  readonly constants?: ConstantSource;
}

export interface ParseResult {
  /** Absent exactly if there are diagnostics. It is well-formed; whether it is valid, `verify` says. */
  readonly module: AnyModule | undefined;
  readonly diagnostics: readonly Diagnostic[];
  /** Where value `id` of the module stands in the text, for `verify`. */
  readonly locate: (id: number) => Place;
}

/** UTF-16 code units: a program of some 10^6 ops. */
const maxTextLength = 256 << 20;

/** Never throws for what stands in the text. */
export function parseModule(text: string, options: ParseOptions = {}): ParseResult {
  const report = new Report(new Source(text, options.fileName));
  const failed = (): ParseResult => ({ module: undefined, diagnostics: report.diagnostics, locate: () => ({}) });
  if (text.length > maxTextLength) {
    report.add(problem.textTooLong, { length: text.length, limit: maxTextLength }, 0);
    return failed();
  }
  const constants = new ConstantReader(report, options.constants ?? (() => undefined));
  let reader: ModuleReader | undefined;
  for (const statement of report.source.statements()) {
    const syntax = parseStatement(statement, report);
    if (reader === undefined) {
      if (syntax.kind === 'header') reader = readHeader(syntax, report, constants);
      else if (syntax.kind !== 'broken')
        report.add(problem.badHeader, { reason: 'the text does not begin with a header' }, syntax.at);
      if (reader === undefined) return failed();
    } else if (syntax.kind === 'header') {
      report.add(problem.badHeader, { reason: 'a second header: a text holds one module' }, syntax.at);
    } else if (syntax.kind === 'const') {
      constants.read(syntax);
    } else if (syntax.kind === 'broken' && syntax.result?.kind === 'constant') {
      constants.defineBroken(syntax.result);
    } else {
      reader.read(syntax);
    }
    if (report.full) break;
  }
  if (reader === undefined) report.add(problem.badHeader, { reason: 'the text is empty' }, 0);
  if (reader === undefined || report.diagnostics.length > 0) return failed();
  const { offsets } = reader;
  return { module: reader.build(), diagnostics: [], locate: (id) => report.source.place(offsets[id] ?? 0) };
}

interface ModuleReader {
  read(syntax: BodySyntax): void;
  readonly offsets: readonly number[];
  build(): AnyModule;
}

function readHeader(header: HeaderSyntax, report: Report, constants: ConstantReader): ModuleReader | undefined {
  const { version, level, name, attributes, at } = header;
  if (version !== irVersion) {
    report.add(problem.badHeader, { reason: `version ${version} of the format is not known, only ${irVersion}` }, at);
    return undefined;
  }
  if (!isLevel(level.value)) {
    const meant = suggestion(level.value, levels);
    const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
    const reason = `${level.value} is no level: there are ${levels.join(', ')}${hint}`;
    report.add(problem.badHeader, { reason }, level.at);
    return undefined;
  }
  if (level.value === 'tensor' || level.value === 'tile') {
    if (attributes !== undefined) {
      const known: readonly string[] = [];
      for (const { key, at: keyAt } of attributes.entries)
        report.add(
          problem.unknownAttribute,
          { attribute: key, owner: 'the header', known, suggestion: undefined },
          keyAt,
        );
    }
    if (level.value === 'tensor') {
      const graph = new GraphReader(tensorText, report, constants);
      return { read: (syntax) => graph.read(syntax), offsets: graph.offsets, build: () => graph.build(name) };
    }
    const graph = new GraphReader(tileText, report, constants);
    return { read: (syntax) => graph.read(syntax), offsets: graph.offsets, build: () => graph.build(name) };
  }
  return programReader(header, level.value, report, constants);
}

function programReader(
  { name, attributes, at }: HeaderSyntax,
  level: 'he' | 'plan',
  report: Report,
  constants: ConstantReader,
): ModuleReader | undefined {
  const header = readAttributes(programSchema, attributes, {
    report,
    constant: (ref) => constants.lookUp(ref),
    owner: 'the header',
    at,
  });
  if (header === undefined) return undefined;
  const { slots, parameters } = header;
  const program = new ProgramReader(level, parameters !== undefined, report, constants);
  return {
    read: (syntax) => program.read(syntax),
    offsets: program.offsets,
    build: () => {
      const { columns, plaintexts, origins, schedule } = program.build();
      const packed: Constant[] = constants.constants.filter((constant) => constant !== undefined);
      const common = {
        name,
        slots,
        ...(parameters === undefined ? {} : { parameters }),
        columns,
        plaintexts,
        packed,
        origins,
      };
      return level === 'plan' ? { level, ...common, schedule } : { level, ...common };
    },
  };
}

function isLevel(text: string): text is Level {
  return (levels as readonly string[]).includes(text);
}
