/** What a rewriting pass leaves behind. */
import type { HeModule } from '../../ir/he/module.ts';
import { operandsOf, useCounts } from '../../ir/he/operands.ts';
import { isInput, isOutput } from '../../ir/he/traits.ts';
import { HeRewriter } from '../base/he-rewriter.ts';

/** Without the ops that nothing reads; inputs stay. */
export function dropUnused(module: HeModule): HeModule {
  const { op } = module.columns;
  const uses = useCounts(module.columns);
  const dead = new Uint8Array(op.length);
  for (let id = op.length - 1; id >= 0; id--) {
    const code = op[id] ?? 0;
    if (isOutput(code) || isInput(code) || uses[id] !== 0) continue;
    dead[id] = 1;
    for (const x of operandsOf(module.columns, id)) uses[x] = (uses[x] ?? 0) - 1;
  }
  if (!dead.includes(1)) return module;
  const rewriter = new HeRewriter(module);
  for (let id = 0; id < op.length; id++) if (dead[id] === 0) rewriter.keep(id);
  return rewriter.finish();
}
