/** Key switches with one special prime and with several, in turn in one process, on residues that mean nothing. */
import { nttPrimes } from '../../compiler/parameters/primes.ts';
import type { Parameters, PolyModulusDegree } from '../../ir/parameters.ts';
import { seededRandom } from '../../ir/random.ts';
import { savedKeyBytes, switchingKeyBytes } from '../../ir/ckks/switching-keys.ts';
import { decompositionBytes, Operations, workspaceBytes } from '../../runtime/engines/simd/operations/operations.ts';
import { compileKernels, createMemory, instantiate, pageBytes } from '../../runtime/rns/kernels/module.ts';
import { contextBytes, fillContext, openContext } from '../../runtime/rns/memory/context.ts';
import { extendedBytes, extendedPlaintextBytes } from '../../runtime/rns/memory/extended-layout.ts';
import { keyBytes, placeKey, type Value, valueBytes } from '../../runtime/rns/memory/layout.ts';
import { alone } from '../../runtime/rns/team.ts';
import { type Spread, spreadOf } from '../engine/spread.ts';

export interface Setting {
  readonly degree: PolyModulusDegree;
  /** Data primes, and their bits. */
  readonly primes: number;
  readonly bits: number;
  /** Numbers of special primes, of 48 bits; the first is what the others are compared with. */
  readonly specials: readonly number[];
}

/** Of one number of special primes, at the top level; milliseconds. */
export interface Column {
  readonly specials: number;
  readonly rotate: Spread;
  readonly relinearizeRescale: Spread;
  /** A rotation without decomposition and division. */
  readonly doubleHoisted: Spread;
  /** Of one key: in memory, and as a client sends it. */
  readonly keyBytes: number;
  readonly sentBytes: number;
}

/** More keys than a cache holds, as in a plan. */
const beyondCaches = 2 ** 27;
/** Rotations that share a decomposition. */
const fanOut = 8;

/** @param rounds of which the first two do not count */
export async function measureSwitches(setting: Setting, rounds: number): Promise<Column[]> {
  const module = await compileKernels();
  const contestants = setting.specials.map((specials) => new Contestant(module, setting, specials));
  for (let round = 0; round < rounds; round++) for (const each of contestants) each.measure(round >= 2);
  return contestants.map((each) => each.column());
}

class Contestant {
  private readonly parameters: Parameters;
  private readonly operations: Operations;
  private readonly x: Value;
  private readonly three: Value;
  private readonly target: Value;
  private readonly lower: Value;
  private readonly digits: number;
  private readonly sum: Value;
  private readonly keys: readonly { readonly key: ReturnType<typeof placeKey>; readonly permutation: number }[];
  private readonly times = {
    rotate: [] as number[],
    relinearizeRescale: [] as number[],
    doubleHoisted: [] as number[],
  };
  private turn = 0;

  constructor(module: WebAssembly.Module, { degree, primes, bits }: Setting, specials: number) {
    const found = nttPrimes([...Array<number>(specials).fill(48), ...Array<number>(primes).fill(bits)], degree);
    if (found === undefined) throw new Error(`there are not ${primes} primes of ${bits} bits`);
    this.parameters = {
      polyModulusDegree: degree,
      primes: found.slice(specials),
      specialPrimes: found.slice(0, specials),
    };
    const { parameters } = this;
    const level = primes - 1;
    let end = pageBytes;
    const take = (bytes: number): number => {
      const start = end;
      end += 128 * Math.ceil(bytes / 128);
      return start;
    };
    const context = take(contextBytes(parameters));
    const workspace = take(workspaceBytes(parameters, 1));
    const residues = end;
    const value = (size: number, at = level): Value => ({
      address: take(valueBytes(degree, at, size)),
      level: at,
      size,
    });
    this.x = value(2);
    this.three = value(3);
    this.target = value(2);
    this.lower = value(2, level - 1);
    this.digits = take(decompositionBytes(parameters, level));
    this.sum = { address: take(extendedBytes(parameters, level)), level, size: 2 };
    take(extendedPlaintextBytes(parameters, level));
    const count = Math.max(fanOut, Math.ceil(beyondCaches / keyBytes(parameters, level)));
    const keys = Array.from({ length: count }, () => placeKey(parameters, level, take(keyBytes(parameters, level))));
    const permutations = keys.map(() => take(2 * degree));
    const memory = createMemory(end);
    const kernels = instantiate(module, memory);
    const opened = openContext(kernels, memory, parameters, context);
    fillContext(opened);
    fillWithResidues(memory, residues, (permutations[0] ?? end) - residues);
    this.keys = keys.map((key, k) => {
      const permutation = permutations[k] ?? 0;
      kernels.fillPermutation(permutation, 2 * k + 3, degree);
      return { key, permutation };
    });
    this.operations = new Operations(opened, alone, workspace);
  }

  measure(counts: boolean): void {
    const { operations, x, three, target, lower, digits, sum, times } = this;
    const note = (list: number[], start: number, count = 1): void => {
      if (counts) list.push((performance.now() - start) / count);
    };
    const rotated = this.nextKey();
    let start = performance.now();
    operations.rotate(x, rotated, target);
    note(times.rotate, start);
    const { key } = this.nextKey();
    start = performance.now();
    operations.relinearizeRescale(three, key, lower);
    note(times.relinearizeRescale, start);
    operations.decompose(x, digits);
    const hoisted = Array.from({ length: fanOut }, () => this.nextKey());
    start = performance.now();
    for (const each of hoisted) operations.rotateExtended(x, digits, each, sum);
    note(times.doubleHoisted, start, fanOut);
  }

  column(): Column {
    const { parameters, times } = this;
    const level = parameters.primes.length - 1;
    return {
      specials: parameters.specialPrimes.length,
      rotate: spreadOf(times.rotate),
      relinearizeRescale: spreadOf(times.relinearizeRescale),
      doubleHoisted: spreadOf(times.doubleHoisted),
      keyBytes: switchingKeyBytes(parameters, level),
      sentBytes: savedKeyBytes(parameters, level),
    };
  }

  private nextKey(): (typeof this.keys)[number] {
    const key = this.keys[this.turn++ % this.keys.length];
    if (key === undefined) throw new Error('there are no keys');
    return key;
  }
}

/** Integers of at most 2^20, which are residues of every prime. */
function fillWithResidues(memory: WebAssembly.Memory, address: number, bytes: number): void {
  const random = seededRandom(1);
  const block = Float64Array.from({ length: 4099 }, () => Math.round((random.uniform() - 0.5) * 2 ** 21));
  const doubles = new Float64Array(memory.buffer, address, Math.floor(bytes / 8));
  for (let from = 0; from < doubles.length; from += block.length)
    doubles.set(block.subarray(0, Math.min(block.length, doubles.length - from)), from);
}
