/** That what `hepc inspect --level` prints is read back as it was printed, with the constants that belong to it. */
import { expect } from 'vitest';
import type { Compilation } from '../../compiler/network-plans.ts';
import type { AnyModule } from '../../ir/levels.ts';
import { parseModule } from '../../ir/text/parse.ts';
import { printModule } from '../../ir/text/print.ts';
import { verify } from '../../ir/verify.ts';

export function expectReadBack({ plan, modules }: Pick<Compilation, 'plan' | 'modules'>): void {
  const { program, schedule } = plan;
  const all: readonly AnyModule[] = [modules.tensor, modules.tile, program, { ...program, level: 'plan', schedule }];
  for (const module of all) {
    const { text, constants } = printModule(module);
    const { module: back, diagnostics } = parseModule(text, { constants: (_, name) => constants.get(name) });
    expect(diagnostics).toEqual([]);
    if (back === undefined) return;
    expect(verify(back)).toEqual([]);
    const again = printModule(back);
    // As a comparison of its own, since a difference would print megabytes.
    expect(again.text === text).toBe(true);
    expect([...again.constants.keys()]).toEqual([...constants.keys()]);
  }
}
