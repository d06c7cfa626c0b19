/** What a benchmark found: where it was measured, and its page. */
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { format, resolveConfig } from 'prettier';

/** Of the machine and of today. */
export function circumstances(): { readonly machine: string; readonly node: string; readonly date: string } {
  return {
    machine: cpus()[0]?.model.trim() ?? 'an unknown processor',
    node: process.versions.node,
    date: new Date().toISOString().slice(0, 10),
  };
}

/** Prints `page`, which is Markdown, as Prettier has it; `isKept`: and writes it to `file`. */
export async function publish(file: string, page: string, isKept: boolean): Promise<void> {
  const text = await format(page, { ...(await resolveConfig(file)), parser: 'markdown' });
  process.stdout.write(text);
  if (isKept) writeFileSync(file, text);
}
