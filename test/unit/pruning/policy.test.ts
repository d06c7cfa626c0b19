/** Policy text: what is read, what is printed, and what a typo is told. */
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { HepcError } from '../../../ir/diagnostics/diagnostic.ts';
import { describePolicy, parsePolicy, type Policy, printPolicy } from '../../../pruning/policy.ts';

const scope = fc.constantFrom('local', 'global');
const weights = {
  scope,
  criterion: fc.constantFrom('l1', 'l2', 'random', 'data'),
  target: fc.constantFrom('weight', 'neuron'),
};
const policies: fc.Arbitrary<Policy> = fc.oneof(
  fc.record({ scheme: fc.constant('auto' as const) }),
  fc.record({
    scheme: fc.constantFrom('P2T', 'P3T'),
    scope,
    tileCriterion: fc.constantFrom('min', 'max', 'mean', 'error'),
  }),
  fc.record({ scheme: fc.constantFrom('P2', 'P3', 'P3E'), ...weights }),
  fc.record({
    scheme: fc.constantFrom('P4', 'P4E'),
    ...weights,
    threshold: fc.double({ min: 0, max: 1, noNaN: true }).map((x) => x + 0),
  }),
);

test('what is printed is read as the same policy', () => {
  fc.assert(
    fc.property(policies, (policy) => {
      expect(parsePolicy(printPolicy(policy))).toEqual(policy);
      expect(describePolicy(policy)).not.toContain('undefined');
    }),
  );
});

test.each([
  ['P4E:Gl/L1/Wei:0.0625', 'P4E:Gl/L1/Wei:0.0625'],
  ['P4:Lc/Rnd/Neu:1e-1', 'P4:Lc/Rnd/Neu:0.1'],
  ['P4E', 'P4E:Gl/Err/Wei:0.0625'],
  ['P4E:.5', 'P4E:Gl/Err/Wei:0.5'],
  ['P2T:Gl/T-Avg', 'P2T:Gl/T-Avg'],
  ['P2T:Lc/T-Min/Wei', 'P2T:Lc/T-Min'],
  ['P3T', 'P3T:Gl/T-Err'],
  ['P3E', 'P3E:Gl/Err/Wei'],
  ['auto', 'auto'],
])('%s is %s', (text, canonical) => {
  expect(printPolicy(parsePolicy(text))).toBe(canonical);
});

test.each([
  ['p4e', ['the scheme "p4e"', 'P2, P2T, P3', 'did you mean P4E?']],
  ['', ['no scheme', 'auto']],
  ['P4E:gl/L1/Wei', ['the scope "gl"', 'Lc, Gl', 'did you mean Gl?']],
  ['P4E:Gl/L3/Wie', ['the criterion "L3"', 'L1, L2, Rnd, Dat', 'the target "Wie"', 'did you mean Wei?']],
  ['P4E:Gl/L1', ['no target', 'Wei, Neu']],
  ['P4E:Gl/L1/Wei/Neu', ['"Neu" after the target']],
  ['P4E:Gl/L1/Wei:1.5', ['the threshold "1.5"', 'from 0 to 1']],
  ['P4E:Gl/L1/Wei:-0', ['the threshold "-0"']],
  ['P4E:Gl/L1/Wei:0.1:2', ['"2" at its end']],
  ['P3:Gl/L1/Wei:0.1', ['"0.1" as a threshold', 'P3 drops no tiles']],
  ['P2T:Gl/L1', ['the tile criterion "L1"', 'T-Min, T-Max, T-Avg, T-Err']],
  ['P2T:Gl/T-Avg/Neu', ['the target "Neu"', 'whole tiles']],
  ['auto:Gl/L1/Wei', ['"Gl/L1/Wei" after auto']],
  ['P'.repeat(10_000), ['10000 characters', 'at most 64']],
])('%.20s is refused', (text, parts) => {
  let message = '';
  try {
    parsePolicy(text);
  } catch (error) {
    if (!(error instanceof HepcError)) throw error;
    message = error.message;
  }
  for (const part of ['H343', ...parts]) expect(message).toContain(part);
  expect(message.length).toBeLessThan(1000);
});

const pieces = [
  'P2',
  'P4E',
  'P3T',
  'P2T',
  'Lc',
  'Gl',
  'L1',
  'Dat',
  'Wei',
  'Neu',
  'T-Avg',
  '/',
  '/',
  ':',
  ':',
  '0.5',
  'e',
  '-',
];

test('anything else is a policy or refused', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...pieces) }), (text) => {
      try {
        const policy = parsePolicy(text);
        expect(parsePolicy(printPolicy(policy))).toEqual(policy);
      } catch (error) {
        expect(error).toBeInstanceOf(HepcError);
      }
    }),
  );
});

test('a policy is described by what it does', () => {
  expect(describePolicy(parsePolicy('P4E:Gl/L1/Wei:0.0625'))).toBe(
    'prune weights over the whole model, the smallest first; permute rows and columns so that zeros share tiles; ' +
      'drop tiles with at most 6.25 % of non-zeros; restore what the surviving tiles hold',
  );
  expect(describePolicy(parsePolicy('P2T:Lc/T-Avg'))).toBe(
    'prune whole tiles in each layer, those of least mean |w| first',
  );
});
