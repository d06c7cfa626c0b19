/**
 * The encoded plaintexts of a program in the shared memory. What the plan keeps is encoded once, before the program runs;
 * the rest at each use, into places that the caller has.
 */
import { InternalError } from '../../../../ir/diagnostics/diagnostic.ts';
import type { HeModule } from '../../../../ir/he/module.ts';
import { isComplexPlaintext, materialise, plaintextAt } from '../../../../ir/he/plaintexts.ts';
import type { Encoder, Encoders } from '../../../rns/encoder.ts';
import type { ExtendedPlaintext } from '../../../rns/memory/extended-layout.ts';
import type { Value } from '../../../rns/memory/layout.ts';
import { type PlaintextPlan, type PlannedEncoding } from './plaintext-plan.ts';
import { alone, share, type Team } from '../../../rns/team.ts';

type Place = Pick<Value, 'address' | 'level'>;

/** Of one member of a team; all members' stores are of the same plan and the same place. */
export class PlaintextStore {
  private readonly plan: PlaintextPlan;
  private readonly program: Pick<HeModule, 'plaintexts' | 'packed'>;
  private readonly address: number;
  private readonly encoders: Encoders;

  /** @param address of `plan.bytes` bytes, a multiple of 16 */
  constructor(
    plan: PlaintextPlan,
    program: Pick<HeModule, 'plaintexts' | 'packed'>,
    address: number,
    encoders: Encoders,
  ) {
    this.plan = plan;
    this.program = program;
    this.address = address;
    this.encoders = encoders;
  }

  /** Encodes everything that is kept: each member its share, plaintext by plaintext. Ends in a barrier. */
  fill(team: Team): void {
    const kept = [...this.plan.encodings.keys()].filter((index) => this.isKept(index));
    share(team, kept.length, (k) => {
      const index = kept[k] ?? -1;
      this.encode(alone, this.encoders.own, index, this.at(index), this.encoding(index).extended);
    });
    team.barrier();
  }

  isKept(index: number): boolean {
    return this.encoding(index).offset !== undefined;
  }

  /**
   * A kept encoding, at its level. Its first limbs are the encoding at a lower level: a plaintext has one polynomial, so
   * that `limbAt` finds them as they are.
   */
  at(index: number): Value {
    const { level, offset } = this.encoding(index);
    if (offset === undefined) throw new InternalError(`encoding ${index} is not kept`);
    return { address: this.address + offset, level, size: 1 };
  }

  /** A kept encoding with the limb of the special prime. */
  extendedAt(index: number): ExtendedPlaintext {
    if (!this.encoding(index).extended) throw new InternalError(`encoding ${index} is not extended`);
    return this.at(index);
  }

  /**
   * Encodes one that is not kept, by one member for itself.
   * @param target at the level of the use
   * @param extended whether the limb of the special prime follows the others
   */
  encodeAlone(index: number, target: Place, extended = false): void {
    this.encode(alone, this.encoders.own, index, target, extended);
  }

  /** As `encodeAlone`, by all members together, who share the limbs. */
  encodeTogether(team: Team, index: number, target: Place, extended = false): void {
    this.encode(team, this.encoders.common, index, target, extended);
  }

  private encode(team: Team, encoder: Encoder, index: number, target: Place, extended: boolean): void {
    const { plaintexts, packed } = this.program;
    const { plaintext, scale, factor } = this.encoding(index);
    const expression = plaintextAt(plaintexts, plaintext);
    const partOf = (part: 'real' | 'imaginary') => (slots: Float64Array) => {
      materialise(packed, expression, slots, part);
    };
    const writeImaginary = isComplexPlaintext(packed, expression) ? partOf('imaginary') : undefined;
    encoder.encode(team, partOf('real'), { scale, factor, extended }, target, writeImaginary);
  }

  private encoding(index: number): PlannedEncoding {
    const encoding = this.plan.encodings[index];
    if (encoding === undefined) throw new InternalError(`no encoding ${index}`);
    return encoding;
  }
}
