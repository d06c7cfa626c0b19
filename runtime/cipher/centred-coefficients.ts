/**
 * From residues to the integers that they stand for, as doubles or modulo more primes.
 *
 * Balanced digits v_k of the mixed radix, x = v_0 + q_0·(v_1 + q_1·(v_2 + …)) with |v_k| ≤ (q_k − 1)/2, give every integer
 * of at most (Q − 1)/2 in absolute value, Q the product of the primes, exactly once: they are the centred representative
 * without a comparison with Q/2 (Garner, "The residue number system", 1959). v_k is what remains of x_k after subtracting
 * v_i and dividing by q_i for all i < k. The sum in doubles is good to a few units in the last place: what stands below the
 * highest digit that is not zero is at most half of what that digit is worth. Modulo any prime the sum is exact: digits are integers
 * below 2^47.
 */
import { balancedInverse, balancedRemainder } from '../../ir/maths/modular.ts';
import type { KernelRoom } from './kernel-room.ts';

export class CentredCoefficients {
  private readonly room: KernelRoom;
  /** By i and k: 1/q_i modulo q_k, balanced. */
  private readonly inverses = new Map<number, number>();

  constructor(room: KernelRoom) {
    this.room = room;
  }

  /** The coefficients of the polynomial whose transform is in the room's value at `level`, which is lost. */
  read(level: number): Float64Array {
    const { room } = this;
    const { memory, n, parameters } = room.context;
    const { primes } = parameters;
    this.divideDigits(level);
    const digits = Array.from(
      { length: level + 1 },
      (_, k) => new Float64Array(memory.buffer, room.limb('value', k), n),
    );
    const result = new Float64Array(n);
    for (let k = level; k >= 0; k--) {
      const [digit, q] = [digits[k] ?? result, primes[k] ?? NaN];
      for (let i = 0; i < n; i++) result[i] = (result[i] ?? 0) * q + (digit[i] ?? 0);
    }
    return result;
  }

  /**
   * The room's value at level 1 becomes the same polynomial of centred integers at `level`, exactly. Takes two of its further
   * limbs.
   */
  extend(level: number): void {
    const { room } = this;
    const { kernels, n, parameters } = room.context;
    const [q = 1] = parameters.primes;
    this.divideDigits(1);
    const digits = [0, 1].map((i) => {
      const digit = room.further(i);
      room.bytes.copyWithin(digit, room.limb('value', i), room.limb('value', i) + 8 * n);
      return digit;
    });
    const [low = 0, high = 0] = digits;
    // v_0 + q_0·v_1
    for (let k = 0; k <= level; k++) {
      const [limb, prime] = [room.limb('value', k), room.prime(k)];
      const factor = balancedRemainder(q, parameters.primes[k] ?? NaN);
      kernels.forwardFrom(high, 0, room.places.residues, prime);
      kernels.forwardFrom(low, 0, limb, prime);
      kernels.addMultiple(limb, room.places.residues, factor, prime);
    }
  }

  /** In place of each limb of the value its balanced digit. */
  private divideDigits(level: number): void {
    const { room } = this;
    const { kernels, memory, n, parameters } = room.context;
    const { primes } = parameters;
    const factor = room.places.seed;
    const pair = new Float64Array(memory.buffer, factor, 2);
    for (let k = 0; k <= level; k++) {
      const [limb, prime] = [room.limb('value', k), room.prime(k)];
      kernels.inverse(limb, prime);
      for (let i = 0; i < k; i++) {
        const inverse = this.inverse(i, k);
        pair.set([inverse, inverse / (primes[k] ?? NaN)]);
        kernels.divide(limb, room.limb('value', i), factor, 0, 0, limb, prime, 0, n);
      }
    }
  }

  private inverse(i: number, k: number): number {
    const { primes } = this.room.context.parameters;
    const known = this.inverses.get(i * primes.length + k);
    if (known !== undefined) return known;
    const inverse = balancedInverse(primes[i] ?? NaN, primes[k] ?? NaN);
    this.inverses.set(i * primes.length + k, inverse);
    return inverse;
  }
}
