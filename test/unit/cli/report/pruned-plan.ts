/** Plans for reports: compiled from tiny networks, with made-up reports of pruning. */
import { compileGraph } from '../../../../compiler/compile.ts';
import type { Plan } from '../../../../ir/plan/plan.ts';
import { prunedLayer, type PrunedLayer, type PruningReport } from '../../../../ir/plan/pruning-report.ts';
import { programDigest, type RunTrace } from '../../../../ir/plan/run-trace.ts';
import { seededRandom } from '../../../../ir/random.ts';
import { printModule } from '../../../../ir/text/print.ts';
import { TensorBuilder } from '../../../../ir/tensor/ops.ts';
import { dense, denseChain, graphOf, samplesOf } from '../../../support/tiny-networks.ts';

/** A plan with a dump of the tensor level, as the importer's pipeline leaves one. */
export function compiledPlan(weights: 'plain' | 'encrypted' = 'plain'): Plan {
  const module = denseChain([24, 16, 5]);
  const { plan } = compileGraph(graphOf(module), { samples: samplesOf(module, 8), weights });
  return { ...plan, dumps: new Map([...plan.dumps, ['tensor', printModule(module).text]]) };
}

/** A plan whose network has a ReLU and a SiLU. */
export function activatedPlan(): Plan {
  const builder = new TensorBuilder();
  let x = dense(builder, builder.add('input', [], { name: 'x', shape: [12] }, []), 8);
  for (const kind of ['relu', 'silu'] as const) {
    const origins = [{ name: kind, opType: kind, output: kind }];
    x = dense(builder, builder.add('activation', [x], { kind, parameters: [] }, origins), 6);
  }
  builder.add('output', [x], { name: 'y' }, []);
  const module = builder.build('activated');
  return compileGraph(graphOf(module), { samples: samplesOf(module, 16), maxError: 0.1 }).plan;
}

/** Of three runs, whose last one went evenly. */
export function madeUpTrace({ program }: Plan): RunTrace {
  return {
    format: 'hepc-trace',
    version: 1,
    madeBy: 'hepc test',
    program: programDigest(program),
    engine: 'simd',
    threads: 2,
    keygenMs: 400,
    prepareMs: 300,
    encryptMs: [9, 4, 5],
    evaluateMs: [90, 60, 70],
    decryptMs: [2, 1, 1],
    marks: Array.from({ length: 50 }, (_, k) => [(k + 1) / 50, 1.4 * (k + 1)] as const),
  };
}

export function madeUpLayer(rows: number, columns: number, seed = 1): PrunedLayer {
  const random = seededRandom(seed);
  const before = Float64Array.from({ length: rows * columns }, () => 0.01 + random.uniform());
  const after = before.map((magnitude) => (magnitude < 0.6 ? 0 : magnitude));
  return prunedLayer({ name: `layer ${seed}`, rows, columns }, before, after);
}

export function madeUpReport(change: Partial<PruningReport> = {}): PruningReport {
  const counts = { weights: 400, tiles: 48, inputCiphertexts: 4, rotations: 30, milliseconds: 80, peakBytes: 2 ** 28 };
  return {
    policy: 'P4E:Gl/L1/Wei:0.0625',
    sparsity: 0.5,
    tile: { rows: 4, columns: 8 },
    maxDegradation: 0.025,
    quality: { metric: 'mean-square error', unpruned: 0.006, pruned: 0.009, recovered: 0.0061, retrained: 0.0059 },
    before: counts,
    after: { ...counts, weights: 200, tiles: 20, milliseconds: 35 },
    layers: [madeUpLayer(4, 6), madeUpLayer(2, 12, 2)],
    points: [0.3, 0.5, 0.9].map((sparsity) => ({
      policy: 'P4E:Gl/L1/Wei:0.0625',
      sparsity,
      quality: 0.006 * (1 + sparsity ** 6),
      milliseconds: 80 * (1 - sparsity),
      accepted: sparsity < 0.9,
      chosen: sparsity === 0.5,
    })),
    ...change,
  };
}
