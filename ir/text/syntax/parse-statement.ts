/** One statement through lexer and grammar. */
import * as problem from '../../diagnostics/text.ts';
import { grammar } from './grammar.ts';
import type { Report } from './report.ts';
import type { Statement } from './source.ts';
import type { BrokenSyntax, StatementSyntax, SyntaxRef } from './syntax.ts';
import { lexer, symbols } from './tokens.ts';

/** Characters. A constant of more values than that stands in the `.npz` beside. */
const maxStatementLength = 4 << 20;
/** Brackets inside of brackets; the deepest attribute has 3. */
const maxDepth = 16;

/** After a problem was reported: what the statement would have defined. */
export function parseStatement(statement: Statement, report: Report): StatementSyntax | BrokenSyntax {
  return parse(statement, report) ?? { kind: 'broken', result: definedBy(statement) };
}

function parse({ text, offset }: Statement, report: Report): StatementSyntax | undefined {
  if (text.length > maxStatementLength) {
    report.add(problem.statementTooLong, { length: text.length, limit: maxStatementLength }, offset);
    return undefined;
  }
  const { tokens, errors } = lexer.tokenize(text);
  const lexing = errors[0];
  if (lexing !== undefined) {
    const character = String.fromCodePoint(text.codePointAt(lexing.offset) ?? 0);
    report.add(problem.unexpectedCharacter, { character }, offset + lexing.offset);
    return undefined;
  }
  let depth = 0;
  for (const { tokenType, startOffset } of tokens) {
    if (tokenType === symbols.listOpen || tokenType === symbols.dictOpen) depth++;
    else if (tokenType === symbols.listClose || tokenType === symbols.dictClose) depth--;
    if (depth > maxDepth) {
      report.add(problem.nestedTooDeeply, { limit: maxDepth }, offset + startOffset);
      return undefined;
    }
  }
  grammar.base = offset;
  grammar.input = tokens;
  const syntax = grammar.statement();
  const [error] = grammar.errors;
  if (error === undefined) return syntax;
  const at = Number.isNaN(error.token.startOffset) ? text.length : error.token.startOffset;
  report.add(problem.syntaxError, { reason: error.message }, offset + at);
  return undefined;
}

const refKinds = new Map<string | undefined, SyntaxRef['kind']>([
  ['%', 'value'],
  ['@', 'constant'],
  ['#', 'plaintext'],
  ['$', 'origin'],
]);

function definedBy({ text, offset }: Statement): SyntaxRef | undefined {
  const match = /^(?:(?:const|plain|origin)[ \t]+)?([%@#$])(\d{1,9})/.exec(text);
  const kind = refKinds.get(match?.[1]);
  return kind === undefined ? undefined : { kind, id: Number(match?.[2]), at: offset };
}
