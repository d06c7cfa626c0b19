/** The pages of the documentation as tests read them. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');

export interface Page {
  /** From the root of the project. */
  readonly file: string;
  readonly text: string;
}

/** README and all that is in `docs/`. */
export const pages: readonly Page[] = ['README.md', ...globSync('docs/**/*.md', { cwd: root }).sort()].map((file) => ({
  file: file.replaceAll('\\', '/'),
  text: readFileSync(join(root, file), 'utf8'),
}));

export interface CodeBlock {
  readonly language: string;
  /** The heading above it. */
  readonly heading: string;
  readonly code: string;
}

/** The fenced blocks of a page in its order. */
export function codeBlocks({ text }: Page): readonly CodeBlock[] {
  return [...text.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(({ 1: language = '', 2: code = '', index }) => ({
    language,
    heading: [...text.slice(0, index).matchAll(/^#+ (.+)$/gm)].at(-1)?.[1] ?? '',
    code,
  }));
}

/** The code of the blocks in one language of the page `file`. */
export function codeIn(file: string, language: string): readonly string[] {
  const page = pages.find((each) => each.file === file);
  if (page === undefined) throw new Error(`${file} is no page`);
  return codeBlocks(page).flatMap((block) => (block.language === language ? [block.code] : []));
}

/** Command lines of the shell blocks of a page, those that go on in the next line in one. */
export function commandLines(page: Page): readonly string[] {
  return codeBlocks(page)
    .filter(({ language }) => language === 'sh')
    .flatMap(({ code }) => code.replaceAll(/\\\n\s*/g, '').split('\n'))
    .filter((line) => line !== '' && !line.startsWith('#'));
}
