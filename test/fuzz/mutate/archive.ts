/**
 * Changes of ZIP archives and of `.hep` plans. Those of plans repair all digests, checksums and sizes, so that what is
 * changed reaches the checks behind them.
 */
import { sha256Hex } from '../../../ir/digest.ts';
import { readZip, writeZip } from '../../../runtime/format/zip.ts';
import { mutateBytes } from './bytes.ts';
import type { Draw } from './draw.ts';
import { type Json, mutateJson } from './json.ts';
import { mutateNpy } from './npy.ts';
import { mutateText } from './text.ts';

type Entries = ReadonlyMap<string, Uint8Array>;

const manifestName = 'manifest.json';

/** The entries of a sound archive. */
export function entriesOf(bytes: Uint8Array): Entries {
  return readZip(bytes, { maxEntries: 10_000, maxTotalBytes: 2 ** 30, allowDeflate: true });
}

/** An entry changed as its name says what it holds; or one dropped, doubled under another name, or put in another's place. */
export function mutateEntries(draw: Draw, entries: Entries): Map<string, Uint8Array> {
  const result = new Map(entries);
  const names = [...entries.keys()];
  if (names.length === 0) return result;
  for (let left = draw.few(3); left > 0; left--) {
    const name = draw.pick(names);
    const own = result.get(name) ?? new Uint8Array();
    const other = draw.pick(names);
    switch (draw.below(12)) {
      case 0:
        result.delete(name);
        break;
      case 1:
        result.set(other, own);
        break;
      case 2:
        result.set(draw.pick([`${name}x`, 'weights/7.npy', 'bound/1.ct', 'client/index-9.npy', 'ir/x.ir', 'x']), own);
        break;
      default:
        result.set(name, mutateEntry(draw, name, own, [...entries.values()]));
    }
  }
  return result;
}

function mutateEntry(draw: Draw, name: string, bytes: Uint8Array, others: readonly Uint8Array[]): Uint8Array {
  if (name.endsWith('.npy')) return mutateNpy(draw, bytes, others);
  if (name.endsWith('.json') && draw.chance(0.9)) {
    const value = parseJsonOrUndefined(bytes);
    if (value !== undefined) return encodeJson(mutateJson(draw, value));
  }
  if (name.endsWith('.ir')) return mutateText(draw, new TextDecoder().decode(bytes));
  return mutateBytes(draw, bytes, others);
}

/** An archive of the entries; names that no archive has are left out. */
export function zipOf(entries: Entries): Uint8Array {
  return writeZip(
    Array.from(entries, ([name, bytes]) => ({ name, bytes })),
    { allowAnyName: true },
  );
}

/** A plan in parts: what is changed together with its digests. */
export class PlanSeed {
  readonly bytes: Uint8Array;
  private readonly entries: Entries;
  private readonly manifest: { readonly [key: string]: Json };
  private readonly digests = new Map<Uint8Array, string>();

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    const entries = new Map(entriesOf(bytes));
    const manifest = parseJson(entries.get(manifestName) ?? new Uint8Array());
    if (typeof manifest !== 'object' || manifest === null || Array.isArray(manifest)) throw new Error('no manifest');
    entries.delete(manifestName);
    this.entries = entries;
    this.manifest = Object.fromEntries(Object.entries(manifest).filter(([key]) => key !== 'entries'));
  }

  mutate(draw: Draw, others: readonly PlanSeed[]): Uint8Array {
    const kind = draw.below(20);
    if (kind === 0)
      return mutateBytes(
        draw,
        this.bytes,
        others.map(({ bytes }) => bytes),
      );
    if (kind === 1) return this.seal(this.manifest, new Map([...this.entries, ...draw.pick(others).entries]));
    if (kind === 2) return this.seal(draw.pick(others).manifest, this.entries);
    const manifest = kind < 14 ? mutateJson(draw, this.manifest) : this.manifest;
    const entries = kind >= 11 ? mutateEntries(draw, this.entries) : this.entries;
    return this.seal(manifest, entries);
  }

  private seal(manifest: Json, entries: Entries): Uint8Array {
    const listed = Array.from(entries, ([name, bytes]) => ({ name, sha256: this.digestOf(bytes) }));
    const whole =
      typeof manifest === 'object' && manifest !== null && !Array.isArray(manifest) && !('entries' in manifest)
        ? { ...manifest, entries: listed }
        : manifest;
    return zipOf(new Map([[manifestName, encodeJson(whole)], ...entries]));
  }

  /** Of entries that have not been changed only once. */
  private digestOf(bytes: Uint8Array): string {
    const known = this.digests.get(bytes);
    if (known !== undefined) return known;
    const digest = sha256Hex(bytes);
    if ([...this.entries.values()].includes(bytes)) this.digests.set(bytes, digest);
    return digest;
  }
}

/** Of an entry that an earlier change may have made anything. */
function parseJsonOrUndefined(bytes: Uint8Array): Json | undefined {
  try {
    return parseJson(bytes);
  } catch {
    return undefined;
  }
}

export function parseJson(bytes: Uint8Array): Json {
  return JSON.parse(new TextDecoder().decode(bytes)) as Json;
}

export function encodeJson(value: Json): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
