/** The version of node-seal that is installed. Node only: reads its package. */
import { readFileSync } from 'node:fs';
// Not by name: that would not link in a Node that lacks it, which is to say so in a sentence of its own.
import nodeModule from 'node:module';
import { z } from 'zod';
import { InternalError } from '../../../ir/diagnostics/diagnostic.ts';

const packageSchema = z.looseObject({ version: z.string() });

export function sealVersion(): string {
  const manifest = nodeModule.findPackageJSON('node-seal', import.meta.url);
  if (manifest === undefined) throw new InternalError('node-seal is not installed');
  return packageSchema.parse(JSON.parse(readFileSync(manifest, 'utf8'))).version;
}
