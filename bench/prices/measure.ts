/** What one network costs: compiled with the default settings, and run on the default engine. */
import { evaluationMilliseconds } from '../../costs/plan-statistics.ts';
import { Client, compile, type CompiledModel, HepcError, type Sample, Server } from '../../index.ts';
import type { PricedNetwork } from './networks.ts';
import { processorTime } from './processor-time.ts';

export interface Price {
  readonly network: PricedNetwork;
  /** The smallest of `errors` that compiles; undefined where none does. */
  readonly maxError: number | undefined;
  /** Codes of what refuses the network at the default error. */
  readonly refusals: readonly string[];
  readonly figures: PriceFigures | undefined;
}

export interface PriceFigures {
  readonly polyModulusDegree: number;
  readonly levels: number;
  readonly rotations: number;
  readonly peakBytes: number;
  readonly predictedMaxError: number;
  /** By the cost model. */
  readonly modelledMs: number;
  /** Of the processor for one evaluation on one thread, the median. */
  readonly evaluateMs: number;
  /** Of the evaluation keys in their file. */
  readonly keyBytes: number;
  readonly uploadBytes: number;
  readonly downloadBytes: number;
}

/** Errors that are allowed one after another until one compiles; the first is the default. */
const errors = [0.01, 0.02, 0.03, 0.05, 0.1, 0.2];

const evaluations = 9;

export async function measurePrice(network: PricedNetwork, samples: readonly Sample[]): Promise<Price> {
  const onnx = network.bytes();
  let refusals: readonly string[] = [];
  for (const maxError of errors) {
    const outcome = tryCompile(onnx, samples, maxError);
    if ('plan' in outcome) return { network, maxError, refusals, figures: await measurePlan(outcome, samples) };
    if (refusals.length === 0) refusals = outcome.refusals;
  }
  return { network, maxError: undefined, refusals, figures: undefined };
}

type Outcome = CompiledModel | { readonly refusals: readonly string[] };

function tryCompile(onnx: Uint8Array, calibration: readonly Sample[], maxError: number): Outcome {
  try {
    return compile(onnx, { calibration, maxError });
  } catch (error) {
    if (!(error instanceof HepcError)) throw error;
    return { refusals: [...new Set(error.diagnostics.map(({ code }) => code))] };
  }
}

async function measurePlan({ plan, statistics }: CompiledModel, samples: readonly Sample[]): Promise<PriceFigures> {
  const client = await Client.create(plan.client);
  const server = await Server.create(plan, { threads: 1 });
  try {
    const { evaluationKeys } = client.generateKeys();
    const session = await server.openSession(evaluationKeys);
    const inputs = client.encrypt(samples.slice(0, 1));
    // The first run warms up.
    const { outputs } = await session.evaluate(inputs);
    const { polyModulusDegree, levels, rotations, peakBytes, predictedMaxError } = statistics;
    return {
      ...{ polyModulusDegree, levels, rotations, peakBytes, predictedMaxError },
      modelledMs: evaluationMilliseconds(plan),
      evaluateMs: await processorTime(() => session.evaluate(inputs), evaluations),
      ...{ keyBytes: evaluationKeys.length, uploadBytes: inputs.length, downloadBytes: outputs.length },
    };
  } finally {
    client.close();
    await server.close();
  }
}
