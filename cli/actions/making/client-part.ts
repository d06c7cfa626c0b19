import { writeClientPart } from '../../../runtime/hep/client-part.ts';
import { OutputFile } from '../../files/output-file.ts';
import { readClientFile } from '../../files/plan-file.ts';
import { toJson } from '../../render/json.ts';
import { formatBytes } from '../../render/units.ts';
import { program } from '../../shell/version.ts';
import type { Action } from '../../parsing/declaration.ts';
import type { clientPart } from '../../commands/making/client-part.ts';

export const runClientPart: Action<typeof clientPart> = async (options, { print, remark }) => {
  const output = new OutputFile(options.output);
  const bytes = writeClientPart(await readClientFile(options.plan, { remark }), { madeBy: program });
  output.write(bytes);
  if (options.json) print(toJson({ file: output.path, bytes: bytes.length }));
  else print(`${output.path}: ${formatBytes(bytes.length)}${output.inPlace}\n`);
};
