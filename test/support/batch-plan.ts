/** A plan whose run takes many samples: one dense layer, whose noise is mostly that of encryption. */
import { compileGraph } from '../../compiler/compile.ts';
import type { Plan } from '../../ir/plan/plan.ts';
import { denseChain, graphOf, samplesOf } from './tiny-networks.ts';

const network = denseChain([6, 2]);

/** Samples in its range. */
export const batchSamples = (count: number): Map<string, Float64Array>[] => samplesOf(network, count);

export function batchPlan(): Plan {
  return compileGraph(graphOf(network), { samples: batchSamples(32), maxError: 0.01, optimize: 'throughput' }).plan;
}
