import { expect, test } from 'vitest';
import { InternalError } from '../../../../ir/diagnostics/diagnostic.ts';
import { byCode, diagnosticRegistry } from '../../../../ir/diagnostics/registry.ts';

test('two declarations never have the same code', () => {
  const [first] = diagnosticRegistry.values();
  if (first === undefined) throw new Error('no diagnostics');
  expect(byCode([first])).toEqual(new Map([[first.code, first]]));
  expect(() => byCode([first, { ...first }])).toThrow(InternalError);
});

test('codes are in order', () => {
  const codes = [...diagnosticRegistry.keys()];
  expect(codes).toEqual(codes.toSorted());
  expect(codes).toContain('H342');
});
