/**
 * The bytes of a `.hep` as a plan, checked: archive, manifest and digests, types and lengths of arrays, the verifier's
 * invariants of the program and its schedule, and that all parts agree. The bytes may come from anyone.
 */
import { planStatistics } from '../../costs/plan-statistics.ts';
import { Constant } from '../../ir/constant.ts';
import { type Diagnostic, HepcError, InternalError, throwIfErrors } from '../../ir/diagnostics/diagnostic.ts';
import { clientHep } from '../../ir/diagnostics/plan.ts';
import type { HeModule } from '../../ir/he/module.ts';
import type { Parameters } from '../../ir/parameters.ts';
import type { BoundWeights, Plan, ScheduleColumns, StoredCiphertexts } from '../../ir/plan/plan.ts';
import { verify } from '../../ir/verify.ts';
import type { RandomAccess } from '../format/random-access.ts';
import { type Archive, dumpName, entryNames, openArchive, type StoredEntry } from './archive.ts';
import { openArchiveFile } from './archive-file.ts';
import { checkPlan } from './check-plan.ts';
import { decodeClientPart, type ReadOptions } from './client-part.ts';
import type { EntryReader as Reader } from './entry-reader.ts';
import { EntryReader } from './entry-reader.ts';
import type { Manifest } from './manifest.ts';
import { readAccuracy } from './accuracy-entry.ts';
import { readPruning } from './pruning-entry.ts';
import { readSearch } from './search-entry.ts';

type Server = NonNullable<Manifest['server']>;

/** Throws `HepcError` H501 to H507, or what the verifier says (H25x), with `fileName` in every place. */
export function readHep(bytes: Uint8Array, fileName: string, options: ReadOptions = {}): Plan {
  return readArchive(
    openArchive(bytes, fileName, () => true),
    options,
  );
}

/**
 * As `readHep`, from a file of any size: the ciphertexts of a bound plan stay in `source`, which must be readable as long
 * as the plan is used.
 */
export async function openHep(source: RandomAccess, fileName: string, options: ReadOptions = {}): Promise<Plan> {
  return readArchive(await openArchiveFile(source, fileName, (name) => boundName.test(name)), options);
}

const boundName = /^bound\//;

function readArchive(archive: Archive, { onWarning }: ReadOptions): Plan {
  const { file: fileName } = archive;
  const { server } = archive.manifest;
  if (server === undefined) throw new HepcError([clientHep({}, { file: fileName })]);
  const reader = new EntryReader(archive);
  const { client, diagnostics } = decodeClientPart(archive, reader);
  const search = readSearch(reader);
  const accuracy = readAccuracy(reader);
  const pruning = readPruning(reader);
  const plan: Plan = {
    client,
    engine: server.engine,
    weights: server.weights,
    program: readProgram(server, client.parameters, reader),
    schedule: readSchedule(reader),
    // The memory is that of a program that has been checked.
    statistics: { ...server.statistics, peakBytes: 0 },
    ...(server.bound && { bound: readBound(server.bound, fileName, reader) }),
    ...(search && { search }),
    ...(accuracy && { accuracy }),
    ...(pruning && { pruning }),
    dumps: readDumps(reader),
  };
  reader.finish();
  const warnings = throwIfErrors([...reader.diagnostics, ...diagnostics]);
  throwIfErrors(verifyProgram(plan, fileName));
  throwIfErrors(checkPlan(plan, fileName));
  for (const warning of warnings) onWarning?.(warning);
  return { ...plan, statistics: planStatistics(plan.program, plan.engine, plan.statistics) };
}

function readProgram(
  { name, slots, origins, packed }: Server,
  parameters: Parameters,
  reader: Reader,
): HeModule & { readonly parameters: Parameters } {
  const column = (key: string): string => entryNames.column('program', key);
  const op = reader.u1(column('op'));
  const ops = op.length;
  return {
    level: 'he',
    name,
    slots,
    parameters,
    columns: {
      op,
      a: reader.i4(column('a'), ops),
      b: reader.i4(column('b'), ops),
      imm: reader.i4(column('imm'), ops),
      level: reader.u1(column('level'), ops),
      scale: reader.f8(column('scale'), ops),
      size: reader.u1(column('size'), ops),
      plainScale: reader.f8(column('plainScale'), ops),
      origin: reader.i4(column('origin'), ops),
    },
    plaintexts: readPool(reader),
    packed: readPacked(packed, reader),
    origins,
  };
}

function readPool(reader: Reader): HeModule['plaintexts'] {
  const column = (key: string): string => entryNames.column('plaintexts', key);
  const source = reader.i4(column('source'));
  const [tile, shift, inner] = ['tile', 'shift', 'inner'].map((key) => reader.i4(column(key), source.length));
  const empty = new Int32Array();
  return { source, tile: tile ?? empty, shift: shift ?? empty, inner: inner ?? empty };
}

function readPacked(count: number, reader: Reader): Constant[] {
  const packed: Constant[] = [];
  // A missing entry ends the loop: the manifest may claim any number.
  for (let k = 0; k < count && reader.diagnostics.length === 0; k++) {
    const { shape, data } = reader.matrix(entryNames.packed(k));
    packed.push(new Constant(shape, data));
  }
  return packed;
}

function readSchedule(reader: Reader): ScheduleColumns {
  const column = (key: string): string => entryNames.column('schedule', key);
  return { buffer: reader.i4(column('buffer')), frees: reader.u1(column('frees')), group: reader.i4(column('group')) };
}

function readBound(
  { publicKeyDigest, ciphertexts: count }: NonNullable<Server['bound']>,
  file: string,
  reader: Reader,
): BoundWeights {
  const stored: StoredEntry[] = [];
  const ciphertexts: Uint8Array[] = [];
  for (let k = 0; k < count && reader.diagnostics.length === 0; k++) {
    const name = entryNames.bound(k);
    const entry = reader.stored(name);
    if (entry === undefined) ciphertexts.push(reader.bytes(name));
    else stored.push(entry);
  }
  return { publicKeyDigest, ciphertexts: stored.length === 0 ? ciphertexts : storedIn(file, stored) };
}

function storedIn(file: string, entries: readonly StoredEntry[]): StoredCiphertexts {
  return {
    file,
    length: entries.length,
    sizeOf: (index) => entries[index]?.bytes ?? 0,
    read: (index) => {
      const entry = entries[index];
      if (entry === undefined) throw new InternalError(`there is no ciphertext ${index} of ${entries.length}`);
      return entry.read();
    },
  };
}

function readDumps(reader: Reader): Map<string, string> {
  const dumps = new Map<string, string>();
  for (const entry of reader.names()) {
    const name = dumpName.exec(entry)?.[1];
    if (name !== undefined) dumps.set(name, reader.text(entry));
  }
  return dumps;
}

function verifyProgram({ program, schedule }: Plan, file: string): Diagnostic[] {
  return verify({ ...program, level: 'plan', schedule }).map((d) => ({ ...d, at: { ...d.at, file } }));
}
