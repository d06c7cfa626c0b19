/** A dict alone, such as the options of a pass: `{scope: global, ratio: 0.5}`. */
import { z } from 'zod';

import { type Diagnostic, InternalError } from '../diagnostics/diagnostic.ts';
import * as problem from '../diagnostics/text.ts';
import { parseStatement } from './syntax/parse-statement.ts';
import { readAttributes } from './read/read-attributes.ts';
import { Report } from './syntax/report.ts';
import { Source } from './syntax/source.ts';

export interface ParsedDict {
  /** Absent exactly if there are diagnostics. Bare words are strings, apart from `true` and `false`. */
  readonly value: Readonly<Record<string, unknown>> | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

const anything = z.record(z.string(), z.unknown());
/** Makes a statement of a dict, for the grammar knows statements. */
const prefix = '%0 = dict ';

/** Never throws for what stands in the text. Columns count from the beginning of `text`. */
export function parseDict(text: string): ParsedDict {
  const report = new Report(new Source(text, undefined));
  const syntax = parseStatement({ text: prefix + text, offset: -prefix.length }, report);
  if (syntax.kind === 'broken') return { value: undefined, diagnostics: report.diagnostics };
  if (syntax.kind !== 'op') throw new InternalError(`a dict was read as ${syntax.kind}`);
  const { attributes, type, schedule, from, operands } = syntax;
  if (attributes === undefined || (type ?? schedule ?? from ?? operands[0]) !== undefined) {
    report.add(problem.syntaxError, { reason: 'expected `{…}` and nothing else' }, 0);
    return { value: undefined, diagnostics: report.diagnostics };
  }
  const value = readAttributes(anything, attributes, {
    report,
    constant: ({ at }) => {
      report.add(problem.syntaxError, { reason: 'a constant cannot stand here' }, at);
      return undefined;
    },
    owner: 'the dict',
    at: 0,
  });
  return { value, diagnostics: report.diagnostics };
}
