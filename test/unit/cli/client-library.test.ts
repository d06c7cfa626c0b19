import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..', '..', '..');

/** Files of ours, and packages, that importing `entry` loads. */
function loadedBy(entry: string): { readonly files: ReadonlySet<string>; readonly packages: ReadonlySet<string> } {
  const files = new Set<string>();
  const packages = new Set<string>();
  const visit = (file: string): void => {
    if (files.has(file)) return;
    files.add(file);
    const text = readFileSync(join(root, file), 'utf8');
    for (const [, specifier = ''] of text.matchAll(/^(?:import|export)(?! type )[^;]*?from '([^']+)';/gm)) {
      if (specifier.startsWith('.')) visit(relative(root, join(root, dirname(file), specifier)));
      else packages.add(specifier);
    }
  };
  visit(entry);
  return { files, packages };
}

test('hepc/client loads no compiler, no server, no SEAL, no onnxruntime and nothing of Node', () => {
  const { files, packages } = loadedBy('runtime/client-library.ts');
  expect(files).toContain('runtime/client.ts');
  expect([...files].filter((file) => !/^(runtime|ir)\//.test(file))).toEqual([]);
  // Of engines the threads alone, in which RemoteModel has its client.
  expect(
    [...files].filter((file) => /^runtime\/engines\/(?!sessions\/protocol|threads\/|exchange\/exchange)/.test(file)),
  ).toEqual([]);
  expect(packages).toContain('zod');
  expect([...packages].filter((name) => /^node:|node-seal|onnx|chevrotain|commander/.test(name))).toEqual([]);
});

test('the library is not the command line', () => {
  const { files, packages } = loadedBy('index.ts');
  expect([...files].filter((file) => file.startsWith('cli/'))).toEqual([]);
  expect([...packages].filter((name) => /commander|cli-progress|onnxruntime/.test(name))).toEqual([]);
});
