/**
 * Encodes slot vectors at any level and scale. SEAL's encoder knows the top level only; encoding there and dropping
 * primes gives the same plaintext, byte for byte, as a context of the lower primes does. That one is cheaper for each
 * plaintext, but costs about as much as a hundred plaintexts to build.
 */
import type { CKKSEncoder, Plaintext } from 'node-seal';
import { InternalError } from '../../../ir/diagnostics/diagnostic.ts';
import { largestAbsolute } from '../../../ir/maths/averages.ts';
import { isEncodable, topLevel } from '../../../ir/parameters.ts';
import type { SealContext } from './context.ts';

/** Plaintexts at one level for which its own context pays. */
const worthContext = 200;

export class LevelEncoder {
  private readonly context: SealContext;
  private readonly encoders = new Map<number, CKKSEncoder>();

  /** @param counts how many plaintexts will be encoded at each level, about. */
  constructor(context: SealContext, counts: ReadonlyMap<number, number>) {
    this.context = context;
    const top = topLevel(context.parameters);
    this.encoders.set(top, context.encoder);
    for (const [level, count] of counts) {
      if (level < top && count >= worthContext) this.encoders.set(level, context.buildEncoder(level));
    }
  }

  /**
   * Overwrites `target` with the encoding of all slots. Throws `InternalError` for what cannot be encoded there: SEAL
   * would write outside of its heap.
   */
  encode(slots: Float64Array, level: number, scale: number, target: Plaintext): void {
    const largest = largestAbsolute(slots);
    if (!isEncodable(this.context.parameters, level, scale, largest))
      throw new InternalError(`slots up to ${largest} cannot be encoded at level ${level} and scale ${scale}`);
    const encoder = this.encoders.get(level);
    if (encoder !== undefined) {
      encoder.encode(slots, scale, target);
      return;
    }
    this.context.encoder.encode(slots, scale, target);
    this.context.evaluator.plainModSwitchToInplace(target, this.context.parmsId(level));
    target.shrinkToFit();
  }

  /**
   * As `encode`, for a factor of a product. SEAL refuses products that are zero whatever the ciphertext, so where all
   * coefficients round to zero the constant 1/scale is encoded instead: one unit in the last place.
   */
  encodeFactor(slots: Float64Array, level: number, scale: number, target: Plaintext): void {
    this.encode(slots, level, scale, target);
    if (target.isZero()) this.encode(new Float64Array(slots.length).fill(1 / scale), level, scale, target);
  }
}
