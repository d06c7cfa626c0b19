/** Where the error comes from, in a `.hep`: written, read, and refused where it is malformed. */
import { describe, expect, test } from 'vitest';
import { HepcError } from '../../../../ir/diagnostics/diagnostic.ts';
import { type AccuracyReport, histogramBins } from '../../../../ir/plan/accuracy-report.ts';
import { readHep } from '../../../../runtime/hep/read.ts';
import { writeHep } from '../../../../runtime/hep/write.ts';
import { boundPlan, plan, repack } from './plans.ts';

const accuracy: AccuracyReport = {
  version: 1,
  approximation: { typical: 0.001, largest: 0.002, samples: 20 },
  noise: { typical: 0.0003, samples: 4 },
  layers: [{ name: 'inputs', noise: 1e-9 }, { name: 'act', approximation: 0.001, noise: 0.0003 }, { name: 'last' }],
  activations: [
    {
      name: 'act',
      kind: 'prelu',
      parameters: [0.25],
      functions: 3,
      coefficients: [0.5, 0.5],
      center: 1,
      halfWidth: 2,
      least: -0.5,
      most: 2.5,
      counts: new Array<number>(histogramBins).fill(3),
      layer: 1,
    },
    {
      name: 'step',
      kind: 'step',
      parameters: [],
      functions: 1,
      coefficients: [0.5, 0.5],
      center: 0,
      halfWidth: 1,
      least: -1,
      most: 1,
      counts: new Array<number>(histogramBins).fill(0),
      decisions: { made: 40, unclear: 3, margin: 0.05 },
      layer: 1,
    },
  ],
};
const bytes = writeHep({ ...plan(), accuracy });

function complaint(text: string): string {
  try {
    readHep(
      repack(bytes, (entries) => entries.set('accuracy.json', new TextEncoder().encode(text))),
      'p.hep',
    );
  } catch (error) {
    if (error instanceof HepcError) return error.message;
    throw error;
  }
  return '';
}

type Row = Record<string, unknown>;
const altered = (change: (report: Row, activation: Row) => void): string => {
  const copy = JSON.parse(JSON.stringify(accuracy)) as Row & { activations: [Row] };
  change(copy, copy.activations[0]);
  return JSON.stringify(copy);
};

test('is read as it was written', () => {
  expect(readHep(bytes, 'p.hep').accuracy).toEqual(accuracy);
  expect(writeHep(readHep(bytes, 'p.hep'))).toEqual(bytes);
  expect(complaint(JSON.stringify(accuracy))).toBe('');
});

test('is left out of bound plans, and not missed in others', () => {
  expect(readHep(writeHep({ ...boundPlan(), accuracy }), 'b.hep').accuracy).toBeUndefined();
  expect(readHep(writeHep(plan()), 'p.hep').accuracy).toBeUndefined();
});

describe('is refused', () => {
  test.each([
    ['that is not JSON', '{', /H504.*accuracy\.json.*not JSON/],
    ['of another version', altered((r) => (r['version'] = 2)), /H504.*version/],
    ['with a field too many', altered((r) => (r['x'] = 1)), /H504.*"x"/],
    ['with a negative error', altered((r) => (r['noise'] = { typical: -1, samples: 1 })), /H504.*typical/],
    ['with an unknown activation', altered((_, a) => (a['kind'] = 'swoosh')), /H504.*kind/],
    ['with a range of no width', altered((_, a) => (a['halfWidth'] = 0)), /H504.*halfWidth/],
    ['with a range beyond all bounds', altered((_, a) => (a['halfWidth'] = 1e300)), /H504.*halfWidth/],
    ['with a bin too few', altered((_, a) => (a['counts'] = [1])), /H504.*counts/],
    ['with a number that is none', altered((_, a) => (a['coefficients'] = [null])), /H504.*coefficients/],
    ['with operands the wrong way round', altered((_, a) => (a['least'] = 9)), /H504.*above its largest/],
    ['of a layer that there is not', altered((_, a) => (a['layer'] = 3)), /H504.*layer that there is not/],
    [
      'with more unclear decisions than there are',
      altered((_, a) => (a['decisions'] = { made: 1, unclear: 2, margin: 0 })),
      /H504.*more decisions are unclear/,
    ],
    ['with too many rows', altered((r) => (r['layers'] = new Array<number>(5000).fill(0))), /H504.*layers/],
  ])('%s', (_, text, expected) => {
    expect(complaint(text)).toMatch(expected);
  });
});
