/**
 * Takes the time of each operation of the engine on one thread. Residues mean nothing to time, so keys and values are
 * random; as in a plan, no operation finds its operands in the nearest cache unless the one before it has left them there.
 */
import type { CostedOp } from '../../../../costs/op-costs.ts';
import type { Parameters } from '../../../../ir/parameters.ts';
import { seededRandom } from '../../../../ir/random.ts';
import { contextBytes, fillContext, openContext, type SimdContext } from '../../../rns/memory/context.ts';
import { embeddingTableBytes, fillEmbeddingTables } from '../../../rns/memory/embedding-tables.ts';
import { Encoder, encodersBytes } from '../../../rns/encoder.ts';
import { type ExtendedValue, extendedBytes } from '../../../rns/memory/extended-layout.ts';
import { decompositionBytes, type RotationKey } from '../operations/key-switching.ts';
import { keyBytes, limbAt, limbStride, placeKey, type Value, valueBytes } from '../../../rns/memory/layout.ts';
import { loadingBytes, LoadingRoom } from '../bytes/loading-room.ts';
import { compileKernels, createMemory, instantiate, pageBytes } from '../../../rns/kernels/module.ts';
import { Operations, type ProductTerm, workspaceBytes } from '../operations/operations.ts';
import { alone } from '../../../rns/team.ts';

/** Goes up when kernels change so much that costs measured before mislead. */
export const simdCostVersion = 'kernels 2';

export type Took = (op: CostedOp, milliseconds: number) => void;

/** Values that operations take in turn, and terms of a sum. */
const turns = 8;

/**
 * In a plan each key and each weight comes from memory, for what the others take does not fit a cache: so there are more
 * of them than a cache holds.
 */
const beyondCaches = 2 ** 26;

/** Sums that find plaintexts of their own. */
const sumsInTurn = 6;

/** Below a single small prime. */
const plaintextScale = 2 ** 20;

/** Sources of the two conversions whose difference is measured, in limbs. */
const conversions = { few: 1, many: 3 } as const;
const conversionBytes = 16 * (conversions.many + 1);

/** What is measured at one level. */
interface Rung {
  readonly level: number;
  readonly pairs: readonly Value[];
  readonly plaintexts: readonly Value[];
  readonly three: Value;
  readonly target: Value;
  readonly target3: Value;
  readonly extended: ExtendedValue;
  readonly digits: number;
  /** Of a conversion: residues of many sources, and constants. */
  readonly sources: number;
  readonly constants: number;
}

export class SimdCostProbe {
  private readonly context: SimdContext;
  private readonly operations: Operations;
  private readonly encoder: Encoder;
  private readonly room: LoadingRoom;
  private readonly keys: readonly RotationKey[];
  private readonly heap: number;
  private turn = 0;

  static async open(parameters: Parameters): Promise<SimdCostProbe> {
    return new SimdCostProbe(await compileKernels(), parameters);
  }

  private constructor(kernels: WebAssembly.Module, parameters: Parameters) {
    const { polyModulusDegree: n, primes } = parameters;
    const top = primes.length - 1;
    let end = pageBytes;
    const take = (bytes: number): number => {
      const start = end;
      end += 128 * Math.ceil(bytes / 128);
      return start;
    };
    const places = {
      context: take(contextBytes(parameters)),
      workspace: take(workspaceBytes(parameters, 1)),
      encoders: take(encodersBytes(n, 1)),
      rooms: take(loadingBytes(parameters, 1)),
      keys: Array.from({ length: Math.ceil(beyondCaches / keyBytes(parameters, top)) }, () => ({
        key: take(keyBytes(parameters, top)),
        permutation: take(2 * n),
      })),
    };
    this.heap = end;
    const polynomials = (2 + sumsInTurn) * turns + 12;
    const heapBytes =
      polynomials * valueBytes(n, top, 1) +
      extendedBytes(parameters, top) +
      decompositionBytes(parameters, top) +
      conversions.many * limbStride(n) +
      conversionBytes;
    const memory = createMemory(end + heapBytes + 2 ** 16);
    fillWithResidues(memory, end, heapBytes);
    this.context = openContext(instantiate(kernels, memory), memory, parameters, places.context);
    fillContext(this.context);
    fillEmbeddingTables(memory.buffer, places.encoders, n);
    this.operations = new Operations(this.context, alone, places.workspace);
    this.encoder = new Encoder(this.context, places.encoders, places.encoders + embeddingTableBytes(n));
    this.room = new LoadingRoom(this.context, places.rooms, 0);
    this.keys = places.keys.map(({ key, permutation }, k) => {
      fillWithResidues(memory, key, keyBytes(parameters, top));
      this.context.kernels.fillPermutation(permutation, 2 * k + 3, n);
      return { key: placeKey(parameters, top, key), permutation };
    });
  }

  /** Calls `repeat` with what does each operation once at `level` and tells `took` the milliseconds. */
  atLevel<T>(level: number, repeat: (evaluate: (took: Took) => void) => T): T {
    const rung = this.buildRung(level);
    return repeat((took) => this.runOnce(rung, took));
  }

  /** Frees nothing: the memory goes with the probe. */
  close(): void {
    this.turn = 0;
  }

  private buildRung(level: number): Rung {
    const { n, parameters } = this.context;
    let end = this.heap;
    const take = (bytes: number): number => {
      const start = end;
      end += bytes;
      return start;
    };
    const value = (size: number): Value => ({ address: take(valueBytes(n, level, size)), level, size });
    return {
      level,
      pairs: Array.from({ length: turns }, () => value(2)),
      plaintexts: Array.from({ length: turns * sumsInTurn }, () => value(1)),
      three: value(3),
      target: value(2),
      target3: value(3),
      extended: { address: take(extendedBytes(parameters, level)), level },
      digits: take(decompositionBytes(parameters, level)),
      sources: take(conversions.many * limbStride(n)),
      constants: take(conversionBytes),
    };
  }

  private runOnce(rung: Rung, took: Took): void {
    const { operations } = this;
    const { level, pairs, plaintexts, three, target, target3, extended, digits } = rung;
    const turn = this.turn++;
    const [x = target, y = target] = [pairs[turn % turns], pairs[(turn + 1) % turns]];
    const key = this.keys[turn % this.keys.length];
    if (key === undefined) return;
    const time = (op: CostedOp, run: () => void, count = 1): void => {
      const start = performance.now();
      run();
      took(op, (performance.now() - start) / count);
    };
    const [plaintext = target] = plaintexts;

    time('input', () => this.input(target));
    time('weight', () => this.load(target));
    time('add', () => operations.add([x, y], target));
    time('add-plain', () => operations.addPlain(x, plaintext, target));
    time('multiply', () => operations.multiply(x, y, target3));
    const first = (turn % sumsInTurn) * turns;
    const terms = pairs.map((value, k): ProductTerm => ({ value, plaintext: plaintexts[first + k] ?? plaintext }));
    time('multiply-plain', () => operations.multiplyAccumulate(terms, target), turns);
    time('relinearize', () => operations.relinearize(three, key.key, target));
    time('rotate', () => operations.rotate(x, key, target));
    time('decompose', () => operations.decompose(x, digits));
    time('rotate-hoisted', () => operations.rotateDecomposed(x, digits, key, target));
    time('mod-down', () => operations.divideExtended(extended, target));
    time('output', () => this.store(x));
    if (level > 0) {
      const lower: Value = { ...target, level: level - 1 };
      time('rescale', () => operations.rescale(x, lower));
      time('mod-switch', () => operations.modSwitch(x, lower));
    }
    this.conversions(rung, took);
    time('encode', () => this.encode(target));
  }

  /** The parts of a key switch with several special primes, of one limb. */
  private conversions({ sources, constants, target }: Rung, took: Took): void {
    const { kernels, n, primes } = this.context;
    const [prime = 0] = primes;
    const stride = limbStride(n);
    const start = performance.now();
    kernels.inverseFrom(sources, target.address, prime);
    const inverted = performance.now();
    kernels.forwardConverted(sources, stride, conversions.few, constants, target.address, prime);
    const few = performance.now();
    kernels.forwardConverted(sources, stride, conversions.many, constants, target.address, prime);
    const many = performance.now();
    took('inverse', inverted - start);
    // The same but for the terms; a clock's tick may make it less than nothing.
    took('convert', Math.max(0, many - few - (few - inverted)) / (conversions.many - conversions.few));
  }

  /** A fresh ciphertext: a seed to expand, and residues to load. */
  private input(target: Value): void {
    const seed = Uint8Array.from({ length: 64 }, (_, k) => k + this.turn);
    this.room.expand(seed, target.level + 1, target.level + 1);
    this.load(target);
  }

  private load(target: Value): void {
    const { kernels, n, primes } = this.context;
    for (let poly = 0; poly < target.size; poly++)
      for (let j = 0; j <= target.level; j++) {
        const limb = this.room.limb(poly * (target.level + 1) + j);
        kernels.load(limb, limbAt(target, n, poly, j), primes[j] ?? 0);
      }
  }

  private store(x: Value): void {
    const { kernels, n, primes } = this.context;
    for (let poly = 0; poly < x.size; poly++)
      for (let j = 0; j <= x.level; j++) kernels.store(limbAt(x, n, poly, j), this.room.limb(j), primes[j] ?? 0);
  }

  private encode(target: Value): void {
    const write = (slots: Float64Array): void => {
      slots.fill(0.5);
      slots[0] = 0.25;
    };
    this.encoder.encode(alone, write, { scale: plaintextScale, factor: true, extended: false }, target);
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
