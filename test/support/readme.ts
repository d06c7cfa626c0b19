/** What the README promises. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const readme = readFileSync(join(import.meta.dirname, '..', '..', 'README.md'), 'utf8');

/** The operators that it lists as computed on encrypted values, in its order. */
export function listedOperators(): readonly string[] {
  return [...readme.matchAll(/^- .*?: (`.*)$/gm)].flatMap(([, list = '']) =>
    [...list.matchAll(/`([A-Z]\w+)`/g)].map(([, name]) => name ?? ''),
  );
}

/** The newest operator set of ONNX that it says hepc reads. */
export function newestOpset(): number {
  return Number(/ONNX opsets \d+ to (\d+)/.exec(readme)?.[1]);
}
