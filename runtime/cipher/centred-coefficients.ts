/**
 * From residues to the integers that they stand for, as doubles.
 *
 * Balanced digits v_k of the mixed radix, x = v_0 + q_0·(v_1 + q_1·(v_2 + …)) with |v_k| ≤ (q_k − 1)/2, give every integer
 * of at most (Q − 1)/2 in absolute value, Q the product of the primes, exactly once: they are the centred representative
 * without a comparison with Q/2 (Garner, "The residue number system", 1959). v_k is what remains of x_k after subtracting
 * v_i and dividing by q_i for all i < k. The sum in doubles is good to a few units in the last place: what stands below the
 * highest digit that is not zero is at most half of what that digit is worth.
 */
import { balancedInverse } from '../../ir/maths/modular.ts';
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

  private inverse(i: number, k: number): number {
    const { primes } = this.room.context.parameters;
    const known = this.inverses.get(i * primes.length + k);
    if (known !== undefined) return known;
    const inverse = balancedInverse(primes[i] ?? NaN, primes[k] ?? NaN);
    this.inverses.set(i * primes.length + k, inverse);
    return inverse;
  }
}
