/** Measures one model, each step in a process of its own: so that memory is that of the step alone. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type Accuracy, measureAccuracy } from '../cli/answers/accuracy.ts';
import { encodingCost, programCost } from '../costs/program-cost.ts';
import type { CostTable } from '../costs/op-costs.ts';
import { type EngineProfile, engineProfiles } from '../costs/profiles.ts';
import type { Plan, PlanStatistics } from '../ir/plan/plan.ts';
import { writeNpz } from '../runtime/format/npz.ts';
import { readHep } from '../runtime/hep/read.ts';
import { ReferenceModel } from '../training/onnxruntime.ts';
import type { Sample } from '../ir/interface.ts';
import { listSamples, loadSamples } from '../runtime/samples.ts';
import { type CountDifference, differencesFromGolden } from './golden-differences.ts';
import type { BenchModel } from './models.ts';
import { type EvaluationRun, type EvaluationSettings, type PlanEvaluation, planEvaluation } from './plan-evaluation.ts';
import { hepc, runProgram } from './run-program.ts';

const sealWasm = engineProfiles['seal-wasm'];

const root = join(import.meta.dirname, '..');

/** Samples from here on calibrate, those before are run; the goldens do the same. */
const firstCalibrationSample = 128;

const serverReport = z.object({ beforeBytes: z.number(), peakBytes: z.number() });

/** What the cost model expects, by one table. */
export interface Estimate {
  readonly evaluateMs: number;
  /** Of encoding all weights, on one thread. */
  readonly encodeMs: number;
}

export interface Measurement {
  readonly model: BenchModel;
  readonly compileMs: number;
  readonly planBytes: number;
  readonly statistics: PlanStatistics;
  /** Empty where all counts are those of the golden; undefined where there is none. */
  readonly differences: readonly CountDifference[] | undefined;
  readonly byShippedCosts: Estimate;
  readonly byMeasuredCosts: Estimate;
  /** Bytes of all encoded weights. */
  readonly encodingBytes: number;
  readonly evaluation: PlanEvaluation;
  /** Of the first run, and of how many samples. */
  readonly accuracy: Accuracy;
  readonly accuracySamples: number;
  /** Resident memory of a server above what was in use before loading; absent where the model does not ask for it. */
  readonly serverBytes: number | undefined;
}

/** Throws for a model that does not compile or run, with what the process said. */
export async function measure(
  model: BenchModel,
  folder: string,
  settings: EvaluationSettings,
  costs: CostTable,
): Promise<Measurement> {
  const onnxFile = join(root, model.modelFile);
  const sampleFile = join(root, model.sampleFile);
  const planFile = join(folder, `${model.name}.hep`);
  const samples = readSamples(model);
  const calibrationFile = join(folder, `${model.name}-calibration.npz`);
  writeSamples(calibrationFile, model, samples.slice(firstCalibrationSample));
  const start = performance.now();
  hepc([
    'compile',
    onnxFile,
    '-o',
    planFile,
    '--calibrate',
    calibrationFile,
    '--max-error',
    String(model.maxError),
    '--engine',
    'seal-wasm',
  ]);
  const compileMs = performance.now() - start;
  const planBytes = readFileSync(planFile);
  const plan = readHep(planBytes, planFile);
  const script = join(import.meta.dirname, 'evaluate-plan.ts');
  const evaluation = planEvaluation.parse(
    JSON.parse(runProgram([script, planFile, sampleFile, JSON.stringify(settings)])),
  );
  const answers = answersOf(evaluation.runs[0]);
  return {
    model,
    compileMs,
    planBytes: planBytes.length,
    statistics: plan.statistics,
    differences: differencesFromGolden(model, plan.statistics),
    byShippedCosts: estimate(plan, sealWasm),
    byMeasuredCosts: estimate(plan, { ...sealWasm, costs }),
    encodingBytes: sealWasm.memory.use(plan.program).plaintexts,
    evaluation,
    accuracy: measureAccuracy(answers, await referenceAnswers(onnxFile, samples.slice(0, answers.length))),
    accuracySamples: answers.length,
    serverBytes: model.measuresServer ? measureServer(planFile, sampleFile, folder) : undefined,
  };
}

function readSamples({ inputShape, sampleFile }: BenchModel): Sample[] {
  const spec = { name: 'input', shape: inputShape, hasBatchAxis: true };
  return listSamples(loadSamples(readFileSync(join(root, sampleFile)), sampleFile, [spec]));
}

function writeSamples(file: string, { inputShape }: BenchModel, samples: readonly Sample[]): void {
  const data = Float32Array.from(samples.flatMap((sample) => Array.from(sample.get('input') ?? [])));
  const array = { dtype: 'f4', shape: [samples.length, ...inputShape], data } as const;
  writeFileSync(file, writeNpz(new Map([['x', array]])));
}

function estimate({ program }: Plan, profile: EngineProfile): Estimate {
  return { evaluateMs: programCost(program, profile.costs), encodeMs: encodingCost(program, profile) };
}

function answersOf(run: EvaluationRun | undefined): Sample[] {
  return (run?.outputs ?? []).map(
    (outputs) => new Map(Object.entries(outputs).map(([name, values]) => [name, Float64Array.from(values)])),
  );
}

async function referenceAnswers(onnxFile: string, samples: readonly Sample[]): Promise<Sample[]> {
  const reference = await ReferenceModel.load(readFileSync(onnxFile));
  try {
    return await reference.runBatch(samples);
  } finally {
    await reference.close();
  }
}

/** Bytes that a server takes above what was in use before it loaded keys and weights. */
function measureServer(planFile: string, sampleFile: string, folder: string): number {
  const keys = join(folder, 'keys');
  const inputs = join(folder, 'in.ct');
  hepc(['keygen', planFile, '-o', keys, '--force']);
  hepc(['encrypt', planFile, '--keys', keys, '--input', sampleFile, '--limit', '1', '-o', inputs]);
  const script = join(import.meta.dirname, 'server-memory.ts');
  const printed = runProgram([script, planFile, join(keys, 'eval.keys'), inputs]);
  const { beforeBytes, peakBytes } = serverReport.parse(JSON.parse(printed));
  return peakBytes - beforeBytes;
}
