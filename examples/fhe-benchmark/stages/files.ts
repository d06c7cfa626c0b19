/** Files of the stages: made with their folders, and written anew each time. */
import { mkdirSync, readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { append } from '../../../cli/files/durable.ts';
import { type Client, Client as ClientOfPlan, readClientPart } from '../../../runtime/client-library.ts';
import { fileAccess } from '../../../runtime/format/file-access.ts';
import type { RandomAccess } from '../../../runtime/format/random-access.ts';
import type { Append } from '../../../runtime/format/zip-writer.ts';
import { type Instance, placesOf, plansOf } from '../instance.ts';

/** Calls `use` with a client of the instance's plan that holds its secret key. */
export async function withClient<T>(instance: Instance, use: (client: Client) => Promise<T>): Promise<T> {
  const plan = plansOf(instance).client;
  const client = await ClientOfPlan.create(readClientPart(readFileSync(plan), plan));
  try {
    client.loadKeys(readFileSync(placesOf(instance).secretKey));
    return await use(client);
  } finally {
    client.close();
  }
}

/** Calls `use` with a file that is open meanwhile. */
export async function withFile<T>(path: string, use: (source: RandomAccess) => Promise<T>): Promise<T> {
  const file = await open(path, 'r');
  try {
    return await use(fileAccess(file, (await file.stat()).size));
  } finally {
    await file.close();
  }
}

/** Calls `use` with what appends to a new file in `folder`. */
export async function withNewFile<T>(folder: string, path: string, use: (append: Append) => Promise<T>): Promise<T> {
  mkdirSync(folder, { recursive: true });
  const file = await open(path, 'w');
  try {
    return await use((bytes) => append(file, bytes));
  } finally {
    await file.close();
  }
}
