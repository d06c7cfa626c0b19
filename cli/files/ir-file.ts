/** Modules from `.ir` files, with the large constants in the `.npz` beside them. */
import { existsSync } from 'node:fs';
import { Constant } from '../../ir/constant.ts';
import { HepcError } from '../../ir/diagnostics/diagnostic.ts';
import type { AnyModule } from '../../ir/levels.ts';
import { verify } from '../../ir/verify.ts';
import { readNpz } from '../../runtime/format/npz.ts';
import { constantsPath } from './dump-ir.ts';
import { fileKinds, readInputFile } from './input-file.ts';

const npzLimits = { maxEntries: 65_534, maxTotalBytes: 2 ** 32 - 1, allowDeflate: true };

/** A verified module. Throws `HepcError` H2xx, H4xx, H710, H711. */
export async function readIr(path: string): Promise<AnyModule> {
  const text = new TextDecoder().decode(await readInputFile(path, fileKinds.ir));
  const constants = await readConstants(constantsPath(path));
  // Loaded where it is wanted: with the parser generator behind it, it is a third of the start of every command.
  const { parseModule } = await import('../../ir/text/parse.ts');
  const { module, diagnostics, locate } = parseModule(text, {
    fileName: path,
    constants: (_digest, name) => constants.get(name),
  });
  if (module === undefined) throw new HepcError(diagnostics);
  const problems = verify(module, (id) => ({ file: path, ...locate(id) }));
  if (problems.length > 0) throw new HepcError(problems.map((each) => ({ ...each, at: { file: path, ...each.at } })));
  return module;
}

async function readConstants(path: string): Promise<Map<string, Constant>> {
  const constants = new Map<string, Constant>();
  if (!existsSync(path)) return constants;
  const bytes = await readInputFile(path, fileKinds.samples);
  for (const [name, { dtype, shape, data }] of readNpz(bytes, npzLimits, { file: path }))
    if (dtype === 'f8' || dtype === 'i4') constants.set(name, new Constant(shape, data));
  return constants;
}
