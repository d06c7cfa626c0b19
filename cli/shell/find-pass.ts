/** Passes by name. */
import { unknownName } from '../../ir/diagnostics/cli.ts';
import { HepcError } from '../../ir/diagnostics/diagnostic.ts';
import { suggestion } from '../../ir/suggestion.ts';
import type { AnyPass } from '../../passes/base/pass.ts';
import { passes } from '../../passes/registry.ts';

/** Throws `HepcError` H703. */
export function findPass(name: string): AnyPass {
  const found = passes.find((pass) => pass.name === name);
  if (found !== undefined) return found;
  const meant = suggestion(
    name,
    passes.map((pass) => pass.name),
  );
  throw new HepcError([unknownName({ what: 'pass', name, suggestion: meant, list: 'hepc passes' })]);
}
