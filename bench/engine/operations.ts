/**
 * Single operations of the engine `simd` and of node-seal, on the same values and keys, one thread each, in turn: so that
 * what else the machine does falls on both.
 */
import type { Ciphertext, GaloisKeys, Plaintext } from 'node-seal';
import { nttPrimes } from '../../compiler/parameters/primes.ts';
import type { Parameters, PolyModulusDegree } from '../../ir/parameters.ts';
import { seededRandom } from '../../ir/random.ts';
import { embeddingTableBytes, fillEmbeddingTables } from '../../runtime/rns/memory/embedding-tables.ts';
import { Encoder, encodersBytes } from '../../runtime/rns/encoder.ts';
import { keyBytes, limbStride, valueBytes } from '../../runtime/rns/memory/layout.ts';
import { decompositionBytes } from '../../runtime/engines/simd/operations/key-switching.ts';
import { extendedBytes } from '../../runtime/rns/memory/extended-layout.ts';
import { alone } from '../../runtime/rns/team.ts';
import { instantiateSeal } from '../../runtime/seal/library/module.ts';
import { OperationBench } from '../../test/unit/runtime/engines/simd/operations/operation-bench.ts';
import { SealReference } from '../../test/unit/runtime/engines/simd/seal-reference.ts';
import { type Spread, spreadOf } from './spread.ts';

/** A ring and a number of data primes. */
export interface Setting {
  readonly degree: PolyModulusDegree;
  readonly primes: number;
}

export interface OperationTimes {
  readonly name: string;
  /** Milliseconds. */
  readonly simd: Spread;
  /** Of the same work by node-seal; absent where it has no such operation. */
  readonly seal: Spread | undefined;
}

/** Rotations of one value, and products of one sum. */
const fanOut = 8;
const scale = 2 ** 30;

interface Contender {
  readonly name: string;
  /** What one call of `simd` counts for, and one of `seal`. */
  readonly count?: number;
  readonly simd: () => void;
  readonly seal?: () => void;
}

export async function measureOperations(setting: Setting, rounds: number): Promise<OperationTimes[]> {
  const parameters = parametersOf(setting);
  const seal = await instantiateSeal();
  const steps = Array.from({ length: fanOut }, (_, k) => k + 1);
  const reference = new SealReference(seal, parameters, steps);
  try {
    return (await contenders(parameters, reference, steps)).map((contender) => race(contender, rounds));
  } finally {
    reference.close();
  }
}

/** Data primes of 40 bits; time depends on their number alone. */
function parametersOf({ degree, primes }: Setting): Parameters {
  const bits = degree === 8192 ? Math.min(40, Math.floor(218 / (primes + 1)) - 1) : 44;
  const [specialPrime = 0, ...data] = nttPrimes([bits + 2, ...Array<number>(primes).fill(bits)], degree) ?? [];
  if (data.length !== primes) throw new Error(`there are not ${primes} primes of ${bits} bits`);
  return { polyModulusDegree: degree, primes: data, specialPrimes: [specialPrime] };
}

async function contenders(
  parameters: Parameters,
  reference: SealReference,
  steps: readonly number[],
): Promise<Contender[]> {
  const { polyModulusDegree: n, primes } = parameters;
  const level = primes.length - 1;
  const value = valueBytes(n, level, 3);
  const bench = await OperationBench.open(
    parameters,
    24 * value +
      2 * fanOut * (extendedBytes(parameters, level) + value) +
      (fanOut + 1) * (keyBytes(parameters, level) + 2 * n) +
      decompositionBytes(parameters, level) +
      encodersBytes(n, 1) +
      2 ** 20,
  );
  const { evaluator, galoisKeys, relinKeys } = reference;
  const { context } = bench;
  const { kernels } = context;
  const random = seededRandom(1);
  const slots = (): Float64Array => Float64Array.from({ length: n / 2 }, () => 2 * random.uniform() - 1);
  const xs = steps.map(() => reference.encrypt(slots(), scale, level));
  const [x, y] = xs as [Ciphertext, Ciphertext];
  const square = reference.ciphertext((target) => evaluator.multiply(x, y, target));
  const plaintexts = steps.map(() => reference.encode(slots(), scale, level));
  const out = reference.ciphertext((target) => evaluator.add(x, y, target));
  const product = reference.ciphertext((target) => evaluator.add(x, y, target));
  const sum = reference.ciphertext((target) => evaluator.multiplyPlain(x, plaintexts[0] ?? fail(), target));

  const xsAt = xs.map((each) => bench.put(reference.residuesOf(each)));
  const [xAt, yAt] = xsAt as [(typeof xsAt)[number], (typeof xsAt)[number]];
  const squareAt = bench.put(reference.residuesOf(square));
  const plainAt = plaintexts.map((each) => bench.put(reference.plaintextResidues(each)));
  const keys = steps.map((step) => bench.rotationKey(reference.galoisKeyDigits(step), step, level));
  const relinKey = bench.putKey(reference.relinKeyDigits(), level);
  const [key] = keys as [(typeof keys)[number]];
  const target = bench.value(level, 2);
  const target3 = bench.value(level, 3);
  const lower = bench.value(level - 1, 2);
  const digits = bench.take(decompositionBytes(parameters, level));
  const extended = steps.map(() => ({ address: bench.take(extendedBytes(parameters, level)), level }));
  const extendedPlain = steps.map(() => ({ address: bench.take((level + 2) * limbStride(n)), level }));
  const operations = bench.operations();
  const tables = bench.take(encodersBytes(n, 1));
  fillEmbeddingTables(context.memory.buffer, tables, n);
  const encoder = new Encoder(context, tables, tables + embeddingTableBytes(n));
  const values = slots();
  const write = (target: Float64Array): void => {
    target.set(values);
  };
  for (const { address } of extendedPlain) {
    encoder.encode(alone, write, { scale, factor: true, extended: true }, { address, level });
  }
  const limb = bench.take(limbStride(n));
  const [prime = 0] = context.primes;
  const galois: GaloisKeys = galoisKeys;

  return [
    { name: 'forward transform of a limb', simd: () => kernels.forwardFrom(xAt.address, 0, limb, prime) },
    { name: 'inverse transform of a limb', simd: () => kernels.inverseFrom(xAt.address, limb, prime) },
    {
      name: 'rotate',
      simd: () => operations.rotate(xAt, key, target),
      seal: () => evaluator.rotateVector(x, 1, galois, out),
    },
    {
      name: `rotate, hoisted: each of ${fanOut} of one value`,
      count: fanOut,
      simd: () => {
        operations.decompose(xAt, digits);
        for (const each of keys) operations.rotateDecomposed(xAt, digits, each, target);
      },
      seal: () => {
        for (const step of steps) evaluator.rotateVector(x, step, galois, out);
      },
    },
    {
      name: `rotate, multiply and add, double-hoisted: each of ${fanOut}`,
      count: fanOut,
      simd: () => {
        operations.decompose(xAt, digits);
        for (const [k, each] of keys.entries()) operations.rotateExtended(xAt, digits, each, extended[k] ?? fail());
        const terms = extended.map((value, k) => ({ value, plaintext: extendedPlain[k] ?? fail() }));
        operations.multiplyAccumulateExtended(terms, extended[0] ?? fail());
        operations.divideExtended(extended[0] ?? fail(), target);
      },
      seal: () => {
        for (const [k, step] of steps.entries()) {
          evaluator.rotateVector(x, step, galois, out);
          multiplyAdd(out, plaintexts[k] ?? fail());
        }
      },
    },
    {
      name: `multiply by plaintext and add: each of ${fanOut}`,
      count: fanOut,
      simd: () =>
        operations.multiplyAccumulate(
          xsAt.map((value, k) => ({ value, plaintext: plainAt[k] ?? fail() })),
          target,
        ),
      seal: () => {
        for (const [k, each] of xs.entries()) multiplyAdd(each, plaintexts[k] ?? fail());
      },
    },
    {
      name: 'multiply',
      simd: () => operations.multiply(xAt, yAt, target3),
      seal: () => evaluator.multiply(x, y, out),
    },
    {
      name: 'relinearise',
      simd: () => operations.relinearize(squareAt, relinKey, target),
      seal: () => evaluator.relinearize(square, relinKeys, out),
    },
    {
      name: 'relinearise and rescale',
      simd: () => operations.relinearizeRescale(squareAt, relinKey, lower),
      seal: () => {
        evaluator.relinearize(square, relinKeys, out);
        evaluator.rescaleToNext(out, product);
      },
    },
    {
      name: 'rescale',
      simd: () => operations.rescale(xAt, lower),
      seal: () => evaluator.rescaleToNext(x, out),
    },
    {
      name: 'add',
      simd: () => operations.add([xAt, yAt], target),
      seal: () => evaluator.add(x, y, out),
    },
    {
      name: 'encode',
      simd: () => encoder.encode(alone, write, { scale, factor: true, extended: false }, { ...target, level }),
      seal: () => reference.encodeInto(values, scale, plaintexts[0] ?? fail()),
    },
  ];

  function multiplyAdd(a: Ciphertext, plaintext: Plaintext): void {
    evaluator.multiplyPlain(a, plaintext, product);
    evaluator.addInplace(sum, product);
  }
}

function fail(): never {
  throw new Error('the bench has fewer values than it uses');
}

const warmUp = 6;

/** Milliseconds that a turn lasts at least, after one call that fills the caches. */
const turnMilliseconds = 4;

/** In turn, so that whatever else the machine does meets both. */
function race({ name, count = 1, simd, seal }: Contender, rounds: number): OperationTimes {
  const own: number[] = [];
  const theirs: number[] = [];
  for (let round = -warmUp; round < rounds; round++) {
    const [a, b] = [timeOf(simd), seal === undefined ? NaN : timeOf(seal)];
    if (round < 0) continue;
    own.push(a / count);
    theirs.push(b / count);
  }
  return { name, simd: spreadOf(own), seal: seal === undefined ? undefined : spreadOf(theirs) };
}

function timeOf(run: () => void): number {
  run();
  const start = performance.now();
  let repeats = 0;
  do {
    run();
    repeats++;
  } while (performance.now() - start < turnMilliseconds);
  return (performance.now() - start) / repeats;
}
