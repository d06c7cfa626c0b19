import { writeClientPart } from '../../../runtime/hep/client-part.ts';
import { OutputFile } from '../../files/output-file.ts';
import { readClientFile } from '../../files/plan-file.ts';
import { program } from '../../shell/version.ts';
import type { Action } from '../../parsing/declaration.ts';
import type { clientPart } from '../../commands/making/client-part.ts';

export const runClientPart: Action<typeof clientPart> = async (options) => {
  const output = new OutputFile(options.output);
  output.write(writeClientPart(await readClientFile(options.plan), { madeBy: program }));
};
