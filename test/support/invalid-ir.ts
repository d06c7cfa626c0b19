/**
 * Invalid IR: a text whose offending lines end in `// error: CODE CODE …`, one code for each diagnostic. Those of the
 * verifier that are about the module as a whole stand at the header.
 */
import { parseModule } from '../../ir/text/parse.ts';
import { verify } from '../../ir/verify.ts';

/** `line: code`, sorted. */
export function expectedProblems(text: string): string[] {
  return text
    .split('\n')
    .flatMap((line, i) => {
      const codes = /\/\/ error: (H\d{3}(?: H\d{3})*)\s*$/.exec(line)?.[1];
      return codes === undefined ? [] : codes.split(' ').map((code) => `${i + 1}: ${code}`);
    })
    .sort();
}

/** What parser and, if the text can be read, verifier find, in the same form. */
export function foundProblems(text: string): string[] {
  const header = 1 + text.split('\n').findIndex((line) => line.startsWith('hepc.ir'));
  const { module, diagnostics, locate } = parseModule(text);
  const problems = module === undefined ? diagnostics : verify(module, locate);
  return problems.map(({ code, at }) => `${at.line ?? header}: ${code}`).sort();
}
