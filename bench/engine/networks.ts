/** Whole networks: plans of the default engine, on it and on node-seal, beside native systems on an equal core. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median } from '../../ir/maths/averages.ts';
import { benchModels, type BenchModel, type Peer } from '../models.ts';
import { referenceRotation } from '../reference-core.ts';
import { measureRotations } from '../rotation-time.ts';
import { type Spread, spreadOf } from './spread.ts';
import { type SessionFigures, sessionFigures, type SessionSettings } from './session-figures.ts';
import { hepc, runProgram } from '../run-program.ts';

const root = join(import.meta.dirname, '..', '..');

/** LeNet-5 of the networks that are trained for tests; Orion's figure is for the same layers. */
const lenet: Peer = { system: 'Orion', seconds: 9.4 };

/** Of the first runs of a process, which V8 has not compiled yet. */
const warmUp = 10;
const rounds = 5;

export interface NetworkFigures {
  readonly name: string;
  readonly best: Peer;
  /** Medians, spreads over processes; milliseconds. */
  readonly evaluate: { readonly [K in Contestant]: Spread };
  readonly readyMs: Spread;
  readonly peakBytes: { readonly simd: number; readonly sealTwoWorkers: number };
  /** Of node-seal's reference rotation, before and after. */
  readonly rotationMs: number;
  /** Evaluation on the reference core as a share of the best peer's. */
  readonly ratio: number;
}

const contestants = {
  simd: { engine: 'simd', threads: 1, compiledFor: 'simd' },
  simdTwo: { engine: 'simd', threads: 2, compiledFor: 'simd' },
  seal: { engine: 'seal-wasm', threads: 1, compiledFor: 'seal-wasm' },
  sealTwo: { engine: 'seal-wasm', threads: 2, compiledFor: 'seal-wasm' },
} as const;
type Contestant = keyof typeof contestants;

export async function measureNetworks(onModel: (name: string) => void): Promise<NetworkFigures[]> {
  const models = benchModels.flatMap((model) => {
    const peers = model.name.startsWith('lenet') ? [lenet] : model.peers;
    const [best] = [...peers].sort((a, b) => a.seconds - b.seconds);
    return best === undefined ? [] : [{ model, best }];
  });
  const figures: NetworkFigures[] = [];
  for (const { model, best } of models) {
    onModel(model.name);
    figures.push(await measureNetwork(model, best));
  }
  return figures;
}

async function measureNetwork(model: BenchModel, best: Peer): Promise<NetworkFigures> {
  const folder = mkdtempSync(join(tmpdir(), 'hepc-engine-'));
  try {
    const files = {
      simd: prepareFiles(model, 'simd', folder),
      'seal-wasm': prepareFiles(model, 'seal-wasm', folder),
    } as const;
    // Times of both sizes of rings are compared by the same rotation: the unit.
    const reference = referenceRotation(8192);
    const rotations = await measureRotations(reference);
    const runs: Record<Contestant, SessionFigures[]> = { simd: [], simdTwo: [], seal: [], sealTwo: [] };
    // One process of each in turn, so that what else the machine does meets all.
    for (let round = 0; round < rounds; round++) {
      for (const [name, { engine, threads, compiledFor }] of contestantList()) {
        const fast = engine === 'simd';
        runs[name].push(runSession(files[compiledFor], { engine, threads, runs: fast ? 2 * warmUp : warmUp / 2 }));
      }
    }
    rotations.push(...(await measureRotations(reference)));
    const rotationMs = median(rotations);
    const evaluate = Object.fromEntries(
      contestantList().map(([name]) => [name, spreadOf(runs[name].map(({ evaluateMs }) => settled(evaluateMs)))]),
    ) as NetworkFigures['evaluate'];
    const scaled = evaluate.simd.median * (reference.milliseconds / rotationMs);
    return {
      name: model.name,
      best,
      evaluate,
      readyMs: spreadOf(runs.simd.map(({ readyMs }) => readyMs)),
      peakBytes: {
        simd: median(runs.simd.map(({ peakBytes }) => peakBytes)),
        sealTwoWorkers: median(runs.sealTwo.map(({ peakBytes }) => peakBytes)),
      },
      rotationMs,
      ratio: scaled / (1000 * best.seconds),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function contestantList(): (readonly [Contestant, (typeof contestants)[Contestant]])[] {
  return Object.entries(contestants) as [Contestant, (typeof contestants)[Contestant]][];
}

/** The median of the later half. */
function settled(milliseconds: readonly number[]): number {
  return median(milliseconds.slice(Math.floor(milliseconds.length / 2)));
}

interface Files {
  readonly plan: string;
  readonly keys: string;
  readonly inputs: string;
}

function prepareFiles({ name, modelFile, sampleFile, maxError }: BenchModel, engine: string, folder: string): Files {
  const file = (suffix: string): string => join(folder, `${name}-${engine}${suffix}`);
  const [plan, keys, inputs] = [file('.hep'), file('-keys'), file('.ct')];
  const [onnx, samples] = [join(root, modelFile), join(root, sampleFile)];
  hepc(['compile', onnx, '-o', plan, '--calibrate', samples, '--max-error', String(maxError), '--engine', engine]);
  hepc(['keygen', plan, '-o', keys]);
  hepc(['encrypt', plan, '--keys', keys, '--input', samples, '--limit', '1', '-o', inputs]);
  return { plan, keys: join(keys, 'eval.keys'), inputs };
}

function runSession({ plan, keys, inputs }: Files, settings: SessionSettings): SessionFigures {
  const script = join(import.meta.dirname, 'session-process.ts');
  return sessionFigures.parse(JSON.parse(runProgram([script, plan, keys, inputs, JSON.stringify(settings)])));
}
