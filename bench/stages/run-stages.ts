/** The stages of `examples/fhe-benchmark` as the harness calls them: a process each, in a folder with its files. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { type Instance, instances, pixelsPerImage, placesOf } from '../../examples/fhe-benchmark/instance.ts';

/** In the order of the harness. */
export const stageNames = [
  'client_key_generation',
  'server_preprocess_model',
  'client_preprocess_input',
  'client_encode_encrypt_input',
  'server_encrypted_compute',
  'client_decrypt_decode',
  'client_postprocess',
] as const;
export type StageName = (typeof stageNames)[number];

export interface StageRun {
  readonly stage: StageName;
  /** Of the processor, all threads together, start included. */
  readonly cpuMs: number;
  readonly elapsedMs: number;
}

export interface StagesOptions {
  /** The harness' folder. */
  readonly root: string;
  readonly plans: string;
  readonly network: string;
  readonly onStage?: (run: StageRun) => void;
}

const stageProgram = join(import.meta.dirname, '..', '..', 'examples', 'fhe-benchmark', 'stages', 'main.ts');
const usageReporter = join(import.meta.dirname, '..', 'compile', 'report-usage.ts');

/** As `report-usage.ts` writes it. */
const usage = z.object({ cpuMs: z.number() });

/** Writes images, [count, 784] in [0, 1], as the harness does. */
export function writePixels(instance: Instance, images: ArrayLike<number>, root: string): void {
  const { pixels } = placesOf(instance, root);
  mkdirSync(dirname(pixels), { recursive: true });
  const lines: string[] = [];
  for (let at = 0; at < images.length; at += pixelsPerImage)
    lines.push(Array.from({ length: pixelsPerImage }, (_, k) => (images[at + k] ?? 0).toFixed(6)).join(' '));
  writeFileSync(pixels, `${lines.join('\n')}\n`);
}

/** Runs all stages on the pixels that are there. Throws where one fails. */
export function runStages(instance: Instance, options: StagesOptions): StageRun[] {
  return stageNames.map((stage) => {
    const run = runStage(stage, instance, options);
    options.onStage?.(run);
    return run;
  });
}

/** Throws, with what it said, where the stage fails. */
export function runStage(stage: StageName, instance: Instance, { root, plans, network }: StagesOptions): StageRun {
  const report = join(root, 'usage.json');
  const size = instances.findIndex(({ name }) => name === instance.name);
  const start = performance.now();
  const { status, stderr } = spawnSync(
    process.execPath,
    [...process.execArgv, '--import', usageReporter, stageProgram, stage, `${size}`],
    {
      cwd: root,
      encoding: 'utf8',
      env: {
        ...process.env,
        HEPC_NETWORK: network,
        HEPC_PLANS: plans,
        HEPC_USAGE_FILE: report,
        NODE_COMPILE_CACHE: join(plans, 'cache'),
      },
    },
  );
  const elapsedMs = performance.now() - start;
  if (status !== 0) throw new Error(`${stage}: ${stderr}`);
  return { stage, cpuMs: usage.parse(JSON.parse(readFileSync(report, 'utf8'))).cpuMs, elapsedMs };
}

/** The labels that the last stage wrote. */
export function readLabels(instance: Instance, root: string): number[] {
  return readFileSync(placesOf(instance, root).labels, 'utf8').trimEnd().split('\n').map(Number);
}

/** Bytes of the files in which keys, inputs and outputs are sent. */
export function sentBytes(instance: Instance, root: string): { keys: number; inputs: number; outputs: number } {
  const { evaluationKeys, inputs, outputs } = placesOf(instance, root);
  const size = (path: string): number => (existsSync(path) ? statSync(path).size : 0);
  return { keys: size(evaluationKeys), inputs: size(inputs), outputs: size(outputs) };
}
