/**
 * Compiles a dense layer of 708 × 708 for a batch that fills the ciphertexts, one product and one sum for each weight,
 * and prints what it took. That packing is forced: the search would take a smaller batch, whose plaintexts fit into
 * memory. A program of its own, so that the peak memory is that of the compiler alone.
 */
import { buildPlan } from '../../compiler/build-plan.ts';
import { acceptPlan, type LoweringContext, lowerProposal } from '../../compiler/search/lowered-plan.ts';
import { Proposer } from '../../compiler/search/propose.ts';
import { searchReport } from '../../compiler/search/report.ts';
import { referenceOn } from '../../compiler/parameters/simulate.ts';
import { defaultCostTable } from '../../costs/op-costs.ts';
import { PassManager } from '../../passes/manager.ts';
import { writeHep } from '../../runtime/hep/write.ts';
import { denseChain, graphOf, samplesOf } from './tiny-networks.ts';

const module = denseChain([708, 708]);
const samples = samplesOf(module, 64);
const batch = 2048;
const goal = { objective: 'throughput', bandwidthMbit: 100, limits: {}, batch } as const;
const start = performance.now();
const context: LoweringContext = {
  tensor: module,
  samples,
  reference: referenceOn(module, samples),
  weights: 'plain',
  table: defaultCostTable,
  maxError: 0.01,
  seed: 1,
  goal,
  onStep: () => undefined,
};
const configuration = { degree: 4096, slots: { virtualSlots: 1, batchTile: batch }, samples: batch, runs: 1 } as const;
const network = { module, maps: new Map(), depth: 1, spareLevels: 0 };
const proposer = new Proposer(network, configuration, goal, defaultCostTable);
const [proposal] = proposer.propose(proposer.aim(), 1, Infinity).proposals;
if (proposal === undefined) throw new Error('there is a packing');
const manager = new PassManager(samples);
const lowered = lowerProposal(proposal, manager, context);
const { accepted } = acceptPlan(lowered, manager, context);
if (accepted === undefined) throw new Error('the plan is accurate');
const outcome = {
  found: undefined,
  configurations: [],
  candidates: [],
  nearest: undefined,
  leastHeap: undefined,
  leastError: undefined,
  deepest: undefined,
};
const search = searchReport(module, goal, outcome, { plan: lowered, accepted });
const plan = buildPlan(
  { graph: graphOf(module), packed: lowered.packed, program: accepted.program, samples },
  {
    batch,
    weights: 'plain',
    maxError: 0.01,
    predictedMaxError: accepted.predictedError,
    synthetic: false,
    search,
  },
);
const seconds = (performance.now() - start) / 1000;
const bytes = writeHep(plan).length;
const { maxRSS } = process.resourceUsage();
process.stdout.write(JSON.stringify({ ops: plan.program.columns.op.length, seconds, peakBytes: maxRSS * 1024, bytes }));
