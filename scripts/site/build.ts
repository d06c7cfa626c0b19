/**
 * Builds the documentation as a site that needs no server: README, the pages of `docs/`, what was measured, and the
 * reference of the library from its types.
 *
 *   npm run site [-- FOLDER]      FOLDER: `site` unless given; open its index.html
 *
 * Exits 1 where a link leads nowhere.
 */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Application, Converter, type DocumentReflection, ReflectionKind } from 'typedoc';
import { pageGroups } from './pages.ts';

const root = join(import.meta.dirname, '..', '..');
const [folder = join(root, 'site')] = process.argv.slice(2);

/** By the name that TypeDoc has for the module. */
const entries = [
  { file: 'index.ts', module: 'index', name: 'hepc' },
  { file: 'runtime/client-library.ts', module: 'runtime/client-library', name: 'hepc/client' },
  { file: 'runtime/server-library.ts', module: 'runtime/server-library', name: 'hepc/server' },
  { file: 'service/library.ts', module: 'service/library', name: 'hepc/service' },
];

const pages = pageGroups.flatMap(({ title, pages }) =>
  pages.map((file) => ({ file, group: title, heading: headingOf(file) })),
);

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };

const app = await Application.bootstrap({
  name: `hepc ${version}`,
  entryPoints: entries.map(({ file }) => join(root, file)),
  tsconfig: join(root, 'tsconfig.build.json'),
  // `npm run check` has checked the types.
  skipErrorChecking: true,
  projectDocuments: pages.map(({ file }) => join(root, file)),
  readme: join(root, 'README.md'),
  customCss: join(import.meta.dirname, 'site.css'),
  // The pages have headings of their own.
  headings: { readme: false, document: false },
  navigation: { includeGroups: true, includeFolders: false },
  groupOrder: [...pageGroups.map(({ title }) => title), '*'],
  searchInDocuments: true,
  searchInComments: true,
  disableSources: true,
  githubPages: false,
  hideGenerator: true,
  includeVersion: false,
  highlightLanguages: ['bash', 'json', 'python', 'typescript', 'javascript', 'html', 'http'],
  // The text of the IR has a language of its own.
  ignoredHighlightLanguages: ['hepc', 'ir', 'text'],
  // Types that only other types name stay out of the reference.
  validation: { notExported: false, notDocumented: false, invalidLink: true, invalidPath: true },
});

app.converter.on(Converter.EVENT_CREATE_DOCUMENT, (_context, document: DocumentReflection) => {
  const page = pages.find(({ heading }) => heading === headingIn(document.content.map(({ text }) => text).join('')));
  if (page === undefined) return;
  document.name = page.heading;
  document.frontmatter['group'] = page.group;
});
app.converter.on(Converter.EVENT_CREATE_DECLARATION, (_context, reflection) => {
  if (!reflection.kindOf(ReflectionKind.Module)) return;
  reflection.name = entries.find(({ module }) => module === reflection.name)?.name ?? reflection.name;
});

const project = await app.convert();
if (project === undefined) {
  process.exitCode = 1;
} else {
  app.validate(project);
  await app.generateDocs(project, resolve(folder));
  process.exitCode = app.logger.hasErrors() || app.logger.hasWarnings() ? 1 : 0;
}

function headingOf(file: string): string {
  return headingIn(readFileSync(join(root, file), 'utf8'));
}

/** The first heading of a page. */
function headingIn(markdown: string): string {
  return /^# (.+)$/m.exec(markdown)?.[1]?.replaceAll('`', '') ?? '';
}
