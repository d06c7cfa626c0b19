/** What `hepc compile` takes for one network, in a process of its own. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { elementCount } from '../../ir/constant.ts';
import { seededRandom } from '../../ir/random.ts';
import { writeNpz } from '../../runtime/format/npz.ts';
import type { CompileNetwork } from './networks.ts';

export interface CompileFigures {
  /** Of the processor, all threads together. */
  readonly cpuMs: number;
  readonly peakBytes: number;
  /** What the command says where it refuses the network or is ended. */
  readonly refusal: string | undefined;
}

/** As `report-usage.ts` writes it. */
const usage = z.object({ cpuMs: z.number(), peakBytes: z.number() });

const calibrationSamples = 32;

/** Longer than this nothing may take. */
const mostMinutes = 20;

/** Compiles with the command line of the checkout in `root`; files are kept in `folder`. */
export function measureCompile(network: CompileNetwork, root: string, folder: string): CompileFigures {
  const file = (suffix: string): string => join(folder, `${network.name}${suffix}`);
  writeFileSync(file('.onnx'), network.bytes());
  writeFileSync(file('.npz'), samplesOf(network));
  // The figures of the process itself, which only it knows: its parent sees those of all children together.
  const report = file('.json');
  const preload = join(import.meta.dirname, 'report-usage.ts');
  // As the launcher has it, and a package that is installed with its types stripped.
  const cache = join(root, 'node_modules', '.cache', 'hepc');
  const { status, stderr, error } = spawnSync(
    process.execPath,
    [
      ...[...process.execArgv, '--import', preload, join(root, 'cli/main.ts'), 'compile', file('.onnx')],
      ...['-o', file('.hep'), '--calibrate', file('.npz')],
    ],
    {
      encoding: 'utf8',
      timeout: mostMinutes * 60_000,
      env: { ...process.env, NODE_COMPILE_CACHE: cache, HEPC_USAGE_FILE: report },
    },
  );
  if (error !== undefined) return { cpuMs: NaN, peakBytes: NaN, refusal: `unfinished after ${mostMinutes} minutes` };
  const { cpuMs, peakBytes } = usage.parse(JSON.parse(readFileSync(report, 'utf8')));
  return { cpuMs, peakBytes, refusal: status === 0 ? undefined : firstError(stderr) };
}

/** Uniform in [0, 1). */
function samplesOf({ name, inputShape }: CompileNetwork): Uint8Array {
  const random = seededRandom(2).fork(name);
  const data = new Float32Array(calibrationSamples * elementCount(inputShape)).map(() => random.uniform());
  return writeNpz(new Map([['x', { dtype: 'f4', shape: [calibrationSamples, ...inputShape], data } as const]]));
}

function firstError(stderr: string): string {
  return /error\[?(H\d+)\]?/.exec(stderr)?.[1] ?? 'failed';
}
