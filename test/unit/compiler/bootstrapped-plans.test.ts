import { expect, test } from 'vitest';
import { bootstrappedNetworks, wideKeyBytes } from '../../../compiler/bootstrapped-plans.ts';
import { bootstrappedChain } from '../../../compiler/parameters/bootstrapped-chains.ts';
import { keyLevels } from '../../../costs/key-levels.ts';
import { profileOf } from '../../../costs/profiles.ts';
import { Constant } from '../../../ir/constant.ts';
import { TensorBuilder, type TensorModule } from '../../../ir/tensor/ops.ts';
import { bootstrapPlan } from '../../support/bootstraps.ts';

/** Polynomials of a degree, one after another. */
function polynomials(count: number, degree: number): TensorModule {
  const coefficients = new Constant([1, degree + 1], new Float64Array(degree + 1).fill(0.1));
  const attrs = { coefficients, basis: 'chebyshev', center: 0, halfWidth: 1 } as const;
  const builder = new TensorBuilder();
  let x = builder.add('input', [], { name: 'x', shape: [8] }, []);
  for (let k = 0; k < count; k++) x = builder.add('polynomial', [x], attrs, []);
  builder.add('output', [x], { name: 'y' }, []);
  return builder.build('polynomials');
}

const [little, much] = [profileOf('simd'), profileOf('simd', undefined, 12 * 2 ** 30)];
const namesOf = (...args: Parameters<typeof bootstrappedNetworks>): string[] =>
  bootstrappedNetworks(...args).map(({ chain }) => chain.name);

test('the set of the larger ring comes last, where memory holds its keys', () => {
  const deep = polynomials(15, 7);
  expect(namesOf(deep, { bootstrapSet: undefined, profile: little }).toSorted()).toEqual(['deep', 'middle', 'precise']);
  const all = namesOf(deep, { bootstrapSet: undefined, profile: much });
  expect(all).toHaveLength(4);
  expect(all.at(-1)).toBe('wide');
});

test('layers of more levels than the smaller ring has are for the larger one', () => {
  const high = polynomials(6, 63);
  expect(namesOf(high, { bootstrapSet: undefined, profile: much })).toEqual(['wide']);
  expect(namesOf(high, { bootstrapSet: undefined, profile: little })).toEqual([]);
});

test('a set that is asked for is tried, whatever the memory', () => {
  expect(namesOf(polynomials(15, 7), { bootstrapSet: 'wide', profile: little })).toEqual(['wide']);
});

test('keys of the larger ring take what is said', () => {
  const { columns, parameters } = bootstrapPlan(bootstrappedChain('wide')).program;
  const { rotations, relinearization = 0 } = keyLevels(columns);
  const levels = [...rotations.values(), relinearization];
  const bytes = levels.reduce((sum, level) => sum + much.memory.keyBytes(parameters, level), 0);
  expect(bytes / wideKeyBytes).toBeCloseTo(1, 2);
});
