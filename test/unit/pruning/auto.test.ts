/** The search of `auto`: how far its ways go, what it takes, and what it says where nothing keeps the budget. */
import { beforeAll, describe, expect, test } from 'vitest';

import { type ImportedModel, importOnnx } from '../../../compiler/onnx/import.ts';
import type { PruningPoint } from '../../../ir/plan/pruning-report.ts';
import type { TensorModule } from '../../../ir/tensor/ops.ts';
import type { Trainer } from '../../../ir/tensor/trainer.ts';
import { countZeros } from '../../../passes/pruning/neurons/zero-weights.ts';
import { type AutoResult, searchPruning } from '../../../pruning/auto.ts';
import { PruningSession } from '../../../pruning/session.ts';
import { loadSamples, listSamples } from '../../../runtime/samples.ts';
import { denseModel, sampleFile } from '../../support/cli.ts';

const zeroShare = (module: TensorModule): number => {
  const { zeros, weights } = countZeros(module);
  return zeros / weights;
};

/** Loses by the share of weights that are gone, and learns nothing. */
const trainer: Trainer = {
  evaluate: (module) => Promise.resolve({ meanSquareError: zeroShare(module) }),
  train: () => Promise.resolve(new Map()),
};

let session: PruningSession;
beforeAll(async () => {
  const model: ImportedModel = importOnnx({
    bytes: denseModel(2, { width: 64 }),
    fileName: 'dense.onnx',
    readExternal: () => undefined,
  });
  const samples = listSamples(loadSamples(sampleFile(64, { width: 64 }), 'x.npy', model.inputs));
  // A large batch leaves few elements to a ciphertext, so that there are many tiles.
  const compile = { optimize: 'throughput' as const, batch: 1024 };
  session = await PruningSession.begin(model, { samples, policy: 'auto', trainer, compile });
});

interface Searched extends AutoResult {
  readonly seen: readonly PruningPoint[];
}

/** With the weights that are left as the cost. */
async function search(maxDegradation: number): Promise<Searched> {
  const seen: PruningPoint[] = [];
  const result = await searchPruning(session.pruner, {
    maxDegradation,
    epochs: 0,
    before: session.before,
    pricing: {
      costOf: ({ module }) => ({ cost: 1 - zeroShare(module), milliseconds: 2 - 2 * zeroShare(module) }),
      shrunkPlan: (network) => session.plans.shrunkPlan(network),
    },
    onPoint: (point) => seen.push(point),
  });
  return { ...result, seen };
}

/** The degradation of a point. */
const lossOf = ({ quality }: PruningPoint): number =>
  session.pruner.context.metric.degradation(quality, session.before);

const sharesOf = ({ points }: AutoResult, policy: string): number[] =>
  points.filter((point) => point.policy === policy).map(({ sparsity }) => sparsity);

/** Without a bound. */
let all: Searched;
beforeAll(async () => {
  all = await search(Infinity);
});

describe('within a budget', () => {
  let found: Searched;
  let budget: number;
  beforeAll(async () => {
    budget = all.points.map(lossOf).toSorted((a, b) => a - b)[Math.floor(all.points.length / 2)] ?? NaN;
    found = await search(budget);
  });

  test('what costs least of all that keep it is taken', () => {
    const { best, points } = found;
    const accepted = points.filter((point) => lossOf(point) <= budget);
    expect(accepted.length).toBeGreaterThan(0);
    expect(accepted.length).toBeLessThan(points.length);
    expect(points.filter((point) => point.accepted)).toEqual(accepted);
    expect(best?.milliseconds).toBe(Math.min(...accepted.map(({ milliseconds }) => milliseconds)));
    expect(points.filter(({ chosen }) => chosen).map(({ quality }) => quality)).toEqual([best?.quality]);
  });

  test('every point is told at once, and reported in that order', () => {
    expect(found.seen.map((point) => ({ ...point, chosen: false }))).toEqual(
      found.points.map((point) => ({ ...point, chosen: false })),
    );
  });

  test('a way goes on until a step loses too much, and halves that step', () => {
    for (const policy of ['P2T:Gl/T-Err', 'P3T:Gl/T-Err']) {
      const own = found.points.filter((point) => point.policy === policy);
      const failed = own.findIndex(({ accepted }) => !accepted);
      expect(failed).toBeGreaterThan(-1);
      let [low, high] = [own[failed - 1]?.sparsity ?? 0, own[failed]?.sparsity ?? NaN];
      expect(own.length).toBeGreaterThan(failed + 1);
      for (const { sparsity, accepted } of own.slice(failed + 1)) {
        expect(sparsity).toBeCloseTo((low + high) / 2, 12);
        if (accepted) low = sparsity;
        else high = sparsity;
      }
    }
  });
});

test('without a bound every way goes to its end', () => {
  expect(all.points.every(({ accepted }) => accepted)).toBe(true);
  for (const policy of ['P2T:Gl/T-Err', 'P3T:Gl/T-Err']) {
    const shares = sharesOf(all, policy);
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
    expect(shares.at(-1)).toBe(0.95);
  }
});

test('tiles of the plan of a shrunk network go on top of it', () => {
  const { points } = all;
  const shrunk = points.filter(({ policy }) => policy === 'P2:Lc/Dat/Neu').at(-1);
  const then = points.filter(({ policy }) => policy === 'P2:Lc/Dat/Neu + P2T:Gl/T-Err');
  expect(then.length).toBeGreaterThan(2);
  const quality = [shrunk, ...then].map((point) => point?.quality ?? NaN);
  // The trainer says how many weights are gone.
  expect(quality).toEqual(quality.toSorted((a, b) => a - b));
  expect(new Set(quality).size).toBeGreaterThan(2);
});

test('where nothing keeps the budget, nothing is taken and the least loss is told', async () => {
  const { best, points, least } = await search(0);
  expect(best).toBeUndefined();
  expect(points.some(({ accepted, chosen }) => accepted || chosen)).toBe(false);
  expect(least.degradation).toBe(Math.min(...points.map(lossOf)));
  expect(points.find((point) => lossOf(point) === least.degradation)?.policy).toBe(least.policy);
});
