import { evaluationKeyBytes } from '../../../ir/ckks/switching-keys.ts';
import type { ClientPart } from '../../../ir/plan/plan.ts';
import { Client } from '../../../runtime/client.ts';
import type { KeySet } from '../../../runtime/cipher/key-files.ts';
import { createProgress, type Progress } from '../../shell/progress.ts';
import { interruptible } from '../../shell/interrupts.ts';
import { keyFileNames } from '../../files/keys/key-file-names.ts';
import { KeyFolder } from '../../files/keys/key-folder.ts';
import { hasKeys, keySetName, placeOfSet } from '../../files/keys/key-sets.ts';
import { readClientFile } from '../../files/plan-file.ts';
import { renderFields } from '../../render/table.ts';
import { toJson } from '../../render/json.ts';
import { formatBytes, plural } from '../../render/units.ts';
import type { CommandContext } from '../../shell/context.ts';
import type { Action } from '../../parsing/declaration.ts';
import type { keygen } from '../../commands/running/keygen.ts';

const { secretKey, publicKey, evaluationKeys } = keyFileNames;

interface MadeSet {
  /** Of the keys. */
  readonly folder: string;
  readonly plans: readonly string[];
  readonly keys: KeySet;
}

export const runKeygen: Action<typeof keygen> = async (options, { print, remark }) => {
  const sets = await setsOf(options.plans, options.output, { remark });
  const missing = sets.filter(({ place }) => options.force || !hasKeys(place));
  // Where all are there, the folders say so.
  const wanted = missing.length === 0 ? sets : missing;
  const progress = createProgress(options.quiet);
  const folders: KeyFolder[] = [];
  const made: MadeSet[] = [];
  try {
    for (const { place } of wanted) folders.push(new KeyFolder(place, options.force));
    for (const [i, { part, place, plans }] of wanted.entries()) {
      const keys = await makeKeys(part, progress).finally(() => progress.end());
      folders[i]?.write(keys);
      made.push({ folder: place, plans, keys });
    }
  } finally {
    for (const folder of folders) folder.close();
  }
  const kept = sets.filter((set) => !wanted.includes(set)).map(({ place, plans }) => ({ folder: place, plans }));
  if (options.json) {
    print(toJson(keyReport(options.output, made, kept)));
    return;
  }
  for (const { folder, plans } of kept) print(`${folder}, for ${plans.join(' and ')}: there already\n`);
  print(made.map((each) => describeSet(each, sets.length)).join(''));
};

interface PlannedSet {
  /** Its folder. */
  readonly place: string;
  readonly part: ClientPart;
  /** The files of those whose keys these are. */
  readonly plans: readonly string[];
}

/** One for all plans that share their parameters and rotation steps. */
async function setsOf(
  paths: readonly string[],
  folder: string,
  context: Pick<CommandContext, 'remark'>,
): Promise<PlannedSet[]> {
  const sets = new Map<string, { readonly part: ClientPart; readonly plans: string[] }>();
  for (const path of paths) {
    const part = await readClientFile(path, context);
    const name = keySetName(part);
    sets.set(name, { part, plans: [...(sets.get(name)?.plans ?? []), path] });
  }
  const list = [...sets.values()];
  return Promise.all(
    list.map(async (set) => ({ ...set, place: await placeOfSet(folder, set.part, list.length === 1) })),
  );
}

async function makeKeys(part: ClientPart, progress: Progress): Promise<KeySet> {
  const { keys, saved } = evaluationKeyBytes(part);
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

function keyReport(
  folder: string,
  made: readonly MadeSet[],
  kept: readonly Omit<MadeSet, 'keys'>[],
): Record<string, unknown> {
  const sets = made.map(({ folder, plans, keys }) => {
    const bytes = { [secretKey]: keys.secretKey, [publicKey]: keys.publicKey, [evaluationKeys]: keys.evaluationKeys };
    return { folder, plans, bytes: Object.fromEntries(Object.entries(bytes).map(([name, key]) => [name, key.length])) };
  });
  return { folder, sets, ...(kept.length === 0 ? {} : { kept }) };
}

function describeSet({ folder, plans, keys }: MadeSet, count: number): string {
  const fields = renderFields([
    [secretKey, `${formatBytes(keys.secretKey.length)}, for the client alone`],
    [publicKey, `${formatBytes(keys.publicKey.length)}, for the model owner, to bind encrypted weights`],
    [evaluationKeys, `${formatBytes(keys.evaluationKeys.length)}, for the server`],
  ]);
  return `${folder}${count === 1 ? '' : `, for ${plans.join(' and ')}`}\n${fields}`;
}
