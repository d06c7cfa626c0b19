/** Every link of the documentation leads to a file that is there, and to a heading that is in it. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';
import { pageGroups } from '../../../scripts/site/pages.ts';
import { pages } from '../../support/guide.ts';

const root = join(import.meta.dirname, '..', '..', '..');

/** Pages of other folders that are in the site. */
const furtherPages = pageGroups
  .flatMap((group) => group.pages)
  .filter((file) => !file.startsWith('docs/'))
  .map((file) => ({ file, text: readFileSync(join(root, file), 'utf8') }));

const all = [...pages, ...furtherPages];

/** As GitHub and TypeDoc make them. */
function anchorsOf(text: string): Set<string> {
  const headings = [...withoutCode(text).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

function withoutCode(text: string): string {
  return text.replaceAll(/^```.*?^```$/gms, '');
}

/** Why a link leads nowhere; undefined where it leads somewhere. */
function fault(file: string, target: string): string | undefined {
  const [path = '', anchor] = target.split('#');
  const found = path === '' ? file : relative(root, join(root, dirname(file), decodeURI(path)));
  if (!existsSync(join(root, found))) return `${file}: ${target} is not there`;
  if (anchor === undefined || !found.endsWith('.md')) return undefined;
  const anchors = anchorsOf(readFileSync(join(root, found), 'utf8'));
  return anchors.has(anchor) ? undefined : `${file}: ${found} has no heading #${anchor}`;
}

test.each(all)('the links of $file', ({ file, text }) => {
  const prose = withoutCode(text).replaceAll(/`[^`]*`/g, '');
  const targets = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  const own = targets.filter((target) => !/^(https?|mailto):/.test(target));
  expect(own.flatMap((target) => fault(file, target) ?? [])).toEqual([]);
});

test('every page of docs/ is in the site, once', () => {
  const listed = pageGroups.flatMap((group) => group.pages);
  expect(new Set(listed).size).toBe(listed.length);
  const missing = pages.map(({ file }) => file).filter((file) => file !== 'README.md' && !listed.includes(file));
  expect(missing).toEqual([]);
});

test('every page of the site begins with its title', () => {
  const untitled = pageGroups
    .flatMap((group) => group.pages)
    .filter((file) => !/^# .+\n/.test(readFileSync(join(root, file), 'utf8')));
  expect(untitled).toEqual([]);
});
