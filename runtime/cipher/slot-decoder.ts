/**
 * Coefficients to slots: the real parts of the canonical embedding, what SEAL's decoder gives as real slots (SEAL 4.1,
 * ckks.h: decode_internal).
 *
 * At the root exp(πie/n), e odd, the powers k and n − k have opposite real parts, so that only b_0 = a_0 and
 * b_k = a_k − a_(n−k), 0 < k < m = n/2, matter. The slot that belongs to t (`embedding-tables.ts`) has e = 4t + 1 and is
 * Σ Z_k·exp(2πi·tk/m), with Z_0 = b_0 and Z_k = exp(πik/n)·(b_k − i·b_(m−k))/2, whose conjugate is Z_(m−k). Real values are
 * one transform of half the length: with h = m/2
 *
 *   v_(2j) + i·v_(2j+1) = Σ_(k<h) W_k·exp(2πi·jk/h)    W_k = Z_k + Z_(k+h) + i·exp(2πik/m)·(Z_k − Z_(k+h))
 */
import { slotsByRoot } from '../rns/memory/embedding-tables.ts';

export class SlotDecoder {
  private readonly n: number;
  /** exp(πik / n) for k < n: real parts, imaginary parts. */
  private readonly cosines: Float64Array;
  private readonly sines: Float64Array;
  private readonly slots: Uint32Array;
  private readonly real: Float64Array;
  private readonly imaginary: Float64Array;

  /** @param n a power of two of at least 16 */
  constructor(n: number) {
    this.n = n;
    this.slots = slotsByRoot(n);
    this.cosines = new Float64Array(n);
    this.sines = new Float64Array(n);
    this.fillRoots();
    this.real = new Float64Array(n / 4);
    this.imaginary = new Float64Array(n / 4);
  }

  /** The n / 2 slots of n coefficients. */
  decode(coefficients: Float64Array): Float64Array {
    this.tangle(coefficients);
    this.transform();
    const { slots, real, imaginary } = this;
    const result = new Float64Array(slots.length);
    for (let j = 0; j < real.length; j++) {
      result[slots[2 * j] ?? 0] = real[j] ?? 0;
      result[slots[2 * j + 1] ?? 0] = imaginary[j] ?? 0;
    }
    return result;
  }

  /** Sine and cosine are taken of angles up to π/4 only, where rounding the angle costs less than a unit in their last place. */
  private fillRoots(): void {
    const { n, cosines, sines } = this;
    const set = (k: number, cosine: number, sine: number): void => {
      cosines[k] = cosine;
      sines[k] = sine;
    };
    for (let k = 0; k <= n / 4; k++) {
      const [c, s] = [Math.cos((Math.PI * k) / n), Math.sin((Math.PI * k) / n)];
      set(n / 2 - k, s, c);
      set(n / 2 + k, -s, c);
      if (k > 0) set(n - k, -c, s);
      set(k, c, s);
    }
  }

  /** W_k, in bit-reversed order. */
  private tangle(a: Float64Array): void {
    const { n, cosines, sines, real, imaginary } = this;
    const m = n / 2;
    const h = n / 4;
    const b = (k: number): number => (a[k] ?? 0) - (a[n - k] ?? 0);
    const shift = 32 - Math.log2(h);
    for (let k = 0; k < h; k++) {
      // Z_k and Z_(k+h), of which the first is a_0 for k = 0.
      const zeroth = k === 0;
      const [x, y] = zeroth ? [a[0] ?? 0, 0] : [b(k) / 2, -b(m - k) / 2];
      const [u, v] = [b(k + h) / 2, -b(h - k) / 2];
      const [c, s] = [cosines[k] ?? 0, sines[k] ?? 0];
      const [zr, zi] = [c * x - s * y, c * y + s * x];
      const [d, t] = [cosines[k + h] ?? 0, sines[k + h] ?? 0];
      const [wr, wi] = [d * u - t * v, d * v + t * u];
      const [er, ei] = [cosines[4 * k] ?? 0, sines[4 * k] ?? 0];
      const [r, i] = [zr - wr, zi - wi];
      const place = reversed(k) >>> shift;
      real[place] = zr + wr - (er * i + ei * r);
      imaginary[place] = zi + wi + (er * r - ei * i);
    }
  }

  /** Σ W_k·exp(2πi·jk/h), in place. */
  private transform(): void {
    const { n, cosines, sines, real, imaginary } = this;
    const h = n / 4;
    for (let half = 1; half < h; half *= 2) {
      const stride = n / half;
      for (let j = 0; j < half; j++) {
        const c = cosines[j * stride] ?? 0;
        const s = sines[j * stride] ?? 0;
        for (let at = j; at < h; at += 2 * half) {
          const [xr, xi] = [real[at] ?? 0, imaginary[at] ?? 0];
          const [yr, yi] = [real[at + half] ?? 0, imaginary[at + half] ?? 0];
          const [tr, ti] = [c * yr - s * yi, c * yi + s * yr];
          real[at] = xr + tr;
          imaginary[at] = xi + ti;
          real[at + half] = xr - tr;
          imaginary[at + half] = xi - ti;
        }
      }
    }
  }
}

/** The 32 bits of x in reverse. */
function reversed(x: number): number {
  let bits = x;
  bits = ((bits & 0x55555555) << 1) | ((bits >>> 1) & 0x55555555);
  bits = ((bits & 0x33333333) << 2) | ((bits >>> 2) & 0x33333333);
  bits = ((bits & 0x0f0f0f0f) << 4) | ((bits >>> 4) & 0x0f0f0f0f);
  bits = ((bits & 0x00ff00ff) << 8) | ((bits >>> 8) & 0x00ff00ff);
  return ((bits << 16) | (bits >>> 16)) >>> 0;
}
