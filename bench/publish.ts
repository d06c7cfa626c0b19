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
  const text = await formatted(file, page);
  process.stdout.write(text);
  if (isKept) writeFileSync(file, text);
}

/** Writes `page`, which is Markdown, to `file` as Prettier has it. */
export async function writePage(file: string, page: string): Promise<void> {
  writeFileSync(file, await formatted(file, page));
}

async function formatted(file: string, page: string): Promise<string> {
  return format(page, { ...(await resolveConfig(file)), parser: 'markdown' });
}
