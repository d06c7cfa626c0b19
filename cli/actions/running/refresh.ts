import { existsSync, writeFileSync } from 'node:fs';
import { HepcError } from '../../../ir/diagnostics/diagnostic.ts';
import { unexpectedRefresh } from '../../../ir/diagnostics/refresh/messages.ts';
import { sha256Hex } from '../../../ir/digest.ts';
import { Client } from '../../../runtime/client.ts';
import type { refresh } from '../../commands/running/refresh.ts';
import { fileKinds, readInputFile } from '../../files/input-file.ts';
import { keyFileNames } from '../../files/keys/key-file-names.ts';
import { readKeyFile } from '../../files/keys/key-sets.ts';
import { OutputFile } from '../../files/output-file.ts';
import { readClientFile } from '../../files/plan-file.ts';
import { attempt } from '../../files/system-errors.ts';
import type { Action } from '../../parsing/declaration.ts';
import { toJson } from '../../render/json.ts';
import { formatBytes } from '../../render/units.ts';
import { inFile } from '../../shell/failure.ts';

export const runRefresh: Action<typeof refresh> = async (options, { print, remark }) => {
  const output = new OutputFile(options.output);
  const part = await readClientFile(options.plan, { remark });
  const key = await readKeyFile(options.keys, keyFileNames.secretKey, part, options.plan);
  const inputs = await readInputFile(options.input, fileKinds.ciphertexts);
  const request = await readInputFile(options.request, fileKinds.ciphertexts);
  const rounds = part.refreshes?.length ?? 0;
  const round = answeredRounds(options.input, rounds);
  const client = await Client.create(part);
  try {
    inFile(key.path, () => {
      client.loadKeys(key.bytes);
    });
    inFile(options.input, () => {
      client.allowRefreshes(inputs, round);
    });
    const answer = inFile(options.request, () => client.refresh(request));
    // Noted before it is given away, so that it is never given twice.
    noteAnswer(options.input, round, request);
    output.write(answer);
    if (options.json) print(toJson({ file: output.path, bytes: answer.length, round, rounds }));
    else
      print(
        `${options.output}: ${formatBytes(answer.length)}, round trip ${round + 1} of ${rounds}${output.inPlace}\n`,
      );
  } finally {
    client.close();
  }
};

function notePath(inputs: string, round: number): string {
  return `${inputs}.refreshed-${round}`;
}

/** Round trips of a file of inputs that have been answered. */
function answeredRounds(inputs: string, rounds: number): number {
  let round = 0;
  while (round < rounds && existsSync(notePath(inputs, round))) round++;
  return round;
}

/** Throws `HepcError` where somebody else answers the same round trip at this moment (H662), and where nothing can be written. */
function noteAnswer(inputs: string, round: number, request: Uint8Array): void {
  const path = notePath(inputs, round);
  attempt(path, () => {
    try {
      writeFileSync(path, `${sha256Hex(request)}\n`, { flag: 'wx' });
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
      throw new HepcError([unexpectedRefresh({ reason: `round trip ${round} of these inputs was answered before` })]);
    }
  });
}
