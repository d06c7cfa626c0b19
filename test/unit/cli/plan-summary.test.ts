/** What `hepc inspect` says of special primes and of engines. */
import { expect, test } from 'vitest';
import { summarisePlan } from '../../../cli/render/plan-summary.ts';
import { nttPrimes } from '../../../compiler/parameters/primes.ts';
import { plan } from '../runtime/hep/plans.ts';

test('a plan with one special prime runs on any engine, one with several on its own', () => {
  const one = plan();
  expect(summarisePlan(one)).toMatch(/the last for key switching[^]*another runs it/);
  const { parameters } = one.client;
  const specialPrimes = nttPrimes([47, 47], parameters.polyModulusDegree) ?? [];
  const several = { ...one, client: { ...one.client, parameters: { ...parameters, specialPrimes } } };
  expect(summarisePlan(several)).toMatch(/the last 2 for key switching[^]*no other runs it/);
});
