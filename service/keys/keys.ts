/**
 * Evaluation keys of tenants. A tenant knows of the keys that he has uploaded himself, whole; that others have uploaded the
 * same, and the bytes are stored once, he cannot tell.
 */
import { keyQuota } from '../../ir/diagnostics/service/http.ts';
import { HepcError } from '../../ir/diagnostics/diagnostic.ts';
import { damagedObject } from '../../ir/diagnostics/service/stores.ts';
import type { ServiceSettings } from '../base/settings.ts';
import type { ServedPlan } from '../models/served-plan.ts';
import type { Backend } from '../stores/backend.ts';
import { changeEntry, type Entry, type Json } from '../stores/registry.ts';
import { Holders } from './holders.ts';
import { type KeyRecord, keyRecordSchema } from './key-record.ts';

/** Checks the file of keys at `path`, whose SHA-256 has to be `digest`, against a plan. Rejects with `HepcError`. */
export type KeyCheck = (plan: ServedPlan, path: string, digest: string) => Promise<{ readonly keyId: string }>;

interface KeysOptions {
  readonly settings: Pick<ServiceSettings, 'keySeconds' | 'tenantKeyBytes'>;
  readonly check: KeyCheck;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

export interface UploadedKeys {
  readonly tenant: string;
  /** SHA-256, as it was announced. */
  readonly digest: string;
  readonly plan: ServedPlan;
  /** Gone where they are accepted. */
  readonly file: { readonly path: string; readonly bytes: number };
}

const prefix = 'keys';
/** Uses are noted so often at most. */
const touchMs = 60_000;

export class Keys {
  private readonly backend: Pick<Backend, 'objects' | 'registry' | 'signals'>;
  private readonly settings: KeysOptions['settings'];
  private readonly check: KeyCheck;
  private readonly now: () => number;
  private readonly holders: Holders;

  constructor(
    backend: Pick<Backend, 'objects' | 'registry' | 'signals'>,
    { settings, check, now = () => Date.now() }: KeysOptions,
  ) {
    this.backend = backend;
    this.settings = settings;
    this.check = check;
    this.now = now;
    this.holders = new Holders(backend);
  }

  /** `undefined` for keys of others, for those that have expired, and for none. */
  async find(tenant: string, digest: string): Promise<KeyRecord | undefined> {
    const entry = await this.backend.registry.get(nameOf(tenant, digest));
    return entry && this.living(entry);
  }

  /** As `find`; also `undefined` where the bytes are damaged, so that their owner uploads them again. */
  async findWhole(tenant: string, digest: string): Promise<KeyRecord | undefined> {
    const record = await this.find(tenant, digest);
    return record !== undefined && (await this.backend.objects.isWhole('keys', digest)) ? record : undefined;
  }

  async list(tenant: string): Promise<KeyRecord[]> {
    const records: KeyRecord[] = [];
    for await (const entry of this.backend.registry.list(`${prefix}.${tenant}`)) {
      const record = this.living(entry);
      if (record !== undefined) records.push(record);
    }
    return records;
  }

  /** Throws H845 where keys of `wanted` bytes beside `others` and those that are there are too many. */
  async requireRoom(tenant: string, wanted: number, others: number, besides?: string): Promise<void> {
    const records = await this.list(tenant);
    const used = records.reduce((sum, { bytes, digest }) => sum + (digest === besides ? 0 : bytes), others);
    const limit = this.settings.tenantKeyBytes;
    if (used + wanted > limit) throw new HepcError([keyQuota({ used, wanted, limit })]);
  }

  /**
   * Stores what a tenant has uploaded. Rejects with H805 for other bytes than were announced, H845, H807, and what is wrong
   * with the keys; nothing is there then that was not before.
   */
  async accept({ tenant, digest, plan, file }: UploadedKeys): Promise<KeyRecord> {
    const { bytes } = file;
    await this.requireRoom(tenant, bytes, 0, digest);
    const { objects, registry } = this.backend;
    await this.holders.claim(digest, tenant, this.now);
    try {
      const { keyId } = await this.check(plan, file.path, digest);
      await objects.putFile('keys', digest, { ...file, digest }, { durable: true });
      const now = this.now();
      const record: KeyRecord = {
        ...{ tenant, digest, keyId, plans: [plan.digest], bytes },
        ...{ storedAt: now, usedAt: now, expiresAt: now + 1000 * this.settings.keySeconds },
      };
      const name = nameOf(tenant, digest);
      for (;;) {
        if ((await registry.create(name, record)) !== undefined) return record;
        const renewed = await changeEntry(registry, name, (value) => merged(record, value));
        if (renewed !== undefined) return keyRecordSchema.parse(renewed.value);
      }
    } catch (error) {
      if ((await registry.get(nameOf(tenant, digest))) === undefined)
        await this.holders.release(digest, tenant, this.now);
      throw error;
    }
  }

  /**
   * The record, once its keys are known to be good for `plan`: checked when they are first used with it. Notes the use.
   * Rejects with what is wrong with them.
   */
  async use(record: KeyRecord, plan: ServedPlan): Promise<KeyRecord> {
    const isKnown = record.plans.includes(plan.digest);
    if (!isKnown) await this.checkStored(record.digest, plan);
    const now = this.now();
    if (isKnown && Math.abs(now - record.usedAt) < touchMs) return record;
    const changed = await changeEntry(this.backend.registry, nameOf(record.tenant, record.digest), (value) => ({
      ...keyRecordSchema.parse(value),
      plans: [...new Set([...keyRecordSchema.parse(value).plans, plan.digest])],
      usedAt: now,
      expiresAt: now + 1000 * this.settings.keySeconds,
    }));
    return changed === undefined ? record : keyRecordSchema.parse(changed.value);
  }

  /** False where there were none. */
  async delete(tenant: string, digest: string): Promise<boolean> {
    for (;;) {
      const entry = await this.backend.registry.get(nameOf(tenant, digest));
      if (entry === undefined) return false;
      if (!(await this.backend.registry.delete(entry))) continue;
      await this.holders.release(digest, tenant, this.now);
      return true;
    }
  }

  /** Deletes what has expired, and what a process has left behind that ended in the middle. */
  async sweep(): Promise<void> {
    const now = this.now();
    for await (const entry of this.backend.registry.list(prefix)) {
      const { data: record } = keyRecordSchema.safeParse(entry.value);
      if (record === undefined || record.expiresAt > now) continue;
      // One that has been used meanwhile has another revision, and stays.
      if (await this.backend.registry.delete(entry)) await this.holders.release(record.digest, record.tenant, this.now);
    }
    await this.holders.sweep(now, async (tenant, digest) => {
      return (await this.backend.registry.get(nameOf(tenant, digest))) !== undefined;
    });
  }

  /** How many records there are, and the bytes of all, each tenant's counted. */
  async totals(): Promise<{ readonly count: number; readonly bytes: number }> {
    let [count, bytes] = [0, 0];
    for await (const entry of this.backend.registry.list(prefix)) {
      const record = this.living(entry);
      if (record === undefined) continue;
      count++;
      bytes += record.bytes;
    }
    return { count, bytes };
  }

  private living({ value }: Entry): KeyRecord | undefined {
    const { data } = keyRecordSchema.safeParse(value);
    return data !== undefined && data.expiresAt > this.now() ? data : undefined;
  }

  private async checkStored(digest: string, plan: ServedPlan): Promise<{ readonly keyId: string }> {
    const file = await this.backend.objects.open('keys', digest);
    if (file === undefined) throw new HepcError([damagedObject({ what: 'a file of keys', reason: 'it is not there' })]);
    try {
      return await this.check(plan, file.path, digest);
    } finally {
      await file.release();
    }
  }
}

function merged(record: KeyRecord, value: Json): KeyRecord {
  const { data: before } = keyRecordSchema.safeParse(value);
  if (before === undefined) return record;
  return { ...record, plans: [...new Set([...before.plans, ...record.plans])], storedAt: before.storedAt };
}

function nameOf(tenant: string, digest: string): string {
  return `${prefix}.${tenant}.${digest}`;
}
