import { z } from 'zod';
import { evaluationKeyBytes } from '../../../ir/parameters.ts';
import { Client } from '../../../runtime/client.ts';
import type { KeySet } from '../../../runtime/seal/keys.ts';
import { defineCommand, option } from '../../shell/command.ts';
import { interruptible } from '../../shell/interrupts.ts';
import { keyFileNames, KeyFolder } from '../../files/key-folder.ts';
import { flag, text } from '../../shell/option-values.ts';
import { readClientFile } from '../../files/plan-file.ts';
import { renderFields } from '../../render/table.ts';
import { formatBytes, plural } from '../../render/units.ts';
import { clientPlanArgument } from '../options/options.ts';

const { secretKey, publicKey, evaluationKeys } = keyFileNames;

export const keygen = defineCommand({
  name: 'keygen',
  group: 'Run it encrypted, as client and server',
  summary: 'Make the keys of a client',
  details: [
    `Writes ${secretKey}, which decrypts and never leaves the client; ${publicKey}, under which the model owner can bind ` +
      `encrypted weights; and ${evaluationKeys}, for the server.`,
    'Keys belong to the encryption parameters and rotation steps of the plan.',
  ],
  options: z.strictObject({
    plan: clientPlanArgument,
    output: option(text, { doc: 'folder of the keys, made where it is missing', short: 'o', value: 'DIR' }),
    force: option(flag, { doc: 'overwrite keys that are there; what was encrypted under them is lost' }),
  }),
  examples: ['keygen client.hep -o keys'],
  run: async (options, { print }) => {
    const part = await readClientFile(options.plan);
    const folder = new KeyFolder(options.output, options.force);
    try {
      const { keys: count, saved } = evaluationKeyBytes(
        part.parameters,
        part.rotationSteps.length,
        part.needsRelinKeys,
      );
      print(`making ${plural(count, 'evaluation key')}, about ${formatBytes(saved)}\n`);
      const keys = await interruptible(async () => {
        const client = await Client.create(part);
        try {
          return client.generateKeys();
        } finally {
          client.close();
        }
      });
      folder.write(keys);
      print(describeKeys(options.output, keys));
    } finally {
      folder.close();
    }
  },
});

function describeKeys(folder: string, keys: KeySet): string {
  const fields = renderFields([
    [secretKey, `${formatBytes(keys.secretKey.length)}, for the client alone`],
    [publicKey, `${formatBytes(keys.publicKey.length)}, for the model owner, to bind encrypted weights`],
    [evaluationKeys, `${formatBytes(keys.evaluationKeys.length)}, for the server`],
  ]);
  return `${folder}\n${fields}`;
}
