/**
 * Plaintexts of steps. Those that are kept are read where they lie; the others are encoded at each use, into a few places
 * that all members share, and a sweep over more of them goes in pieces.
 */
import { InternalError } from '../../../../ir/diagnostics/diagnostic.ts';
import type { Parameters } from '../../../../ir/parameters.ts';
import { extendedBytes } from '../../../rns/memory/extended-layout.ts';
import type { Value } from '../../../rns/memory/layout.ts';
import { encodingBytes, type PlannedEncoding } from './plaintext-plan.ts';
import type { PlaintextStore } from './plaintext-store.ts';
import type { Term } from './steps.ts';
import { share, type Team } from '../../../rns/team.ts';

/** Plaintexts that a piece of a sweep reads from places: enough that an addition for each piece hardly counts. */
const mostPlaces = 16;

export interface StagingPlan {
  readonly placeBytes: number;
  readonly places: number;
  /** Of a ciphertext or extended value, which follows the places. */
  readonly partialBytes: number;
  readonly bytes: number;
}

/** Room for encodings of which some are not kept: those without an offset. */
export function planStaging(encodings: readonly PlannedEncoding[], parameters: Parameters): StagingPlan {
  const absent = encodings.filter(({ offset }) => offset === undefined);
  const placeBytes = absent.reduce((most, encoding) => Math.max(most, encodingBytes(parameters, encoding)), 0);
  const places = Math.min(mostPlaces, absent.length);
  const level = absent.reduce((most, encoding) => Math.max(most, encoding.level), 0);
  const partialBytes = places === 0 ? 0 : extendedBytes(parameters, level);
  return { placeBytes, places, partialBytes, bytes: places * placeBytes + partialBytes };
}

/** What `PlaintextStore` is to steps. */
export type Encodings = Pick<PlaintextStore, 'isKept' | 'at' | 'extendedAt' | 'encodeAlone' | 'encodeTogether'>;

/** Of one member; all members call the same methods with the same arguments. */
export class Staging {
  private readonly encodings: Encodings;
  private readonly ofRow: Int32Array;
  private readonly plan: StagingPlan;
  private readonly address: number;
  private readonly team: Team;

  /**
   * @param ofRow the encoding of each row with a plaintext operand
   * @param address of `plan.bytes` bytes, the same for all members
   */
  constructor(encodings: Encodings, ofRow: Int32Array, plan: StagingPlan, address: number, team: Team) {
    this.encodings = encodings;
    this.ofRow = ofRow;
    this.plan = plan;
    this.address = address;
    this.team = team;
  }

  /** Room for one piece of a sum, of two polynomials in either basis. */
  get partial(): number {
    return this.address + this.plan.places * this.plan.placeBytes;
  }

  /** The terms of a sum in pieces, so that there are places for the plaintexts of each. */
  cut(terms: readonly Term[]): readonly (readonly Term[])[] {
    const pieces: Term[][] = [[]];
    let staged = new Set<number>();
    for (const term of terms) {
      const encoding = this.encodingOf(term.row);
      if (!this.encodings.isKept(encoding)) {
        if (!staged.has(encoding) && staged.size === this.plan.places) {
          pieces.push([]);
          staged = new Set();
        }
        staged.add(encoding);
      }
      pieces.at(-1)?.push(term);
    }
    return pieces;
  }

  /**
   * The plaintexts of rows, at `level` or a higher one, good until the next call. Those that are not kept are encoded: by
   * one member each, or by all together where that leaves nobody idle for long.
   * @param rows with no more encodings that are not kept than there are places
   */
  plaintexts(rows: readonly number[], level: number, extended: boolean): readonly Value[] {
    const { team, encodings } = this;
    const places = new Map<number, Value>();
    for (const row of rows) {
      const encoding = this.encodingOf(row);
      if (encodings.isKept(encoding) || places.has(encoding)) continue;
      const address = this.address + places.size * this.plan.placeBytes;
      places.set(encoding, { address, level, size: 1 });
    }
    const staged = [...places];
    // What is left when each member has encoded as many as any other.
    const alone = staged.length - (staged.length % team.size);
    share(team, alone, (k) => {
      const entry = staged[k];
      if (entry !== undefined) encodings.encodeAlone(entry[0], entry[1], extended);
    });
    for (const [encoding, place] of staged.slice(alone)) encodings.encodeTogether(team, encoding, place, extended);
    if (alone > 0) team.barrier();
    return rows.map((row) => {
      const encoding = this.encodingOf(row);
      const place = places.get(encoding);
      if (place !== undefined) return place;
      return extended ? { ...encodings.extendedAt(encoding), size: 1 } : encodings.at(encoding);
    });
  }

  private encodingOf(row: number): number {
    const encoding = this.ofRow[row] ?? -1;
    if (encoding === -1) throw new InternalError(`row ${row} has no plaintext`);
    return encoding;
  }
}
