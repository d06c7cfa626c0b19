/**
 * The primes of a plan in memory: a record for each, with the tables of its transforms. Made once, by all workers, who open
 * it by its address.
 */
import { InternalError } from '../../../ir/diagnostics/diagnostic.ts';
import { allPrimes, type Parameters } from '../../../ir/parameters.ts';
import { type KeyDigit, keyDigitsAt } from '../../../ir/ckks/switching-keys.ts';
import { writeAddresses } from './addresses.ts';
import { anyPrimitiveRoot } from './primitive-root.ts';
import { type Kernels, primeRecord } from '../kernels/kernels.ts';
import { alone, share, type Team } from '../team.ts';

export interface SimdContext {
  readonly kernels: Kernels;
  readonly memory: WebAssembly.Memory;
  readonly parameters: Parameters;
  /** Elements of a limb: the polynomial modulus degree. */
  readonly n: number;
  /** Addresses of the records of the data primes and then of the special ones. */
  readonly primes: readonly number[];
  /** By level: the digits of a polynomial. */
  readonly digits: readonly (readonly KeyDigit[])[];
}

export function contextBytes(parameters: Parameters): number {
  return primesBytes(parameters.polyModulusDegree, allPrimes(parameters).length);
}

/** The context whose records are at `address`; `fillContext` has filled them or will. */
export function openContext(
  kernels: Kernels,
  memory: WebAssembly.Memory,
  parameters: Parameters,
  address: number,
): SimdContext {
  const primes = recordsAt(address, allPrimes(parameters).length);
  const digits = parameters.primes.map((_, level) => keyDigitsAt(parameters, level));
  return { kernels, memory, parameters, n: parameters.polyModulusDegree, primes, digits };
}

/**
 * Fills the records and tables: 10 µs for each prime and 1000 elements, about. Each member does those of the primes that
 * `share` deals to it.
 */
export function fillContext({ kernels, memory, parameters, n, primes }: SimdContext, team: Team = alone): void {
  const [address = 0] = primes;
  fillPrimes(kernels, memory, n, allPrimes(parameters), address, team);
}

/** Bytes of the records and tables of `count` primes, for any n that is a power of two, 16 or more. */
export function primesBytes(n: number, count: number): number {
  return count * (primeRecord.bytes + tableBytes(n));
}

/** Records and tables of primes ≡ 1 (mod 2n), each below 2^48; the addresses of the records. */
export function fillPrimes(
  kernels: Kernels,
  memory: WebAssembly.Memory,
  n: number,
  primes: readonly number[],
  address: number,
  team: Team = alone,
): readonly number[] {
  const view = new DataView(memory.buffer);
  const records = recordsAt(address, primes.length);
  const tables = address + primes.length * primeRecord.bytes;
  share(team, records.length, (k) => {
    const [q, record] = [primes[k], records[k]];
    if (q === undefined || record === undefined) throw new InternalError(`a record without prime: ${k}`);
    const table = tables + k * tableBytes(n);
    view.setFloat64(record + primeRecord.q, q, true);
    view.setFloat64(record + primeRecord.reciprocal, 1 / q, true);
    view.setUint32(record + primeRecord.n, n, true);
    writeAddresses(memory.buffer, record + primeRecord.forwardTable, [table]);
    writeAddresses(memory.buffer, record + primeRecord.inverseTable, [table + tableBytes(n) / 2]);
    kernels.fillTables(record, kernels.smallestRoot(record, anyPrimitiveRoot(q, n)));
  });
  return records;
}

function recordsAt(address: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, k) => address + k * primeRecord.bytes);
}

/** Both tables of a prime: pairs of doubles. */
function tableBytes(n: number): number {
  return 2 * n * 16;
}
