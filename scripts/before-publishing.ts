/**
 * npm runs this before it publishes: checks everything, and builds. A release comes with a provenance statement, which
 * needs the repository that it is built from; so the package is not published until package.json names it.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { runChild } from './child-process.mjs';

const root = join(import.meta.dirname, '..');
const required = ['repository', 'homepage', 'bugs'];

const manifest = z.record(z.string(), z.unknown()).parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));
const missing = required.filter((field) => manifest[field] === undefined);
if (missing.length > 0) {
  process.stderr.write(`package.json does not say where hepc is developed: add ${missing.join(', ')}\n`);
  process.exitCode = 1;
} else {
  process.exitCode = await runChild(process.execPath, [join(import.meta.dirname, 'check.ts')], { cwd: root });
}
