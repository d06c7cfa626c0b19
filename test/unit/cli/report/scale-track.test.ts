/** The deepest way through a program, against the program itself. */
import { describe, expect, test } from 'vitest';
import { scaleTrack } from '../../../../cli/report/figures/scale-track.ts';
import { compileGraph } from '../../../../compiler/compile.ts';
import { layersOf } from '../../../../ir/he/layers.ts';
import { dividesScale, isInput, isOutput, usesValueA, usesValueB } from '../../../../ir/he/traits.ts';
import type { Plan } from '../../../../ir/plan/plan.ts';
import { denseChain, graphOf, residual, samplesOf } from '../../../support/tiny-networks.ts';

const planOf = (module: ReturnType<typeof denseChain>): Plan =>
  compileGraph(graphOf(module), { samples: samplesOf(module, 8) }).plan;

/** The most rescales between any input and any output. */
function rescaleDepth({ columns: { op, a, b } }: Plan['program']): number {
  const depth: number[] = [];
  for (const [row, code] of op.entries()) {
    const first = usesValueA(code) ? (depth[a[row] ?? -1] ?? 0) : 0;
    const second = usesValueB(code) ? (depth[b[row] ?? -1] ?? 0) : 0;
    depth.push(Math.max(first, second) + (dividesScale(code) ? 1 : 0));
  }
  return Math.max(...depth.filter((_, row) => isOutput(op[row] ?? -1)));
}

describe.each([
  ['a chain', planOf(denseChain([24, 16, 8, 4]))],
  ['a residual network', planOf(residual(12, 8, 3))],
])('of %s', (_, { program }) => {
  const layers = layersOf(program);
  const stops = scaleTrack(program, layers);
  const { op, level, scale } = program.columns;

  test('begins at an input and ends at an output, at their levels and scales', () => {
    const rowsWith = (has: (code: number) => boolean): number[] => [...op.keys()].filter((row) => has(op[row] ?? -1));
    const states = (rows: readonly number[]) =>
      rows.map((row) => `${level[row] ?? -1} ${Math.log2(scale[row] ?? 0).toFixed(6)}`);
    const [first, last] = [stops[0], stops.at(-1)].map(
      (stop) => `${stop?.level ?? -1} ${stop?.scaleBits.toFixed(6) ?? ''}`,
    );
    expect(states(rowsWith(isInput))).toContain(first);
    expect(states(rowsWith(isOutput))).toContain(last);
  });

  test('goes down by as many rescales as the deepest way has', () => {
    const levels = stops.map((stop) => stop.level);
    expect(levels).toEqual(levels.toSorted((x, y) => y - x));
    expect((levels[0] ?? 0) - (levels.at(-1) ?? 0)).toBeGreaterThanOrEqual(rescaleDepth(program));
  });

  test('says the bits of the modulus that the scale leaves', () => {
    for (const { level, scaleBits, roomBits, primeBits } of stops) {
      const modulus = program.parameters.primes.slice(0, level + 1).reduce((sum, prime) => sum + Math.log2(prime), 0);
      expect(primeBits).toHaveLength(level + 1);
      expect(scaleBits + roomBits).toBeCloseTo(modulus, 9);
      expect(roomBits).toBeGreaterThan(0);
    }
  });
});
