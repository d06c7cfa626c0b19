/** The README says what is there. */
import { expect, test } from 'vitest';
import { standardClientRules } from '../../../compiler/onnx/client-rules.ts';
import { supportedOperators } from '../../../compiler/onnx/domains.ts';
import { HE } from '../../../ir/he/ops.ts';
import { planStatistics } from '../../../costs/plan-statistics.ts';
import { HeBuilder } from '../../../ir/he/module.ts';
import { model, node } from '../../support/onnx-builder.ts';
import { importModel } from '../../support/run-plans.ts';
import { listedOperators, newestOpset, readme } from '../../support/readme.ts';

test('every statistic is in the glossary, in order', () => {
  const builder = new HeBuilder();
  builder.addCode(HE.input, {});
  const parameters = { polyModulusDegree: 4096 as const, primes: [40961], specialPrimes: [65537] };
  const statistics = planStatistics({ columns: builder.build(), parameters }, 'simd', {
    weightTilesPruned: 0,
    predictedMaxError: 0,
  });
  const fields = [...readme.matchAll(/^\| `([a-zA-Z]+)` +\|/gm)].map(([, field]) => field);
  expect(fields).toEqual(Object.keys(statistics));
});

test('every operator that computes on encrypted values is listed, and no other', () => {
  const listed = listedOperators();
  expect(new Set(listed).size).toBe(listed.length);
  const known: readonly string[] = supportedOperators('');
  const foreign = ['com.microsoft', 'ai.onnx.ml'].flatMap(supportedOperators);
  expect(listed.filter((name) => !known.includes(name) && !foreign.includes(name))).toEqual([]);
  expect(foreign.filter((name) => !listed.includes(name))).toEqual([]);
  // What follows in the table works on constants only.
  const firstFolding = known.indexOf('Clip') + 1;
  expect(known.slice(0, firstFolding).filter((name) => !listed.includes(name))).toEqual([]);
  expect(Object.keys(standardClientRules).filter((name) => !listed.includes(name))).toEqual([]);
});

test('models of the newest operator set that it names are read, and of no newer one', () => {
  const identity = (opset: number) =>
    importModel(model({ opset, inputs: { x: [2] }, nodes: [node('Identity', 'x', 'y')], outputs: ['y'] }));
  expect(identity(newestOpset()).outputs).toHaveLength(1);
  expect(() => identity(newestOpset() + 1)).toThrow(`opset 1 to ${newestOpset()}`);
});
