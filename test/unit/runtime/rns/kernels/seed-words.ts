/**
 * The raw words of a seed's stream, which the kernel gives no one: it gives them modulo primes. Modulo 2^32 − 1 and
 * 2^32 + 1, whose product is 2^64 − 1, hardly any word is rejected (one in 2^32), and any two residues give the word.
 */
import { type Kernels, primeRecord } from '../../../../../runtime/rns/kernels/kernels.ts';
import { writeAddresses } from '../../../../../runtime/rns/memory/addresses.ts';

const low = 2 ** 32 - 1;
const high = 2 ** 32 + 1;

/** What `expandSeed` needs of a prime's record. */
export interface SeedRecord {
  readonly q: number;
  readonly n: number;
}

/** What `expandSeed` works in, besides the records and their addresses. */
const workBytes = 8192;
const seedRoom = 64;

/** Bytes of `expand` for `count` primes. */
export function seedBytes(n: number, count: number): number {
  return count * (primeRecord.bytes + 16) + seedRoom + workBytes + 8 * n * count;
}

/** The residues of a seed's polynomial, prime by prime, by the kernel alone; `at` has `seedBytes` bytes. */
export function expand(
  kernels: Kernels,
  memory: WebAssembly.Memory,
  at: number,
  records: readonly SeedRecord[],
  seed: Uint8Array,
): BigUint64Array {
  const view = new DataView(memory.buffer);
  const { length: count } = records;
  const addresses = at + count * primeRecord.bytes;
  const seedAt = addresses + 16 * count;
  const target = seedAt + seedRoom + workBytes;
  let words = 0;
  for (const [k, { q, n }] of records.entries()) {
    const record = at + k * primeRecord.bytes;
    view.setFloat64(record + primeRecord.q, q, true);
    view.setFloat64(record + primeRecord.reciprocal, 1 / q, true);
    view.setUint32(record + primeRecord.n, n, true);
    writeAddresses(memory.buffer, addresses + 8 * k, [record]);
    words += n;
  }
  new Uint8Array(memory.buffer).set(seed, seedAt);
  kernels.expandSeed(seedAt, addresses, count, target, seedAt + seedRoom);
  return new BigUint64Array(memory.buffer, target, words).slice();
}

/** The first count·n words of a seed's stream. */
export function rawWords(
  kernels: Kernels,
  memory: WebAssembly.Memory,
  at: number,
  { n, count }: { readonly n: number; readonly count: number },
  seed: Uint8Array,
): BigUint64Array {
  const modulo = (q: number): BigUint64Array => {
    const records = Array.from({ length: count }, () => ({ q, n }));
    return expand(kernels, memory, at, records, seed);
  };
  const [a, b] = [modulo(low), modulo(high)];
  // x = a + (2^32 − 1)·t, and t = (b − a)·2^31 modulo 2^32 + 1, for 2^32 − 1 is −2 there.
  return a.map((x, k) => {
    const difference = (b[k] ?? 0n) - x + BigInt(high);
    return x + BigInt(low) * ((difference << 31n) % BigInt(high));
  });
}

/** Words below this stand for residues modulo q; the others are replaced (SEAL 4.1, `sample_poly_uniform`). */
export function rejectionBound(q: number): bigint {
  const largest = 2n ** 64n - 1n;
  return largest - (largest % BigInt(q)) - 1n;
}
