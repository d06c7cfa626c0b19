/**
 * The primes of a plan in memory: a record for each, with the tables of its transforms. Made once, by one worker; the
 * others open it by its address.
 */
import { InternalError } from '../../../ir/diagnostics/diagnostic.ts';
import type { Parameters } from '../../../ir/parameters.ts';
import { anyPrimitiveRoot } from './primitive-root.ts';
import { type Kernels, primeRecord } from './kernels.ts';

export interface SimdContext {
  readonly kernels: Kernels;
  readonly memory: WebAssembly.Memory;
  readonly parameters: Parameters;
  /** Elements of a limb: the polynomial modulus degree. */
  readonly n: number;
  /** Addresses of the records of the data primes and, last, of the special one. */
  readonly primes: readonly number[];
}

export function contextBytes({ polyModulusDegree: n, primes }: Parameters): number {
  return (primes.length + 1) * (primeRecord.bytes + tableBytes(n));
}

/** The context whose records are at `address`; `fillContext` has filled them or will. */
export function openContext(
  kernels: Kernels,
  memory: WebAssembly.Memory,
  parameters: Parameters,
  address: number,
): SimdContext {
  const count = parameters.primes.length + 1;
  const primes = Array.from({ length: count }, (_, k) => address + k * primeRecord.bytes);
  return { kernels, memory, parameters, n: parameters.polyModulusDegree, primes };
}

/** Fills the records and tables: 0.1 ms for each prime and 1000 elements, about. */
export function fillContext({ kernels, memory, parameters, n, primes }: SimdContext): void {
  const view = new DataView(memory.buffer);
  const [first = 0] = primes;
  const tables = first + primes.length * primeRecord.bytes;
  for (const [k, q] of [...parameters.primes, parameters.specialPrime].entries()) {
    const record = primes[k];
    if (record === undefined) throw new InternalError(`no record for prime ${k}`);
    const table = tables + k * tableBytes(n);
    view.setFloat64(record + primeRecord.q, q, true);
    view.setFloat64(record + primeRecord.reciprocal, 1 / q, true);
    view.setUint32(record + primeRecord.n, n, true);
    view.setUint32(record + primeRecord.forwardTable, table, true);
    view.setUint32(record + primeRecord.inverseTable, table + tableBytes(n) / 2, true);
    kernels.fillTables(record, kernels.smallestRoot(record, anyPrimitiveRoot(q, n)));
  }
}

/** Both tables of a prime: pairs of doubles. */
function tableBytes(n: number): number {
  return 2 * n * 16;
}
