/** What a benchmark found: where it was measured, and its page. */
import { readFileSync, writeFileSync } from 'node:fs';
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

/**
 * Prints `sections`, Markdown that begins with `## ` and a title each; `isKept`: and puts each into `file` in place of the one
 * of its title, or behind all others.
 */
export async function publishSections(file: string, sections: readonly string[], isKept: boolean): Promise<void> {
  process.stdout.write(await formatted(file, sections.join('\n')));
  if (!isKept) return;
  const fresh = new Map(sections.map((section) => [titleOf(section), section]));
  const [head = '', ...old] = readFileSync(file, 'utf8').split(/^(?=## )/m);
  const kept = old.map((section) => {
    const title = titleOf(section);
    const replaced = fresh.get(title) ?? section;
    fresh.delete(title);
    return replaced;
  });
  await writePage(file, [head, ...kept, ...fresh.values()].join('\n'));
}

function titleOf(section: string): string {
  return section.slice(0, section.indexOf('\n'));
}

/** Writes `page`, which is Markdown, to `file` as Prettier has it. */
export async function writePage(file: string, page: string): Promise<void> {
  writeFileSync(file, await formatted(file, page));
}

async function formatted(file: string, page: string): Promise<string> {
  return format(page, { ...(await resolveConfig(file)), parser: 'markdown' });
}
