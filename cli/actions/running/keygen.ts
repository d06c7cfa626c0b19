import { join } from 'node:path';
import { evaluationKeyBytes } from '../../../ir/parameters.ts';
import type { ClientPart } from '../../../ir/plan/plan.ts';
import { Client } from '../../../runtime/client.ts';
import type { KeySet } from '../../../runtime/seal/keys.ts';
import { createProgress, type Progress } from '../../shell/progress.ts';
import { interruptible } from '../../shell/interrupts.ts';
import { keyFileNames } from '../../files/key-file-names.ts';
import { KeyFolder, keySetName } from '../../files/key-folder.ts';
import { readClientFile } from '../../files/plan-file.ts';
import { renderFields } from '../../render/table.ts';
import { toJson } from '../../render/json.ts';
import { formatBytes, plural } from '../../render/units.ts';
import type { Action } from '../../parsing/declaration.ts';
import type { keygen } from '../../commands/running/keygen.ts';

const { secretKey, publicKey, evaluationKeys } = keyFileNames;

interface MadeSet {
  /** Of the keys. */
  readonly folder: string;
  readonly plans: readonly string[];
  readonly keys: KeySet;
}

export const runKeygen: Action<typeof keygen> = async (options, { print }) => {
  const sets = await setsOf(options.plans);
  const places = sets.map(({ name }) => (sets.length === 1 ? options.output : join(options.output, name)));
  const progress = createProgress(options.quiet);
  const folders: KeyFolder[] = [];
  const made: MadeSet[] = [];
  try {
    for (const place of places) folders.push(new KeyFolder(place, options.force));
    for (const [i, { part, plans }] of sets.entries()) {
      const keys = await makeKeys(part, progress).finally(() => progress.end());
      folders[i]?.write(keys);
      made.push({ folder: places[i] ?? '', plans, keys });
    }
  } finally {
    for (const folder of folders) folder.close();
  }
  print(
    options.json
      ? toJson(keyReport(options.output, made))
      : made.map((each) => describeSet(each, made.length)).join(''),
  );
};

interface PlannedSet {
  /** Of its folder among several. */
  readonly name: string;
  readonly part: ClientPart;
  /** The files of those whose keys these are. */
  readonly plans: readonly string[];
}

/** One for all plans that share their parameters and rotation steps. */
async function setsOf(paths: readonly string[]): Promise<PlannedSet[]> {
  const sets = new Map<string, PlannedSet>();
  for (const path of paths) {
    const part = await readClientFile(path);
    const name = keySetName(part);
    sets.set(name, { name, part, plans: [...(sets.get(name)?.plans ?? []), path] });
  }
  return [...sets.values()];
}

async function makeKeys(part: ClientPart, progress: Progress): Promise<KeySet> {
  const { keys, saved } = evaluationKeyBytes(part.parameters, part.rotationSteps.length, part.needsRelinKeys);
  return interruptible(async () => {
    const client = await Client.create(part);
    try {
      const what = `making ${plural(keys, 'evaluation key')}, about ${formatBytes(saved)}`;
      progress.overall(what, 0);
      return client.generateKeys({ onProgress: (done) => progress.overall(what, done) });
    } finally {
      client.close();
    }
  });
}

function keyReport(folder: string, made: readonly MadeSet[]): Record<string, unknown> {
  const sets = made.map(({ folder, plans, keys }) => {
    const bytes = { [secretKey]: keys.secretKey, [publicKey]: keys.publicKey, [evaluationKeys]: keys.evaluationKeys };
    return { folder, plans, bytes: Object.fromEntries(Object.entries(bytes).map(([name, key]) => [name, key.length])) };
  });
  return { folder, sets };
}

function describeSet({ folder, plans, keys }: MadeSet, count: number): string {
  const fields = renderFields([
    [secretKey, `${formatBytes(keys.secretKey.length)}, for the client alone`],
    [publicKey, `${formatBytes(keys.publicKey.length)}, for the model owner, to bind encrypted weights`],
    [evaluationKeys, `${formatBytes(keys.evaluationKeys.length)}, for the server`],
  ]);
  return `${folder}${count === 1 ? '' : `, for ${plans.join(' and ')}`}\n${fields}`;
}
