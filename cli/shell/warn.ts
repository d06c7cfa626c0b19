/** Warnings about samples and answers, of which there may be one for each. */
import { type Diagnostic, formatDiagnostic } from '../../ir/diagnostics/diagnostic.ts';
import type { CommandContext } from './context.ts';

const mostShown = 8;

/** Shows the first few, and says how many there are besides. */
export function warn(warnings: readonly Diagnostic[], { remark }: Pick<CommandContext, 'remark'>): void {
  for (const warning of warnings.slice(0, mostShown)) remark(formatDiagnostic(warning));
  const more = warnings.length - mostShown;
  if (more > 0) remark(`and ${more} more ${more === 1 ? 'warning' : 'warnings'} of the same kind`);
}
