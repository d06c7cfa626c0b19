/** What client steps compute, and what samples they refuse. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { continuousOutputs } from '../../../../ir/client/continuous.ts';
import { ClientBuilder, type ClientModule } from '../../../../ir/client/ops.ts';
import { HepcError } from '../../../../ir/diagnostics/diagnostic.ts';
import type { ClientElements, ClientValue } from '../../../../ir/interface.ts';
import type { AttrsOf } from '../../../../ir/op.ts';
import { afterDecryption, evaluateClient } from '../../../../ir/interpret/client.ts';
import type { ClientOps } from '../../../../ir/client/ops.ts';

/** x through one op to the output y. */
function one<Op extends keyof ClientOps>(
  op: Op,
  attrs: AttrsOf<ClientOps[Op]>,
  shape: number[],
  elements: ClientElements = 'real',
): ClientModule {
  const builder = new ClientBuilder();
  const x = builder.add('input', [], { name: 'x', shape, elements, hasBatchAxis: true }, []);
  const y = builder.add(op, [x], attrs, [{ name: 'n', opType: 'Op', output: 'y' }]);
  builder.add('output', [y], { name: 'y', hasBatchAxis: true }, []);
  return builder.build('post');
}

function run(module: ClientModule, x: ClientValue): ClientValue | undefined {
  return evaluateClient(module, new Map([['x', x]]), 4).get('y');
}

const rows = fc.array(fc.double({ min: -50, max: 50, noNaN: true }), { minLength: 1, maxLength: 12 });

test('a softmax sums to one, keeps the order, and its logarithm is that of it', () => {
  fc.assert(
    fc.property(rows, (row) => {
      const x = Float64Array.from(row);
      const y = run(one('softmax', { logarithm: false }, [row.length]), x) as Float64Array;
      const logs = run(one('softmax', { logarithm: true }, [row.length]), x) as Float64Array;
      expect(y.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 12);
      row.forEach((value, i) => {
        expect(Math.exp(logs[i] ?? NaN)).toBeCloseTo(y[i] ?? NaN, 12);
        if (value > (row[0] ?? 0)) expect(y[i]).toBeGreaterThanOrEqual(y[0] ?? NaN);
      });
    }),
  );
});

test('the largest come in order, equal ones as they stood; the first of them is the largest place', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 9 }),
      fc.boolean(),
      (row, largest) => {
        const x = Float64Array.from(row);
        const attrs = { k: row.length, largest } as const;
        const places = run(one('top', { ...attrs, part: 'places' }, [row.length]), x) as Float64Array;
        const expected = [...row.keys()].sort((i, j) => {
          const difference = (row[i] ?? 0) - (row[j] ?? 0);
          return (largest ? -difference : difference) || i - j;
        });
        expect([...places]).toEqual(expected);
        const of = largest ? 'maximum' : 'minimum';
        expect(run(one('arg', { of, last: false }, [row.length]), x)).toEqual(places.slice(0, 1));
        const extreme = row[expected[0] ?? 0] ?? 0;
        expect(run(one('arg', { of, last: true }, [row.length]), x)).toEqual(Float64Array.of(row.lastIndexOf(extreme)));
      },
    ),
  );
});

test('pairs of two classes are their probabilities; of more that agree, the ones that they come from', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0.05, max: 1, noNaN: true }), { minLength: 2, maxLength: 6 }), (weights) => {
      const total = weights.reduce((sum, w) => sum + w, 0);
      const p = weights.map((w) => w / total);
      const pairs = p.flatMap((a, i) => p.slice(i + 1).map((b) => a / (a + b)));
      const found = run(one('couple-pairs', { classes: p.length }, [pairs.length]), Float64Array.from(pairs));
      p.forEach((value, i) => {
        expect(found?.[i]).toBeCloseTo(value, 1);
      });
      const sum = Array.from(found as Float64Array).reduce((a, b) => a + b, 0);
      expect(sum).toBeCloseTo(1, 9);
    }),
  );
});

describe('labels', () => {
  const lookUp = { keys: ['red', 'green'], values: [3, 7], elements: 'integer' as const };

  test('texts become numbers', () => {
    expect(run(one('look-up', lookUp, [2], 'string'), ['green', 'red'])).toEqual(Float64Array.of(7, 3));
    expect(run(one('look-up', { ...lookUp, otherwise: -1 }, [1], 'string'), ['blue'])).toEqual(Float64Array.of(-1));
    const hot = { categories: ['a', 'b', 'c'], strict: false };
    expect(run(one('one-hot', hot, [2], 'string'), ['c', 'x'])).toEqual(Float64Array.of(0, 0, 1, 0, 0, 0));
  });

  test.each([
    ['a category that is not known', one('look-up', lookUp, [1], 'string'), ['blue'], 'H515', 'sample 4 has "blue"'],
    [
      'one that an encoder does not know',
      one('one-hot', { categories: ['a'], strict: true }, [1], 'string'),
      ['b'],
      'H515',
      'none of 1',
    ],
  ])('%s', (_, module, x, code, message) => {
    const error = failure(() => run(module, x));
    expect(error.diagnostics.map((d) => [d.code, d.at.nodes?.[0]?.opType])).toEqual([[code, 'Op']]);
    expect(error.message).toContain(message);
  });

  test('NaN is equal to NaN, as the mark of what is missing', () => {
    const attrs = { keys: [NaN, 1], values: [0, 10], elements: 'real' as const };
    expect(run(one('look-up', attrs, [2]), Float64Array.of(NaN, 1))).toEqual(Float64Array.of(0, 10));
  });
});

test('elements at places that are computed, and none outside', () => {
  const builder = new ClientBuilder();
  const x = builder.add('input', [], { name: 'x', shape: [3], elements: 'integer', hasBatchAxis: true }, []);
  const labels = builder.add('constant', [], { shape: [2], elements: 'string', values: ['no', 'yes'] }, []);
  const taken = builder.add('take', [labels, x], {}, []);
  builder.add('output', [taken], { name: 'y', hasBatchAxis: true }, []);
  const module = builder.build('post');
  expect(run(module, Float64Array.of(1, 0, -1))).toEqual(['yes', 'no', 'yes']);
  expect(failure(() => run(module, Float64Array.of(0, 2, 0))).diagnostics[0]?.code).toBe('H516');
});

test('a map has its keys', () => {
  const builder = new ClientBuilder();
  const x = builder.add('input', [], { name: 'x', shape: [2], elements: 'real', hasBatchAxis: true }, []);
  builder.add('output', [x], { name: 'y', hasBatchAxis: true, keys: ['no', 'yes'] }, []);
  const answer = afterDecryption({ post: builder.build('post') }, new Map([['x', Float64Array.of(0.25, 0.75)]]));
  expect(answer.get('y')).toEqual(
    new Map([
      ['no', 0.25],
      ['yes', 0.75],
    ]),
  );
});

test('errors are measured on what follows continuously alone', () => {
  expect([...continuousOutputs(one('softmax', { logarithm: false }, [3]))]).toEqual(['y']);
  expect([...continuousOutputs(one('arg', { of: 'maximum', last: false }, [3]))]).toEqual([]);
  expect([...continuousOutputs(one('unary', { fn: 'floor' }, [3]))]).toEqual([]);
});

function failure(step: () => unknown): HepcError {
  try {
    step();
  } catch (error) {
    if (error instanceof HepcError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
