import fc from 'fast-check';
import { expect, test } from 'vitest';

import { Constant } from '../../../../ir/constant.ts';
import { InternalError } from '../../../../ir/diagnostics/diagnostic.ts';
import { HeBuilder, heOpsOf, type HeModule } from '../../../../ir/he/module.ts';
import { materialise, plaintextAt } from '../../../../ir/he/plaintexts.ts';
import { evaluateHe } from '../../../../ir/interpret/he.ts';
import { NoiseModel } from '../../../../ir/interpret/noise.ts';
import { verify } from '../../../../ir/verify.ts';
import {
  firstOf,
  managedProgram,
  parameters,
  planModule,
  slots as managedSlots,
  withoutParameters,
} from './programs.ts';

const slots = 16;

/** What each op says, one value after another, with nothing freed or shared. */
function everyValue(module: HeModule, inputs: readonly Float64Array[]): Float64Array[] {
  const values: Float64Array[] = [];
  const value = (id: number) => values[id] ?? new Float64Array();
  const plaintext = (id: number) => {
    const target = new Float64Array(module.slots);
    materialise(module.packed, plaintextAt(module.plaintexts, id), target);
    return target;
  };
  const zip = (a: Float64Array, b: Float64Array, f: (x: number, y: number) => number) =>
    a.map((x, s) => f(x, b[s] ?? 0));
  for (const { op, a, b, imm, plainScale } of heOpsOf(module)) {
    const result = {
      input: () => inputs[imm] ?? new Float64Array(),
      weight: () => plaintext(a),
      add: () => zip(value(a), value(b), (x, y) => x + y),
      'add-plain': () => zip(value(a), plaintext(b), (x, y) => x + y),
      multiply: () => zip(value(a), value(b), (x, y) => x * y),
      'multiply-plain': () => zip(value(a), plaintext(b), (x, y) => x * y),
      relinearize: () => value(a),
      rescale: () => value(a),
      'mod-switch': () => value(a),
      rotate: () => value(a).map((_, s) => value(a)[(s + imm) % module.slots] ?? 0),
      output: () => value(a),
      conjugate: () => value(a),
      refresh: () => value(a),
      'to-sparse': () => value(a),
      'mod-raise': () => value(a),
      'to-dense': () => value(a),
      bootstrap: () => value(a),
      'set-scale': () => value(a).map((x) => x / plainScale),
    }[op]();
    values.push(result);
  }
  return values;
}

interface Recipe {
  readonly ops: readonly { readonly kind: number; readonly a: number; readonly b: number; readonly step: number }[];
  readonly values: readonly number[];
  readonly rows: readonly { readonly tile: number; readonly shift: number; readonly inner: number }[];
}

const recipe = fc.record<Recipe>({
  ops: fc.array(
    fc.record({ kind: fc.nat(8), a: fc.nat(1000), b: fc.nat(1000), step: fc.integer({ min: 1, max: slots - 1 }) }),
    { minLength: 1, maxLength: 40 },
  ),
  values: fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 4 * slots, maxLength: 4 * slots }),
  rows: fc.array(
    fc.record({ tile: fc.nat(3), shift: fc.integer({ min: -40, max: 40 }), inner: fc.constantFrom(1, 2, 4) }),
    { minLength: 1, maxLength: 5 },
  ),
});

function programOf({ ops, values, rows }: Recipe): HeModule {
  const builder = new HeBuilder();
  builder.add('input', { imm: 0 });
  builder.add('input', { imm: 1 });
  for (const { kind, a, b, step } of ops) {
    const n = builder.length;
    const plain = b % rows.length;
    switch (kind) {
      case 0:
        builder.add('add', { a: a % n, b: b % n });
        break;
      case 1:
        builder.add('add-plain', { a: a % n, b: plain });
        break;
      case 2:
        builder.add('multiply', { a: a % n, b: b % n });
        break;
      case 3:
        builder.add('multiply-plain', { a: a % n, b: plain });
        break;
      case 4:
        builder.add('rotate', { a: a % n, imm: step });
        break;
      case 5:
        builder.add('weight', { a: plain });
        break;
      case 6:
        builder.add('relinearize', { a: a % n });
        break;
      case 7:
        builder.add('conjugate', { a: a % n });
        break;
      default:
        builder.add('rotate', { a: n - 1, imm: step });
    }
  }
  const last = builder.length - 1;
  builder.add('output', { a: last, imm: 1 });
  builder.add('output', { a: Math.floor(last / 2), imm: 0 });
  return {
    level: 'he',
    name: 'random',
    slots,
    columns: builder.build(),
    plaintexts: {
      source: Int32Array.from(rows, () => 0),
      tile: Int32Array.from(rows, ({ tile }) => tile),
      shift: Int32Array.from(rows, ({ shift }) => shift),
      inner: Int32Array.from(rows, ({ inner }) => inner),
    },
    packed: [
      new Constant(
        [4, 4],
        Float64Array.from(values.slice(0, 16), (x, i) => (i < 8 ? x : (values[0] ?? 0))),
      ),
    ],
    origins: [],
  };
}

test('random programs compute what each op says, whatever is freed', () => {
  fc.assert(
    fc.property(recipe, (r) => {
      const module = programOf(r);
      const inputs = [r.values.slice(0, slots), r.values.slice(slots, 2 * slots)].map((x) => Float64Array.from(x));
      const copies = inputs.map((x) => x.slice());
      const expected = everyValue(module, inputs);
      const observed: Float64Array[] = [];
      const outputs = evaluateHe(module, inputs, { observe: (_, value) => observed.push(value.slice()) });
      expect(observed).toEqual(expected);
      expect(outputs).toEqual([expected.at(-1), expected.at(-2)]);
      expect(inputs).toEqual(copies);
    }),
  );
});

test('a managed program and its plan compute the same', () => {
  const module = managedProgram();
  expect(verify(module)).toEqual([]);
  const inputs = [0, 1].map((k) => Float64Array.from({ length: managedSlots }, (_, s) => Math.cos(s + k)));
  const outputs = evaluateHe(module, inputs);
  expect(outputs).toHaveLength(2);
  expect(evaluateHe(planModule(module), inputs)).toEqual(outputs);
  expect(outputs[1]).toEqual(everyValue(module, inputs).at(-1));
});

test('with noise results are near the exact ones, not equal, and the same for the same seed', () => {
  const module = managedProgram();
  const inputs = [0, 1].map((k) => Float64Array.from({ length: managedSlots }, (_, s) => Math.cos(s + k)));
  const exact = evaluateHe(module, inputs);
  const noisy = (seed: number) => evaluateHe(module, inputs, { noise: new NoiseModel(parameters, seed) });
  const first = noisy(1);
  const error = Math.max(...(first[0] ?? []).map((x, s) => Math.abs(x - (exact[0]?.[s] ?? 0))));
  expect(error).toBeGreaterThan(1e-7);
  expect(error).toBeLessThan(1e-1);
  expect(noisy(1)).toEqual(first);
  expect(noisy(2)).not.toEqual(first);
});

test('conjugates keep real slots, but for the noise of a key switch', () => {
  const module = managedProgram();
  const inputs = [0, 1].map((k) => Float64Array.from({ length: managedSlots }, (_, s) => Math.cos(s + k)));
  const conjugate = firstOf(module, 'conjugate');
  const values: Float64Array[] = [];
  const noise = new NoiseModel(parameters, 1);
  evaluateHe(module, inputs, { noise, observe: (_, value) => values.push(value.slice()) });
  const operand = values[module.columns.a[conjugate] ?? -1];
  const errors = (values[conjugate] ?? new Float64Array()).map((x, s) => Math.abs(x - (operand?.[s] ?? NaN)));
  expect(errors.every((error) => error < 1e-2)).toBe(true);
  expect(errors.filter((error) => error > 0).length).toBeGreaterThan(managedSlots / 2);
});

test('a refresh adds the rounding of a rescale and the error of an encryption', () => {
  const b = new HeBuilder();
  const x = b.add('input', { imm: 0, level: 1, scale: 2 ** 30 });
  b.add('output', { a: b.add('refresh', { a: x, level: 3, scale: 2 ** 30 }), imm: 0, level: 3, scale: 2 ** 30 });
  const module = { ...managedProgram(), columns: b.build() };
  const values: Float64Array[] = [];
  const noise = new NoiseModel(parameters, 1);
  evaluateHe(module, [new Float64Array(managedSlots)], { noise, observe: (_, value) => values.push(value.slice()) });
  const [before, after] = [values[0] ?? new Float64Array(), values[1] ?? new Float64Array()];
  const variance = after.reduce((sum, value, s) => sum + (value - (before[s] ?? 0)) ** 2, 0) / managedSlots;
  const n = 2 * managedSlots;
  const expected = Math.sqrt((n / 24) * (1 + (2 * n) / 3) + (n / 2) * 10.5) / 2 ** 30;
  expect(Math.sqrt(variance) / expected).toBeGreaterThan(0.9);
  expect(Math.sqrt(variance) / expected).toBeLessThan(1.1);
});

test('a missing input and noise without parameters are refused', () => {
  const module = managedProgram();
  expect(() => evaluateHe(module, [new Float64Array(managedSlots)])).toThrow(InternalError);
  expect(() => evaluateHe(withoutParameters(module), [], { noise: new NoiseModel(parameters, 1) })).toThrow(
    InternalError,
  );
});
