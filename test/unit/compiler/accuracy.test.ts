/** How the allowed error is shared between polynomials and noise, and what is said of it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { compileGraph } from '../../../compiler/compile.ts';
import type { CompileOptions } from '../../../compiler/settings.ts';
import { ClientBuilder, type ClientModule } from '../../../ir/client/ops.ts';
import { HepcError } from '../../../ir/diagnostics/diagnostic.ts';
import type { Sample } from '../../../ir/interface.ts';
import { TensorInterpreter } from '../../../ir/interpret/tensor.ts';
import type { Plan } from '../../../ir/plan/plan.ts';
import { seededRandom } from '../../../ir/random.ts';
import { TensorBuilder, type TensorModule } from '../../../ir/tensor/ops.ts';
import { relativeError, runInTheClear, simulate } from '../../support/run-plans.ts';
import { dense, denseChain, graphOf, samplesOf } from '../../support/tiny-networks.ts';
import { casesOf, isNightly } from '../../support/setup/suite.ts';

const relu = { kind: 'relu' as const, parameters: [] };

function normals(size: number, count: number, seed: number): Sample[] {
  const random = seededRandom(seed);
  return Array.from(
    { length: count },
    () => new Map([['x', Float64Array.from({ length: size }, () => random.gaussian())]]),
  );
}

function oneRelu(): TensorModule {
  const builder = new TensorBuilder();
  const x = builder.add('input', [], { name: 'x', shape: [8] }, []);
  builder.add('output', [builder.add('activation', [x], relu, [])], { name: 'y' }, []);
  return builder.build('relu');
}

/** Dense layers of these sizes with ReLUs between them. */
function reluChain([inputs = 1, ...sizes]: readonly number[]): TensorModule {
  const builder = new TensorBuilder();
  let x = builder.add('input', [], { name: 'x', shape: [inputs] }, []);
  for (const [k, size] of sizes.entries()) {
    if (k > 0) x = builder.add('activation', [x], relu, [{ name: `relu${k}`, opType: 'Relu', output: `r${k}` }]);
    x = dense(builder, x, size);
  }
  builder.add('output', [x], { name: 'y' }, []);
  return builder.build('chain');
}

function planOf(module: TensorModule, options: CompileOptions): Plan {
  return compileGraph(graphOf(module), options).plan;
}

function accuracyOf({ search }: Plan) {
  if (search?.accuracy === undefined) throw new Error('a plan of the compiler has a report of its accuracy');
  return search.accuracy;
}

function answers(module: TensorModule, samples: readonly Sample[]): Sample[] {
  const interpreter = new TensorInterpreter(module);
  return samples.map((sample) => interpreter.evaluate(sample));
}

test('one ReLU of eight normal values is within 1 %, by a degree that needs more than half of it', () => {
  const samples = normals(8, 256, 5);
  const plan = planOf(oneRelu(), { samples });
  const { approximationError, degrees } = accuracyOf(plan);
  expect(plan.client.predictedMaxError).toBeLessThanOrEqual(0.01);
  expect(approximationError).toBeGreaterThan(0.005);
  expect(Math.max(...degrees)).toBeLessThan(127);
});

test('what is predicted holds for all calibration samples', () => {
  const sizes = fc.tuple(
    fc.integer({ min: 3, max: 12 }),
    fc.integer({ min: 2, max: 10 }),
    fc.integer({ min: 1, max: 5 }),
  );
  fc.assert(
    fc.property(sizes, fc.integer({ min: 1, max: 1000 }), (layers, seed) => {
      const module = reluChain(layers);
      const samples = normals(layers[0], 200, seed);
      const plan = planOf(module, { samples, maxError: 0.1 });
      const { predictedMaxError } = plan.client;
      const exact = answers(module, samples);
      expect(predictedMaxError).toBeLessThanOrEqual(0.1);
      expect(relativeError(runInTheClear(plan, samples), exact)).toBeLessThanOrEqual(predictedMaxError);
      // Noise exceeds it once in a hundred runs; by a tenth of the whole, hardly ever.
      expect(relativeError(simulate(plan, samples, seed), exact)).toBeLessThanOrEqual(1.1 * predictedMaxError);
    }),
    { numRuns: casesOf({ normal: 1, nightly: 2 }) },
  );
});

test('the report is what the plan does', () => {
  const module = reluChain([8, 12, 4]);
  const samples = normals(8, 300, 2);
  const plan = planOf(module, { samples, maxError: 0.08 });
  const { approximationError, labelsKept, ...rest } = accuracyOf(plan);
  const [got, exact] = [runInTheClear(plan, samples), answers(module, samples)];
  expect(rest).toMatchObject({ samples: 300, of: 300 });
  expect(relativeError(got, exact)).toBeCloseTo(approximationError, 3);
  const winner = (values: Float64Array | undefined) => values?.indexOf(Math.max(...values));
  const kept = exact.filter((outputs, k) => winner(outputs.get('y')) === winner(got[k]?.get('y'))).length / 300;
  expect(Math.abs(kept - (labelsKept ?? NaN))).toBeLessThanOrEqual(0.02);
});

test('where nothing compiles the refusal says how much was tried, and what may do', () => {
  const samples = normals(3, 30, 5);
  const tooMany = reluChain(Array.from({ length: 48 }, () => 3));
  // An engine that bootstraps takes them all.
  expect(() => planOf(tooMany, { samples, maxError: 1e-6, maxDegree: 7, engine: 'seal-wasm' })).toThrow(
    /no larger --max-error compiles, up to [0-9.]+% was tried; fewer activations may do, or x² in place of them: hepc advise/,
  );
});

describe('a hint was tried', () => {
  /** The error of a refusal that a hint says compiles, and what it says of it. */
  function hintOf(compile: () => unknown): { readonly value: number; readonly text: string } | undefined {
    try {
      compile();
    } catch (error) {
      if (!(error instanceof HepcError)) throw error;
      const [text = ''] = error.diagnostics.flatMap(({ notes }) => notes.filter((note) => note.startsWith('--max-')));
      const [, percent] = /^--max-\S+ (\S+)% compiles/.exec(text) ?? [];
      expect(error.diagnostics.flatMap(({ notes }) => notes).join()).not.toMatch(/allow .*--max-error/);
      return percent === undefined ? undefined : { value: Number((Number(percent) / 100).toPrecision(12)), text };
    }
    return undefined;
  }

  // Each run compiles several plans; labels and noise are hints of the same search.
  if (isNightly) {
    test('of random ReLU networks', () => {
      const sizes = fc.tuple(
        fc.integer({ min: 4, max: 8 }),
        fc.integer({ min: 4, max: 8 }),
        fc.integer({ min: 2, max: 4 }),
      );
      fc.assert(
        fc.property(sizes, fc.integer({ min: 1, max: 1000 }), (layers, seed) => {
          const options = { samples: normals(layers[0], 60, seed), maxError: 0.0005, maxDegree: 31 };
          const hint = hintOf(() => planOf(reluChain(layers), options));
          expect(hint).toBeDefined();
          const plan = planOf(reluChain(layers), { ...options, maxError: hint?.value ?? 0 });
          expect(hint?.text).toContain(`N = ${plan.client.parameters.polyModulusDegree},`);
          expect(plan.client.predictedMaxError).toBeLessThanOrEqual(hint?.value ?? 0);
        }),
        { numRuns: 2 },
      );
    });
  }

  test('of labels', () => {
    const module = reluChain([8, 5, 4]);
    const options = { samples: normals(8, 100, 2), maxDegree: 5 };
    const hint = hintOf(() => planOf(module, { ...options, maxDisagreement: 0 }));
    expect(hint?.text).toMatch(/^--max-disagreement /);
    const plan = planOf(module, { ...options, maxDisagreement: hint?.value });
    expect(accuracyOf(plan).labelsKept).toBeGreaterThanOrEqual(1 - (hint?.value ?? 0));
  });

  if (isNightly)
    test('of noise that no chain makes smaller', () => {
      const module = denseChain([6, 5, 4]);
      const options = { samples: samplesOf(module, 20), maxError: 1e-12 };
      const hint = hintOf(() => planOf(module, options));
      expect(planOf(module, { ...options, maxError: hint?.value ?? 0 }).client.maxError).toBe(hint?.value);
    });
});

test('a bound on degrees is kept', () => {
  const plan = planOf(reluChain([8, 12, 4]), { samples: normals(8, 100, 2), maxError: 0.3, maxDegree: 5 });
  expect(Math.max(...accuracyOf(plan).degrees)).toBeLessThanOrEqual(5);
});

test('labels alone: a larger error in a smaller ring', () => {
  const module = reluChain([8, 12, 4]);
  const samples = normals(8, 200, 2);
  const byError = planOf(module, { samples, maxError: 0.1 });
  const byLabels = planOf(module, { samples, maxDisagreement: 0.05 });
  const { labelsKept, degrees } = accuracyOf(byLabels);
  expect(labelsKept).toBeGreaterThanOrEqual(0.95);
  expect(Math.max(...degrees)).toBeLessThan(Math.max(...accuracyOf(byError).degrees));
  const { predictedMaxError, maxError } = byLabels.client;
  expect(maxError).toBeGreaterThan(predictedMaxError);
  expect(maxError).toBeLessThan(1.3 * predictedMaxError);
});

describe('labels that the client makes of a single score', () => {
  const module = reluChain([8, 12, 1]);
  const graph = { ...graphOf(module), steps: { post: signOf('y') } };
  const samples = normals(8, 200, 2);

  test('are kept', () => {
    const plan = compileGraph(graph, { samples, maxDisagreement: 0.02 }).plan;
    const [got, exact] = [runInTheClear(plan, samples), answers(module, samples)];
    const isPositive = (outputs: Sample | undefined) => (outputs?.get('y')?.[0] ?? 0) > 0;
    const changed = exact.filter((outputs, k) => isPositive(outputs) !== isPositive(got[k])).length;
    expect(exact.filter(isPositive).length).toBeGreaterThan(20);
    expect(changed / samples.length).toBeLessThanOrEqual(0.02);
    expect(accuracyOf(plan).labelsKept).toBeGreaterThanOrEqual(0.98);
  });

  test('where the polynomials alone change too many, no chain is looked for', () => {
    const steps: string[] = [];
    const options = { samples, maxDisagreement: 0.001, maxDegree: 2, onStep: (step: string) => steps.push(step) };
    expect(() => compileGraph(graph, options)).toThrow(HepcError);
    const until = steps.indexOf('looking for an accuracy that compiles');
    expect(until).toBeGreaterThan(0);
    expect(steps.slice(0, until).filter((step) => step.includes('N ='))).toEqual([]);
  });
});

/** Client steps that say whether the output of this name is positive. */
function signOf(name: string): ClientModule {
  const builder = new ClientBuilder();
  const y = builder.add('input', [], { name, shape: [1], elements: 'real', hasBatchAxis: true }, []);
  const zero = builder.add('constant', [], { shape: [1], elements: 'real', values: [0] }, []);
  const label = builder.add('binary', [y, zero], { fn: 'greater' }, []);
  builder.add('output', [label], { name: 'label', hasBatchAxis: true }, []);
  return builder.build('post');
}

test('labels that may change need labels', () => {
  const compile = () => planOf(reluChain([8, 12, 1]), { samples: normals(8, 20, 2), maxDisagreement: 0.05 });
  expect(compile).toThrow(HepcError);
  expect(compile).toThrow(/H349/);
});

test('options that are out of range', () => {
  const compile = () => planOf(oneRelu(), { samples: normals(8, 20, 2), maxDisagreement: 1, maxDegree: 256 });
  expect(compile).toThrow(/H341.*maxDisagreement is 1[^]*H341.*maxDegree is 256/);
});
