/**
 * Takes the entries of an archive one by one, checks types and lengths of arrays, and knows in the end which entries
 * nobody has asked for. Problems are collected; what is returned for a bad entry is empty.
 */
import { type Diagnostic, HepcError, type Place } from '../../ir/diagnostics/diagnostic.ts';
import { badHepArray, badHepEntry } from '../../ir/diagnostics/plan.ts';
import { type NdArray, readNpy } from '../format/npy.ts';
import type { Archive, StoredEntry } from './archive.ts';

export class EntryReader {
  readonly diagnostics: Diagnostic[] = [];
  private readonly archive: Archive;
  private readonly untaken: Set<string>;

  constructor(archive: Archive) {
    this.archive = archive;
    this.untaken = new Set([...archive.entries.keys(), ...archive.stored.keys()]);
  }

  has(name: string): boolean {
    return this.archive.entries.has(name);
  }

  /** A vector of bytes; of `length` elements, if given. */
  u1(name: string, length?: number): Uint8Array {
    const array = this.vector(name, 'u1', length);
    return array?.dtype === 'u1' ? array.data : new Uint8Array();
  }

  i4(name: string, length?: number): Int32Array {
    const array = this.vector(name, 'i4', length);
    return array?.dtype === 'i4' ? array.data : new Int32Array();
  }

  f8(name: string, length?: number): Float64Array {
    const array = this.vector(name, 'f8', length);
    return array?.dtype === 'f8' ? array.data : new Float64Array();
  }

  /** A matrix of doubles, real or complex: of those the parts of each number are an axis of two. */
  matrix(name: string): { readonly shape: readonly number[]; readonly data: Float64Array } {
    const array = this.array(name);
    const [, , parts] = array?.shape ?? [];
    const isMatrix = array?.shape.length === 2 || (array?.shape.length === 3 && parts === 2);
    if (array?.dtype === 'f8' && isMatrix) return array;
    if (array !== undefined) this.refuse(name, 'a matrix of f8', array);
    return { shape: [0, 0], data: new Float64Array() };
  }

  /** An entry that is left in the file; undefined, and no problem, where it is in memory. */
  stored(name: string): StoredEntry | undefined {
    const entry = this.archive.stored.get(name);
    if (entry !== undefined) this.untaken.delete(name);
    return entry;
  }

  /** The bytes of an entry, a view of the file. */
  bytes(name: string): Uint8Array {
    const bytes = this.archive.entries.get(name);
    this.untaken.delete(name);
    if (bytes === undefined) this.report(name, 'the entry is missing');
    return bytes ?? new Uint8Array();
  }

  /** UTF-8 text. */
  text(name: string): string {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(this.bytes(name));
    } catch {
      this.report(name, 'the entry is not UTF-8 text');
      return '';
    }
  }

  /** Names that nobody has taken so far. */
  names(): readonly string[] {
    return [...this.untaken];
  }

  /** Reports entries among those of `scope` that nobody has taken, unless something else was wrong before. */
  finish(scope: (name: string) => boolean = () => true): void {
    if (this.diagnostics.length > 0) return;
    for (const name of this.untaken) if (scope(name)) this.report(name, 'the entry is none that this version knows');
  }

  private vector(name: string, dtype: 'u1' | 'i4' | 'f8', length: number | undefined): NdArray | undefined {
    const array = this.array(name);
    if (array === undefined) return undefined;
    const fits = array.shape.length === 1 && (length === undefined || array.shape[0] === length);
    if (array.dtype === dtype && fits) return array;
    this.refuse(name, `${length === undefined ? 'a vector' : `${length} elements`} of ${dtype}`, array);
    return undefined;
  }

  private array(name: string): NdArray | undefined {
    const known = this.archive.entries.has(name);
    const bytes = this.bytes(name);
    if (!known) return undefined;
    try {
      return readNpy(bytes, this.place(name));
    } catch (error) {
      if (!(error instanceof HepcError)) throw error;
      this.diagnostics.push(...error.diagnostics);
      return undefined;
    }
  }

  private refuse(name: string, expected: string, { dtype, shape }: NdArray): void {
    this.diagnostics.push(badHepArray({ expected, got: `${dtype} of shape [${shape.join(', ')}]` }, this.place(name)));
  }

  private report(name: string, reason: string): void {
    if (this.diagnostics.length < 100) this.diagnostics.push(badHepEntry({ reason }, this.place(name)));
  }

  /** Where an entry is, for diagnostics about it. */
  place(name: string): Place {
    return { file: this.archive.file, part: name };
  }
}
