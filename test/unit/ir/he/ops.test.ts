/** The table of ops contradicts neither itself nor what is made of it. */
import { describe, expect, test } from 'vitest';
import { type HeOpDeclaration, HE, heOpNames, heOps } from '../../../../ir/he/ops.ts';
import * as traits from '../../../../ir/he/traits.ts';

const ops: readonly (readonly [string, HeOpDeclaration])[] = Object.entries<HeOpDeclaration>(heOps);

test('codes are 0, 1, … without gaps, and never change', () => {
  expect(HE).toMatchObject({
    ...{ input: 0, weight: 1, add: 2, 'add-plain': 3, multiply: 4, 'multiply-plain': 5, relinearize: 6 },
    ...{ rescale: 7, 'mod-switch': 8, rotate: 9, output: 10, conjugate: 11, refresh: 12 },
    ...{ 'to-sparse': 13, 'mod-raise': 14, 'to-dense': 15, 'set-scale': 16, bootstrap: 17 },
  });
  expect(heOpNames.map((name) => HE[name])).toEqual([...heOpNames.keys()]);
});

describe.each(ops)('%s', (_, op) => {
  test('has operands from left to right, and gets from nowhere what it has no operand for', () => {
    if (op.b !== 'none') expect(op.a).toBe('value');
    const isSource = op.a !== 'value';
    expect([op.slots === 'given', op.scale === 'given', op.level === 'given']).toEqual([isSource, isSource, isSource]);
    if (isSource) expect(op.gives).not.toBe('largest');
    expect(['input', 'weight'].includes(op.port)).toBe(isSource);
  });

  test('is linear unless it multiplies two ciphertexts', () => {
    expect(op.linear).toBe(!(op.slots === 'product' && op.b === 'value'));
    expect(op.scale === 'product').toBe(op.slots === 'product');
  });

  test('makes a ciphertext smaller only by the relinearisation key', () => {
    expect(op.takes === 3 && op.gives === 2).toBe(op.key === 'relinearization');
  });

  test('is what its traits say', () => {
    const { code } = op;
    expect(traits.usesValueA(code)).toBe(op.a === 'value');
    expect(traits.usesPlaintextB(code)).toBe(op.b === 'plaintext');
    expect(traits.sizeTaken(code) ?? 'any').toBe(op.takes);
    expect(traits.sizeGiven(code, 7)).toBe(op.gives === 'largest' ? 7 : op.gives);
    expect(traits.scaleRule(code)).toBe(op.scale);
    expect(traits.lowersLevel(code)).toBe(op.level === 'lowered');
    expect(traits.restoresLevel(code)).toBe(op.level === 'restored');
    expect(traits.levelRead(code, 4, { level: 1 })).toBe(
      { given: 4, kept: 4, lowered: 5, restored: 1, raised: 0 }[op.level],
    );
    expect(traits.raisesLevel(code)).toBe(op.level === 'raised');
    expect(traits.multipliesScale(code)).toBe(op.scale === 'multiple');
    expect(traits.switchesKey(code)).toBe(op.key !== 'none');
    expect(traits.costNameOf(code)).toBe(op.cost);
  });
});

test('what is no code has no trait', () => {
  expect(traits.usesValueA(200)).toBe(false);
  expect(traits.sizeTaken(200)).toBeUndefined();
  expect(() => traits.nameOf(200)).toThrow('no he op has the code 200');
});
