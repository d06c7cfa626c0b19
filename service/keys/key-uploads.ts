/**
 * Files of keys on their way: bytes that arrive over connections that break, until all are there, are checked, and become
 * keys of the tenant. What has arrived stays; whoever asks for a whole one waits for what becomes of it.
 */
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { z } from 'zod';
import { HepcError } from '../../ir/diagnostics/diagnostic.ts';
import { keysTooLarge, tooManyUploads, unknownModel, unknownUpload } from '../../ir/diagnostics/service/http.ts';
import { statusOf } from '../base/problems.ts';
import type { Catalogue } from '../models/catalogue.ts';
import { keyLimit } from '../models/served-plan.ts';
import type { Backend } from '../stores/backend.ts';
import type { Upload } from '../stores/uploads.ts';
import type { Keys } from './keys.ts';

/** Uploads that a tenant may have under way. */
const maxUploads = 64;
/** After which an upload that is not finished goes, and it is forgotten that one was. */
export const uploadSeconds = 24 * 3600;
const receivedPrefix = 'received';

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const noteSchema = z.strictObject({ tenant: z.string(), digest, plan: digest, model: z.string() });
/** Of an upload that has become keys: for a client that has not heard of it. */
const receivedSchema = z.strictObject({ tenant: z.string(), length: z.int(), createdAt: z.number() });

export type UploadState = Pick<Upload, 'id' | 'length' | 'offset' | 'createdAt'>;

export class KeyUploads {
  private readonly backend: Pick<Backend, 'uploads' | 'registry'>;
  private readonly catalogue: Catalogue;
  private readonly keys: Keys;
  private readonly now: () => number;
  /** Those that are being checked, by their names. */
  private readonly finishing = new Map<string, Promise<void>>();
  /** By tenant: one upload is admitted after the other, so that two cannot take the same room. */
  private readonly admissions = new Map<string, Promise<unknown>>();

  constructor(
    backend: Pick<Backend, 'uploads' | 'registry'>,
    catalogue: Catalogue,
    keys: Keys,
    now: () => number = () => Date.now(),
  ) {
    this.backend = backend;
    this.catalogue = catalogue;
    this.keys = keys;
    this.now = now;
  }

  /** Rejects with H840, H845, H846 and H864. */
  async create(tenant: string, length: number, wanted: { readonly digest: string; readonly model: string }) {
    const plan = this.catalogue.byId(wanted.model);
    if (plan === undefined)
      throw new HepcError([unknownModel({ id: wanted.model, suggestion: this.catalogue.nearest(wanted.model) })]);
    const limit = keyLimit(plan);
    if (length > limit) throw new HepcError([keysTooLarge({ length, limit, model: plan.id })]);
    return this.inTurn(tenant, async () => {
      const others = await this.underWay(tenant);
      if (others.length >= maxUploads) throw new HepcError([tooManyUploads({ limit: maxUploads })]);
      const bytes = others.reduce((sum, upload) => sum + upload.length, 0);
      await this.keys.requireRoom(tenant, length, bytes);
      const note = { tenant, digest: wanted.digest, plan: plan.digest, model: plan.id };
      return this.backend.uploads.create(randomBytes(16).toString('hex'), length, note);
    });
  }

  /**
   * What has arrived. Where that is all, waits until it has become keys; rejects with what is wrong with them, and H847 for
   * the upload of another tenant and for none.
   */
  async get(tenant: string, id: string): Promise<UploadState> {
    const upload = await this.own(tenant, id);
    if (upload !== undefined && upload.offset < upload.length) return upload;
    if (upload !== undefined) await this.finish(tenant, id);
    const entry = isName(id) ? await this.backend.registry.get(`${receivedPrefix}.${id}`) : undefined;
    const { data: received } = receivedSchema.safeParse(entry?.value);
    if (received?.tenant !== tenant) throw new HepcError([unknownUpload({})]);
    const { length, createdAt } = received;
    return { id, length, offset: length, createdAt };
  }

  /** The new offset; what arrives before `source` fails or ends is kept. Rejects with H847, H809, H806 and H807. */
  async append(tenant: string, id: string, offset: number, source: AsyncIterable<Uint8Array>): Promise<number> {
    if ((await this.own(tenant, id)) === undefined) throw new HepcError([unknownUpload({})]);
    return this.backend.uploads.append(id, offset, source);
  }

  /** Makes keys of an upload that is whole. Rejects with what is wrong with them, whereupon the upload is gone. */
  async finish(tenant: string, id: string): Promise<void> {
    const running = this.finishing.get(id) ?? this.finishNow(tenant, id).finally(() => this.finishing.delete(id));
    this.finishing.set(id, running);
    await running;
  }

  /** False where there is none. */
  async remove(tenant: string, id: string): Promise<boolean> {
    return (await this.own(tenant, id)) !== undefined && this.backend.uploads.delete(id);
  }

  /** Removes uploads that have stood for too long, and goes on with those that were whole when a process ended. */
  async sweep(): Promise<void> {
    const oldest = this.now() - 1000 * uploadSeconds;
    for await (const upload of this.backend.uploads.list()) {
      const { data: note } = noteSchema.safeParse(upload.note);
      if (note === undefined || upload.createdAt < oldest) await this.backend.uploads.delete(upload.id);
      // Where the keys are refused, the upload has gone with that; where the store fails, the next sweep tries again.
      else if (upload.offset >= upload.length) await this.finish(note.tenant, upload.id).catch(() => undefined);
    }
    for await (const entry of this.backend.registry.list(receivedPrefix)) {
      const { data: received } = receivedSchema.safeParse(entry.value);
      if (received === undefined || received.createdAt < oldest) await this.backend.registry.delete(entry);
    }
  }

  private async finishNow(tenant: string, id: string): Promise<void> {
    const upload = await this.own(tenant, id);
    if (upload === undefined) return;
    const note = noteSchema.parse(upload.note);
    const { length, createdAt } = upload;
    try {
      const plan = this.catalogue.byDigest(note.plan);
      if (plan === undefined) throw new HepcError([unknownModel({ id: note.model })]);
      const file = await this.backend.uploads.file(id);
      try {
        await this.keys.accept({ tenant, digest: note.digest, plan, file });
      } finally {
        await rm(file.path, { force: true });
      }
    } catch (error) {
      if (isRefusal(error)) await this.backend.uploads.delete(id);
      throw error;
    }
    await this.backend.registry.create(`${receivedPrefix}.${id}`, { tenant, length, createdAt });
    await this.backend.uploads.delete(id);
  }

  private async own(tenant: string, id: string): Promise<Upload | undefined> {
    if (!isName(id)) return undefined;
    const upload = await this.backend.uploads.get(id);
    return noteSchema.safeParse(upload?.note).data?.tenant === tenant ? upload : undefined;
  }

  private async underWay(tenant: string): Promise<Upload[]> {
    const found: Upload[] = [];
    for await (const upload of this.backend.uploads.list())
      if (noteSchema.safeParse(upload.note).data?.tenant === tenant) found.push(upload);
    return found;
  }

  private async inTurn<T>(tenant: string, work: () => Promise<T>): Promise<T> {
    const before = this.admissions.get(tenant) ?? Promise.resolve();
    const mine = before.then(work, work);
    const settled = mine.catch(() => undefined);
    this.admissions.set(tenant, settled);
    try {
      return await mine;
    } finally {
      if (this.admissions.get(tenant) === settled) this.admissions.delete(tenant);
    }
  }
}

/** Whether it is the fault of what was uploaded. */
function isRefusal(error: unknown): boolean {
  return error instanceof HepcError && error.diagnostics.every(({ code }) => statusOf(code) < 500);
}

/** As `create` makes them. */
function isName(id: string): boolean {
  return /^[0-9a-f]{32}$/.test(id);
}
