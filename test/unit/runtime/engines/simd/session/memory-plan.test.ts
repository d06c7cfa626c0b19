/** The shared memory's regions. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { plaintextBudget } from '../../../../../../costs/engine-memory.ts';
import { exampleModels, mnistImages, modelBytes } from '../../../../../support/mnist.ts';
import { compileBytes } from '../../../../../support/run-plans.ts';
import { workspaceBytes } from '../../../../../../runtime/engines/simd/operations/operations.ts';
import { addressingFor } from '../../../../../../runtime/rns/kernels/module.ts';
import {
  type Extent,
  keyPlaces,
  laneCount,
  planMemory,
  planProgram,
  type RegionName,
  wholeExtent,
  withLanes,
} from '../../../../../../runtime/engines/simd/session/memory-plan.ts';
import { teamBytes } from '../../../../../../runtime/engines/simd/session/shared-team.ts';

const names = [
  'team',
  'context',
  'workspace',
  'encoders',
  'loading',
  'permutations',
  'values',
  'staging',
  'plaintexts',
  'keys',
] as const satisfies readonly RegionName[];

const bytes = fc.nat(2 ** 30);
const regionBytes = fc.record(
  Object.fromEntries(names.map((name) => [name, bytes])) as Record<RegionName, fc.Arbitrary<number>>,
);

const noBytes = Object.fromEntries(names.map((name) => [name, 0])) as Record<RegionName, number>;

test('places of keys fill what the limit and the budget leave, and there is one', () => {
  const keyBytes = fc.integer({ min: 1, max: 2 ** 28 });
  fc.assert(
    fc.property(regionBytes, keyBytes, fc.nat(2 ** 31), fc.nat(2 ** 34), (needs, keys, budget, limit) => {
      const memory = planMemory({ ...needs, keys });
      const { totalBytes, placeBytes } = memory;
      const places = keyPlaces(memory, budget, limit);
      expect(placeBytes).toBeGreaterThanOrEqual(keys);
      const fits = (count: number): boolean =>
        totalBytes + (count - 1) * placeBytes <= limit && count * placeBytes <= budget;
      expect(places === 1 || fits(places)).toBe(true);
      expect(fits(places + 1)).toBe(false);
    }),
  );
  expect(keyPlaces(planMemory({ ...noBytes, keys: 0 }), 0)).toBe(Number.MAX_SAFE_INTEGER);
});

test('regions are apart, aligned, and end where the memory ends', () => {
  fc.assert(
    fc.property(regionBytes, (needs) => {
      const { regions, totalBytes } = planMemory(needs);
      const ordered = names
        .map((name) => ({ from: regions[name], bytes: needs[name] }))
        .sort((a, b) => a.from - b.from);
      ordered.forEach(({ from, bytes }, k) => {
        expect(from % 128).toBe(0);
        expect(from).toBeGreaterThan(0);
        expect(from + bytes).toBeLessThanOrEqual(ordered[k + 1]?.from ?? totalBytes);
      });
    }),
  );
});

describe('the mlp', () => {
  const { name, maxError } = exampleModels.find((model) => model.name.startsWith('mlp')) ?? exampleModels[0];
  const { program } = compileBytes(modelBytes(name), { samples: mnistImages().slice(128), maxError }).plan;
  const plan = (budget: number, extent: Partial<Extent> = {}) =>
    planProgram(program.columns, program.parameters, 2, budget, { ...wholeExtent, ...extent });
  const everything = plan(2 ** 31);
  const nothing = plan(0);

  test('keeps plaintexts as far as the budget goes', () => {
    expect(everything.problems).toEqual([]);
    expect(everything.staging.bytes).toBe(0);
    expect(everything.plaintexts.encodings.every(({ offset }) => offset !== undefined)).toBe(true);
    const half = plan(everything.plaintexts.bytes / 2);
    expect(half.plaintexts.bytes).toBeLessThanOrEqual(everything.plaintexts.bytes / 2);
    expect(half.plaintexts.bytes).toBeGreaterThan(everything.plaintexts.bytes / 4);
    expect(half.memory.totalBytes).toBeLessThan(everything.memory.totalBytes);
    expect(nothing.plaintexts.bytes).toBe(0);
  });

  test('keeps what the limit leaves', () => {
    const limit = (everything.memory.totalBytes + nothing.memory.totalBytes) / 2;
    const reduced = plan(2 ** 31, { limit });
    expect(reduced.problems).toEqual([]);
    expect(reduced.memory.totalBytes).toBeLessThanOrEqual(limit);
    expect(reduced.plaintexts.bytes).toBeGreaterThan(0);
  });

  test('is refused where even without kept plaintexts it does not fit, with what it would need', () => {
    const limit = nothing.memory.totalBytes - 1;
    const [problem] = plan(2 ** 31, { limit }).problems;
    expect(problem?.code).toBe('H631');
    expect(problem?.message).toMatch(/needs \d+ MiB \(keys \d+ MiB.*more than \d+ MiB/);
  });

  test('is laid out beyond a gap, with nothing but the words of the team before it, in a wide memory', () => {
    const { regions, totalBytes } = everything.memory;
    const gap = 5 * 2 ** 30;
    const beyond = plan(2 ** 31, { gap });
    expect(beyond.problems).toEqual([]);
    for (const name of names) expect(beyond.memory.regions[name] - regions[name]).toBe(name === 'team' ? 0 : gap);
    expect(beyond.plaintexts.bytes).toBe(everything.plaintexts.bytes);
    expect(addressingFor(totalBytes)).toBe('narrow');
    expect(addressingFor(beyond.memory.totalBytes)).toBe('wide');
    expect(keyPlaces(beyond.memory, Infinity)).toBeGreaterThan(keyPlaces(everything.memory, Infinity));
    expect(laneCount(beyond, program.parameters, 2, Infinity)).toBe(2);
  });

  test('keeps less rather than be wide', () => {
    const gap = 128 * Math.floor((2 ** 32 - everything.memory.totalBytes + everything.plaintexts.bytes / 2) / 128);
    // Beyond what it aims at, which leaves room for errors of the estimate, it keeps as little as it can.
    const reduced = plan(plaintextBudget, { gap });
    expect(reduced.problems).toEqual([]);
    expect(addressingFor(reduced.memory.totalBytes)).toBe('narrow');
    expect(reduced.plaintexts.bytes).toBeLessThan(everything.plaintexts.bytes / 2);
    // Unless it may keep more than by default.
    const raised = plan(plaintextBudget + 1, { gap });
    expect(raised.problems).toEqual([]);
    expect(addressingFor(raised.memory.totalBytes)).toBe('wide');
    expect(raised.plaintexts.bytes).toBe(everything.plaintexts.bytes);
  });

  test('is refused beyond 16 GiB', () => {
    expect(plan(2 ** 31, { gap: 2 ** 34 - 2 ** 20 }).problems[0]?.code).toBe('H631');
  });

  test('lanes are apart, before the keys, and are there where a quarter of what is left holds them', () => {
    const laned = withLanes(everything, program.parameters, 3);
    const { regions, lanes, totalBytes, placeBytes } = laned.memory;
    const { arenaBytes } = everything.program;
    expect(lanes[0]?.values).toBe(regions.values);
    const places = lanes.flatMap(({ words, workspace, values }) => [
      { from: words, bytes: teamBytes },
      { from: workspace, bytes: workspaceBytes(program.parameters, 1) },
      { from: values, bytes: arenaBytes },
    ]);
    const ordered = [...places, { from: regions.keys, bytes: everything.keys.bytes }].sort((a, b) => a.from - b.from);
    ordered.forEach(({ from, bytes }, k) => {
      expect(from % 128).toBe(0);
      expect(from + bytes).toBeLessThanOrEqual(ordered[k + 1]?.from ?? totalBytes);
    });
    expect(placeBytes).toBe(everything.memory.placeBytes);
    const bytes = totalBytes - everything.memory.totalBytes;
    expect(bytes).toBe(regions.keys - everything.memory.regions.keys);
    expect(laneCount(everything, program.parameters, 3, 4 * bytes)).toBe(3);
    expect(laneCount(everything, program.parameters, 3, 4 * bytes - 1)).toBe(0);
    expect(laneCount(everything, program.parameters, 1, Infinity)).toBe(0);
    expect(laneCount(nothing, program.parameters, 2, Infinity)).toBe(0);
    expect(withLanes(everything, program.parameters, 0)).toEqual(everything);
  });
});
