/** What package.json says. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

export const repository = join(import.meta.dirname, '..', '..', '..');

export const manifest = z
  .object({
    version: z.string(),
    engines: z.object({ node: z.string() }),
    files: z.array(z.string()),
    exports: z.record(z.string(), z.unknown()),
    dependencies: z.record(z.string(), z.string()),
    devDependencies: z.record(z.string(), z.string()),
    peerDependencies: z.record(z.string(), z.string()),
  })
  .parse(JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')));
