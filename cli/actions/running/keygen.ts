import { evaluationKeyBytes } from '../../../ir/parameters.ts';
import { Client } from '../../../runtime/client.ts';
import type { KeySet } from '../../../runtime/seal/keys.ts';
import { createProgress } from '../../shell/progress.ts';
import { interruptible } from '../../shell/interrupts.ts';
import { keyFileNames } from '../../files/key-file-names.ts';
import { KeyFolder } from '../../files/key-folder.ts';
import { readClientFile } from '../../files/plan-file.ts';
import { renderFields } from '../../render/table.ts';
import { toJson } from '../../render/json.ts';
import { formatBytes, plural } from '../../render/units.ts';
import type { Action } from '../../parsing/declaration.ts';
import type { keygen } from '../../commands/running/keygen.ts';

const { secretKey, publicKey, evaluationKeys } = keyFileNames;

export const runKeygen: Action<typeof keygen> = async (options, { print }) => {
  const part = await readClientFile(options.plan);
  const progress = createProgress(options.quiet);
  const folder = new KeyFolder(options.output, options.force);
  try {
    const { keys: count, saved } = evaluationKeyBytes(part.parameters, part.rotationSteps.length, part.needsRelinKeys);
    const keys = await interruptible(async () => {
      const client = await Client.create(part);
      try {
        progress.step(`making ${plural(count, 'evaluation key')}, about ${formatBytes(saved)}`);
        return client.generateKeys();
      } finally {
        client.close();
      }
    }).finally(() => progress.end());
    folder.write(keys);
    print(options.json ? toJson(keyReport(options.output, keys)) : describeKeys(options.output, keys));
  } finally {
    folder.close();
  }
};

function keyReport(folder: string, keys: KeySet): Record<string, unknown> {
  const bytes = { [secretKey]: keys.secretKey, [publicKey]: keys.publicKey, [evaluationKeys]: keys.evaluationKeys };
  return { folder, bytes: Object.fromEntries(Object.entries(bytes).map(([name, key]) => [name, key.length])) };
}

function describeKeys(folder: string, keys: KeySet): string {
  const fields = renderFields([
    [secretKey, `${formatBytes(keys.secretKey.length)}, for the client alone`],
    [publicKey, `${formatBytes(keys.publicKey.length)}, for the model owner, to bind encrypted weights`],
    [evaluationKeys, `${formatBytes(keys.evaluationKeys.length)}, for the server`],
  ]);
  return `${folder}\n${fields}`;
}
