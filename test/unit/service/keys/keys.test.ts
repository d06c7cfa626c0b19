import { mkdtempSync, rmSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished, expect, test } from 'vitest';
import { HepcError } from '../../../../ir/diagnostics/diagnostic.ts';
import { sha256Hex } from '../../../../ir/digest.ts';
import { damagedFile } from '../../../../ir/diagnostics/runtime.ts';
import { unlikeAnnounced } from '../../../../ir/diagnostics/service/stores.ts';
import { Holders } from '../../../../service/keys/holders.ts';
import { Keys } from '../../../../service/keys/keys.ts';
import { figuresOf } from '../../../../service/models/served-plan.ts';
import { openLocalBackend } from '../../../../service/stores/local/open.ts';
import { smallPlan } from '../../../fuzz/targets/small-plan.ts';

const bytes = Buffer.from('keys of somebody');
const digest = sha256Hex(bytes);
const small = smallPlan();
const plan = {
  ...{ id: 'small', digest: 'a'.repeat(64), clientDigest: 'b'.repeat(64), part: small.client, clientPart: bytes },
  ...figuresOf(small),
};

async function* one(piece: Uint8Array): AsyncIterable<Uint8Array> {
  yield await Promise.resolve(piece);
}

async function setUp() {
  const folder = mkdtempSync(join(tmpdir(), 'hepc-keys-'));
  const backend = await openLocalBackend(folder);
  onTestFinished(async () => {
    await backend.close();
    rmSync(folder, { recursive: true });
  });
  const clock = { now: 1e12, refuses: false };
  const keys = new Keys(backend, {
    settings: { keySeconds: 100, tenantKeyBytes: 40 },
    check: async (_, path, expected) => {
      const got = sha256Hex(await readFile(path));
      if (got !== expected) throw new HepcError([unlikeAnnounced({ what: 'the keys', expected, got })]);
      if (clock.refuses) throw new HepcError([damagedFile({ reason: 'so' })]);
      return { keyId: 'c'.repeat(64) };
    },
    now: () => clock.now,
  });
  const accept = async (tenant: string, source = bytes, name = digest) => {
    const path = backend.objects.unfinishedPath(name);
    await writeFile(path, source);
    return keys.accept({ tenant, digest: name, plan, file: { path, bytes: source.length } });
  };
  const stored = async (name = digest) => (await backend.objects.stat('keys', name)) !== undefined;
  return { backend, clock, keys, accept, stored };
}

test('each tenant sees his own, and the bytes go with the last of them', async () => {
  const { keys, accept, stored } = await setUp();
  await accept('ann');
  expect(await keys.find('ann', digest)).toMatchObject({
    tenant: 'ann',
    digest,
    plans: [plan.digest],
    bytes: bytes.length,
  });
  expect(await keys.find('bob', digest)).toBeUndefined();
  await accept('bob');
  await accept('bob');
  expect(await keys.totals()).toEqual({ count: 2, bytes: 2 * bytes.length });
  expect(await keys.delete('ann', digest)).toBe(true);
  expect([await keys.delete('ann', digest), await stored()]).toEqual([false, true]);
  expect(await keys.delete('bob', digest)).toBe(true);
  expect([await keys.list('bob'), await stored()]).toEqual([[], false]);
});

test('what is refused leaves nothing', async () => {
  const { clock, keys, accept, stored } = await setUp();
  await expect(accept('ann', Buffer.from('something else'))).rejects.toThrow('H805');
  clock.refuses = true;
  await expect(accept('ann')).rejects.toThrow('H604');
  expect([await keys.list('ann'), await stored()]).toEqual([[], false]);
  clock.refuses = false;
  await accept('bob');
  clock.refuses = true;
  // The bytes are those of bob as well.
  await expect(accept('ann')).rejects.toThrow('H604');
  expect([await keys.find('ann', digest), await stored()]).toEqual([undefined, true]);
});

test('a tenant has so many bytes, and keys that are not used expire', async () => {
  const { clock, keys, accept, stored } = await setUp();
  await accept('ann');
  const other = Buffer.from('keys that are many');
  const third = Buffer.from('more');
  await accept('ann', other, sha256Hex(other));
  await accept('ann', third, sha256Hex(third));
  await expect(keys.requireRoom('ann', 3, 0)).rejects.toThrow('H845');
  await expect(keys.requireRoom('ann', 2, 0)).resolves.toBeUndefined();
  clock.now += 70_000;
  const record = await keys.find('ann', digest);
  if (record === undefined) throw new Error('there are no keys');
  expect((await keys.use(record, plan)).expiresAt).toBe(clock.now + 100_000);
  clock.now += 40_000;
  expect((await keys.list('ann')).map((each) => each.digest)).toEqual([digest]);
  await keys.sweep();
  expect([await stored(), await stored(sha256Hex(other))]).toEqual([true, false]);
});

test('keys are checked when they are first used with another plan', async () => {
  const { clock, keys, accept } = await setUp();
  const record = await accept('ann');
  const other = { ...plan, digest: 'd'.repeat(64) };
  clock.refuses = true;
  await expect(keys.use(record, other)).rejects.toThrow('H604');
  clock.refuses = false;
  await keys.use(record, other);
  expect((await keys.find('ann', digest))?.plans).toEqual([plan.digest, other.digest]);
});

test('holders whose process has ended in the middle are swept away', async () => {
  const { backend, clock, keys, accept, stored } = await setUp();
  const holders = new Holders(backend);
  await holders.claim(digest, 'ann', () => clock.now);
  await backend.objects.put('keys', digest, one(bytes), { limitBytes: 100 });
  await keys.sweep();
  expect(await stored()).toBe(true);
  clock.now += 3_700_000;
  await keys.sweep();
  expect(await stored()).toBe(false);
  // An object that was going: the next who comes does it.
  await backend.registry.create(`holders.${digest}`, { tenants: [], changedAt: clock.now - 60_000 });
  await accept('bob');
  expect(await stored()).toBe(true);
});
