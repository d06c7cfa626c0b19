/** The report of the search in a `.hep`: written, read, and refused where it is none. */
import { describe, expect, test } from 'vitest';
import { compileGraph } from '../../../../compiler/compile.ts';
import { HepcError } from '../../../../ir/diagnostics/diagnostic.ts';
import type { SearchReport } from '../../../../ir/plan/search-report.ts';
import { readHep } from '../../../../runtime/hep/read.ts';
import { writeHep } from '../../../../runtime/hep/write.ts';
import { denseChain, graphOf, samplesOf } from '../../../support/tiny-networks.ts';
import { boundPlan, plan, repack } from './plans.ts';

const module = denseChain([12, 8, 3]);
const { plan: compiled } = compileGraph(graphOf(module), {
  samples: samplesOf(module, 8),
  limits: { memoryBytes: 2 ** 30, galoisKeys: 100 },
  optimize: 'end-to-end',
});
const bytes = writeHep(compiled);

function complaint(text: string): string {
  try {
    readHep(
      repack(bytes, (entries) => entries.set('search.json', new TextEncoder().encode(text))),
      'p.hep',
    );
  } catch (error) {
    if (error instanceof HepcError) return error.message;
    throw error;
  }
  return '';
}

const report = (change: (report: Record<string, unknown>) => void): string => {
  const copy = JSON.parse(JSON.stringify(compiled.search)) as Record<string, unknown>;
  change(copy);
  return JSON.stringify(copy);
};

test('is read as it was written', () => {
  const { search } = readHep(bytes, 'p.hep');
  expect(search).toEqual(JSON.parse(JSON.stringify(compiled.search)) as SearchReport);
  expect(search).toMatchObject({ objective: 'end-to-end', limits: { memoryBytes: 2 ** 30, galoisKeys: 100 } });
  expect(writeHep(readHep(bytes, 'p.hep'))).toEqual(bytes);
});

test('is left out of bound plans, and not missed in others', () => {
  const { search } = compiled;
  if (search === undefined) throw new Error('a compiled plan has a report');
  expect(readHep(writeHep({ ...plan(), search }), 'p.hep').search).toBeDefined();
  expect(readHep(writeHep({ ...boundPlan(), search }), 'b.hep').search).toBeUndefined();
  expect(readHep(writeHep(plan()), 'p.hep').search).toBeUndefined();
});

describe('is refused', () => {
  test.each([
    ['that is not JSON', '{', /H504.*search\.json.*not JSON/],
    ['of another kind', '[]', /H504.*malformed/],
    ['with an unknown objective', report((r) => (r['objective'] = 'beauty')), /H504.*objective/],
    ['with a field too many', report((r) => (r['x'] = 1)), /H504.*"x"/],
    ['without its layers', report((r) => delete r['layers']), /H504.*layers/],
    ['with too many rows', report((r) => (r['layers'] = new Array<number>(5000).fill(0))), /H504.*layers/],
    ['with a batch of none', report((r) => (r['batch'] = 0)), /H504.*batch/],
    ['that is long', `"${'x'.repeat(2 ** 25)}"`, /H504.*more than/],
  ])('one %s', (_, text, expected) => {
    expect(complaint(text)).toMatch(expected);
  });

  test('one that was altered', () => {
    const altered = repack(bytes, (entries) => entries.set('search.json', new TextEncoder().encode('{}')), false);
    expect(() => readHep(altered, 'p.hep')).toThrow(/H504.*search\.json.*altered/);
  });
});
