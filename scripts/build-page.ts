/** Builds the demo page into dist/page, for `hepc serve --demo` in this repository. */
import { join } from 'node:path';
import { buildPage } from './package/page.ts';

await buildPage(join(import.meta.dirname, '..', 'dist', 'page'));
