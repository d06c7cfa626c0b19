/** Reports of pruning: the front, the steps of magnitudes, and their place in a `.hep`. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HepcError, InternalError } from '../../../../ir/diagnostics/diagnostic.ts';
import { lossOf, paretoFront, prunedLayer } from '../../../../ir/plan/pruning-report.ts';
import { readHep } from '../../../../runtime/hep/read.ts';
import { writeHep } from '../../../../runtime/hep/write.ts';
import { boundPlan, plan, repack } from '../../runtime/hep/plans.ts';
import { madeUpLayer, madeUpReport } from './pruned-plan.ts';

test('the front has every point that nothing beats, and no other', () => {
  const point = fc.record({ loss: fc.integer({ min: 0, max: 9 }), cost: fc.integer({ min: 0, max: 9 }) });
  fc.assert(
    fc.property(fc.array(point), (points) => {
      const front = paretoFront(points);
      for (const each of points) {
        const isBeaten = points.some(
          ({ loss, cost }) => loss <= each.loss && cost <= each.cost && (loss < each.loss || cost < each.cost),
        );
        const isOnFront = front.some(({ loss, cost }) => loss === each.loss && cost === each.cost);
        expect(isOnFront).toBe(!isBeaten);
      }
      expect(new Set(front.map(({ loss }) => loss)).size).toBe(front.length);
    }),
  );
});

test('magnitudes are rounded up, so that zero alone is a tile without weights', () => {
  const { largest, before, after } = prunedLayer({ name: 'a', rows: 1, columns: 4 }, [1e-9, 1, 0.5, 2], [0, 1, 0, 2]);
  expect(largest).toBe(2);
  expect([...before]).toEqual([1, 128, 64, 255]);
  expect([...after]).toEqual([0, 128, 0, 255]);
  expect(() => prunedLayer({ name: 'a', rows: 1, columns: 2 }, [1], [1])).toThrow(InternalError);
  expect(() => prunedLayer({ name: 'a', rows: 1, columns: 1 }, [NaN], [1])).toThrow(InternalError);
});

test('a loss is the smaller the better', () => {
  expect(lossOf('accuracy', 0.98)).toBeCloseTo(0.02);
  expect(lossOf('mean-square error', 0.98)).toBe(0.98);
});

describe('in a .hep', () => {
  const bytes = writeHep({ ...plan(), pruning: madeUpReport() });
  const read = (file: Uint8Array) => readHep(file, 'p.hep');
  const complaint = (edit: Parameters<typeof repack>[1]): string => {
    try {
      read(repack(bytes, edit));
    } catch (error) {
      if (error instanceof HepcError) return error.message;
      throw error;
    }
    return '';
  };
  const text = (change: (report: Record<string, unknown>) => void) => (entries: Map<string, Uint8Array>) => {
    const report = JSON.parse(new TextDecoder().decode(entries.get('pruning.json'))) as Record<string, unknown>;
    change(report);
    entries.set('pruning.json', new TextEncoder().encode(JSON.stringify(report)));
  };

  test('is read as it was written', () => {
    const again = read(bytes);
    expect(again.pruning).toEqual(madeUpReport());
    expect(writeHep(again)).toEqual(bytes);
  });

  test('is left out of bound plans, which hide the weights, and not missed in others', () => {
    expect(read(writeHep({ ...boundPlan(), pruning: madeUpReport() })).pruning).toBeUndefined();
    expect(read(writeHep(plan())).pruning).toBeUndefined();
  });

  test.each([
    [
      'that is not JSON',
      (entries: Map<string, Uint8Array>) => void entries.set('pruning.json', Uint8Array.of(123)),
      /H504.*not JSON/,
    ],
    ['of a sparsity above one', text((r) => (r['sparsity'] = 1.5)), /H504.*sparsity/],
    ['of another metric', text((r) => (r['quality'] = { metric: 'beauty' })), /H504.*metric/],
    ['with a field too many', text((r) => (r['x'] = 1)), /H504.*"x"/],
    ['with too many points', text((r) => (r['points'] = new Array<number>(5000).fill(0))), /H504.*points/],
    [
      'with too many tiles',
      text((r) => (r['layers'] = new Array<object>(3).fill({ name: '', rows: 1000, columns: 1000, largest: 1 }))),
      /H504.*more than 1048576 tiles/,
    ],
    [
      'with a grid of another size',
      text((r) => (r['layers'] = [{ name: '', rows: 4, columns: 7, largest: 1 }])),
      /H505.*pruning\/before-0.*28 elements/,
    ],
    [
      'without a grid',
      (entries: Map<string, Uint8Array>) => void entries.delete('pruning/after-1.npy'),
      /H504.*pruning\/after-1\.npy.*missing/,
    ],
  ])('one %s is refused', (_, edit, expected) => {
    expect(complaint(edit)).toMatch(expected);
  });

  test('one beyond its bounds is not written', () => {
    const large = madeUpReport({ layers: [madeUpLayer(1024, 1025)] });
    expect(() => writeHep({ ...plan(), pruning: large })).toThrow(/more than 1048576 tiles/);
  });
});
