/** `parse(print(m)) = m` at all levels, and hostile texts. */
import { isDeepStrictEqual } from 'node:util';

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { AnyModule } from '../../../../ir/levels.ts';
import { parseModule, type ParseResult } from '../../../../ir/text/parse.ts';
import { type PrintedModule, printModule } from '../../../../ir/text/print.ts';
import {
  arbitraryHeModule,
  arbitraryModule,
  arbitraryPlanModule,
  arbitraryTensorModule,
  arbitraryTileModule,
} from '../../../support/arbitrary-modules.ts';
import { casesOf } from '../../../support/setup/suite.ts';

function parsePrinted({ text, constants }: PrintedModule): ParseResult {
  return parseModule(text, { constants: (_, name) => constants.get(name) });
}

const byLevel: readonly (readonly [string, fc.Arbitrary<AnyModule>])[] = [
  ['tensor', arbitraryTensorModule],
  ['tile', arbitraryTileModule],
  ['he', arbitraryHeModule],
  ['plan', arbitraryPlanModule],
];

describe.each(byLevel)('%s', (_, arbitrary) => {
  test('a module is read back as it was printed', () => {
    fc.assert(
      fc.property(arbitrary, (module) => {
        const { module: parsed, diagnostics } = parsePrinted(printModule(module));
        expect(diagnostics).toEqual([]);
        expect(isDeepStrictEqual(parsed, module)).toBe(true);
      }),
      { numRuns: casesOf({ normal: 60, nightly: 200 }) },
    );
  });

  test('printing is canonical', () => {
    fc.assert(
      fc.property(arbitrary, (module) => {
        const printed = printModule(module);
        const { module: parsed } = parsePrinted(printed);
        expect(parsed && printModule(parsed)).toStrictEqual(printed);
      }),
      { numRuns: casesOf({ normal: 30, nightly: 100 }) },
    );
  });
});

const snippet = fc.constantFrom(
  '%0',
  '%',
  '@0',
  '#0',
  '$0',
  '[',
  ']',
  '{',
  '}',
  ',',
  ':',
  '"',
  '*',
  '/',
  '1e999',
  '\n',
  '\n ',
  '-',
);

test('a damaged text gives a module or diagnostics with places, and never throws', () => {
  fc.assert(
    fc.property(
      arbitraryModule.map(printModule),
      fc.array(fc.record({ at: fc.nat(), cut: fc.nat(12), insert: fc.oneof(snippet, fc.string({ maxLength: 3 })) }), {
        minLength: 1,
        maxLength: 4,
      }),
      (printed, damages) => {
        let { text } = printed;
        for (const { at, cut, insert } of damages) {
          const from = at % text.length;
          text = text.slice(0, from) + insert + text.slice(from + cut);
        }
        const { module, diagnostics } = parsePrinted({ ...printed, text });
        expect(module === undefined).toBe(diagnostics.length > 0);
        const lines = text.split('\n').length;
        for (const { code, at } of diagnostics) {
          expect(code).toMatch(/^H2[0-4]\d$/);
          expect(at.line).toBeGreaterThanOrEqual(1);
          expect(at.line).toBeLessThanOrEqual(lines);
          expect(at.column).toBeGreaterThanOrEqual(1);
        }
      },
    ),
    { numRuns: casesOf({ normal: 150, nightly: 500 }) },
  );
});
