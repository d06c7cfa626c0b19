/** Runs a plan encrypted in a process of its own, so that what it takes of memory is its own. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Sample } from '../../ir/interface.ts';
import type { Plan } from '../../ir/plan/plan.ts';
import { writeHep } from '../../runtime/hep/write.ts';
import { type DeepFigures, deepFigures, type DeepInputs } from './deep-figures.ts';

/**
 * On one thread; of each sample the only input, which is called `input`.
 * @param weightBytes most memory for weights, the engine's default unless given
 */
export function runInProcess(plan: Plan, samples: readonly Sample[], input: string, weightBytes?: number): DeepFigures {
  const folder = mkdtempSync(join(tmpdir(), 'hepc-depth-'));
  try {
    const [planFile, inputs] = [join(folder, 'plan.hep'), join(folder, 'inputs.json')];
    writeFileSync(planFile, writeHep(plan));
    const given: DeepInputs = { samples: samples.map((sample) => [...(sample.get(input) ?? [])]) };
    writeFileSync(inputs, JSON.stringify(given));
    const args = [planFile, inputs, ...(weightBytes === undefined ? [] : [String(weightBytes)])];
    const printed = execFileSync(process.execPath, [join(import.meta.dirname, 'run-deep.ts'), ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    return deepFigures.parse(JSON.parse(printed));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
