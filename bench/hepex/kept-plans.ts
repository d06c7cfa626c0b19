/** Plans of searches that are over, so that their times can be measured again in a quiet hour. Not under version control. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plan } from '../../ir/plan/plan.ts';
import { readHep } from '../../runtime/hep/read.ts';
import { writeHep } from '../../runtime/hep/write.ts';

const folder = join(import.meta.dirname, 'plans');
const sides = ['unpruned', 'pruned'] as const;

export function keepPlans(part: string, plans: readonly Plan[]): void {
  mkdirSync(folder, { recursive: true });
  for (const [k, side] of sides.entries()) {
    const plan = plans[k];
    if (plan !== undefined) writeFileSync(fileOf(part, side), writeHep(plan));
  }
}

/** The unpruned and the pruned one; undefined where none are kept. */
export function keptPlans(part: string): Plan[] | undefined {
  const files = sides.map((side) => fileOf(part, side));
  return files.every((file) => existsSync(file)) ? files.map((file) => readHep(readFileSync(file), file)) : undefined;
}

function fileOf(part: string, side: string): string {
  return join(folder, `${part.replace(':', '-')}-${side}.hep`);
}
