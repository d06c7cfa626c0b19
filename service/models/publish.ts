/** From the file of a plan to objects and a record: checked by the reader, and stored once for all that serve it. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { unreadableFile } from '../../ir/diagnostics/cli.ts';
import { type Diagnostic, HepcError } from '../../ir/diagnostics/diagnostic.ts';
import { sha256Hex } from '../../ir/digest.ts';
import { unboundWeights } from '../../ir/diagnostics/runtime.ts';
import { requestsPerRun } from '../../ir/interpret/shared-runs.ts';
import type { Plan } from '../../ir/plan/plan.ts';
import { fileAccess } from '../../runtime/format/file-access.ts';
import { writeClientPart } from '../../runtime/hep/client-part.ts';
import { openHep } from '../../runtime/hep/read.ts';
import { isDamage, type ObjectStore } from '../stores/object-store.ts';
import type { ModelRecord } from './model-record.ts';
import { figuresOf } from './served-plan.ts';

export interface PublishOptions {
  /** Throws `HepcError` for a plan that cannot be served here. */
  readonly check?: (plan: Plan) => void;
  /** The report of a plan as a page. */
  readonly renderReport?: (plan: Plan) => Promise<string>;
  /** Called for a plan that can be served and should not be (H513). */
  readonly onWarning?: (warning: Diagnostic) => void;
}

/**
 * Stores the plan in the file at `path`, its client part and its report. Throws `HepcError` for a file that cannot be read
 * (H710), is no plan (H5xx), needs to be bound first (H630), or changes meanwhile (H805).
 */
export async function publishPlan(
  path: string,
  id: string,
  objects: ObjectStore,
  { check, renderReport, onWarning }: PublishOptions,
): Promise<ModelRecord> {
  const file = await openFile(path);
  try {
    const { size } = await file.stat();
    const plan = await openHep(fileAccess(file, size), path, { onWarning });
    if (plan.weights === 'encrypted' && plan.bound === undefined)
      throw new HepcError([unboundWeights({ plan: plan.client.name }, { file: path })]);
    check?.(plan);
    const digest = await digestOf(path);
    if (!(await isThere(objects, digest)))
      await objects.put('plans', digest, createReadStream(path), { limitBytes: size, digest, durable: true });
    const clientPart = writeClientPart(plan.client);
    const clientDigest = sha256Hex(clientPart);
    await putBytes(objects, clientDigest, clientPart);
    const report = renderReport === undefined ? undefined : `report-${digest}`;
    if (report !== undefined && renderReport !== undefined)
      await putBytes(objects, report, Buffer.from(await renderReport(plan)));
    const requests = requestsPerRun(plan);
    return {
      id,
      digest,
      clientDigest,
      ...(report !== undefined && { report }),
      ...(requests > 1 && { requestsPerRun: requests }),
      ...(plan.bound && { boundTo: plan.bound.publicKeyDigest }),
      ...figuresOf(plan),
    };
  } finally {
    await file.close();
  }
}

/** Read once more, so that what has been damaged in the store is replaced here, where the file is at hand. */
async function isThere(objects: ObjectStore, digest: string): Promise<boolean> {
  try {
    const stored = await objects.open('plans', digest);
    await stored?.release();
    return stored !== undefined;
  } catch (error) {
    if (isDamage(error)) return false;
    throw error;
  }
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    const file = await open(path);
    if ((await file.stat()).isFile()) return file;
    await file.close();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    throw new HepcError([unreadableFile({ reason: String(error.code) }, { file: path })]);
  }
  throw new HepcError([unreadableFile({ reason: 'it is no file' }, { file: path })]);
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path) as AsyncIterable<Buffer>) hash.update(piece);
  return hash.digest('hex');
}

async function putBytes(objects: ObjectStore, name: string, bytes: Uint8Array): Promise<void> {
  await objects.put('plans', name, oneOf(bytes), { limitBytes: bytes.length, digest: sha256Hex(bytes), durable: true });
}

async function* oneOf(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield await Promise.resolve(bytes);
}
