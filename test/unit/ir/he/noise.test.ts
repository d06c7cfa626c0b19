/** The noise model against SEAL itself, operation by operation. */
import SEAL, { type ClassHandle } from 'node-seal/throws';
import { beforeAll, expect, test } from 'vitest';

import type { Parameters as CkksParameters } from '../../../../ir/parameters.ts';
import { NoiseModel, relinKey } from '../../../../ir/interpret/noise.ts';
import { seededRandom } from '../../../../ir/random.ts';
import { casesOf } from '../../../support/setup/suite.ts';

const degree = 8192;
const slots = degree / 2;
const scale = 2 ** 30;
/** Each under keys of its own. Fewer leave the estimates of both sides less room to the bounds below. */
const rounds = casesOf({ normal: 18, nightly: 36 });

const seal = await SEAL();
const encryption = new seal.EncryptionParameters(seal.SchemeType.ckks);
encryption.setPolyModulusDegree(degree);
const moduli = seal.CoeffModulus.Create(degree, Int32Array.of(34, 30, 30, 30, 30, 30, 34));
encryption.setCoeffModulus(moduli);
const context = new seal.SEALContext(encryption, true, seal.SecLevelType.tc128);
const evaluator = new seal.Evaluator(context);
const encoder = new seal.CKKSEncoder(context);
const allPrimes = Array.from({ length: moduli.size() }, (_, i) => Number(moduli.get(i)?.value() ?? 0n));
const primes = allPrimes.slice(0, -1);
const parameters: CkksParameters = { polyModulusDegree: degree, primes, specialPrimes: [allPrimes.at(-1) ?? 0] };

type Measure = 'encode' | 'repeated' | 'symmetric' | 'asymmetric' | 'rescale' | 'rotate' | 'rotateLow' | 'relinearize';
type Errors = Readonly<Record<Measure, Float64Array>>;

const random = seededRandom(1);
const message = () => Float64Array.from({ length: slots }, () => 2 * random.uniform() - 1);
const subtract = (a: Float64Array, b: Float64Array) => a.map((x, s) => x - (b[s] ?? 0));

/** The error of each operation, under keys of its own. */
function measureSeal(): Errors {
  const owned: ClassHandle[] = [];
  const own = <T extends ClassHandle>(handle: T): T => {
    owned.push(handle);
    return handle;
  };
  try {
    return measureOnce(own);
  } finally {
    for (const handle of owned) handle.delete();
  }
}

function measureOnce(own: <T extends ClassHandle>(handle: T) => T): Errors {
  const keys = own(new seal.KeyGenerator(context));
  const secret = own(keys.secretKey());
  const galois = own(keys.createGaloisKeysWithSteps(Int32Array.of(5)));
  const relin = own(keys.createRelinKeys());
  const encryptor = own(new seal.Encryptor(context, own(keys.createPublicKey())));
  encryptor.setSecretKey(secret);
  const decryptor = own(new seal.Decryptor(context, secret));
  type Ciphertext = Parameters<typeof decryptor.decrypt>[0];
  const plain = own(new seal.Plaintext());
  const decode = () => Float64Array.from(encoder.decodeFloat64(plain) as ArrayLike<number>);
  const decrypt = (c: Ciphertext) => {
    decryptor.decrypt(c, plain);
    return decode();
  };
  const encode = (x: Float64Array) => {
    encoder.encode(x, scale, plain);
    return subtract(decode(), x);
  };

  const tile = message().subarray(0, 64);
  const repeated = encode(Float64Array.from({ length: slots }, (_, s) => tile[s % 64] ?? 0));
  const x = message();
  const encoded = encode(x);
  const rounded = decode();
  const fresh = own(new seal.Ciphertext());
  encryptor.encryptSymmetric(plain, fresh);
  const public_ = own(new seal.Ciphertext());
  encryptor.encrypt(plain, public_);
  const product = own(new seal.Ciphertext());
  evaluator.multiplyPlain(fresh, plain, product);
  const square = own(new seal.Ciphertext());
  evaluator.square(fresh, square);
  const before = { product: decrypt(product), square: decrypt(square), fresh: decrypt(fresh) };

  const rotate = (c: Ciphertext) => {
    const rotated = own(new seal.Ciphertext());
    evaluator.rotateVector(c, 5, galois, rotated);
    return subtract(
      decrypt(rotated),
      before.fresh.map((_, s) => before.fresh[(s + 5) % slots] ?? 0),
    );
  };
  const low = own(fresh.copy());
  for (let level = 5; level > 2; level--) evaluator.cipherModSwitchToNextInplace(low);
  evaluator.rescaleToNextInplace(product);
  evaluator.relinearizeInplace(square, relin);
  return {
    encode: encoded,
    repeated,
    symmetric: subtract(decrypt(fresh), x),
    asymmetric: subtract(decrypt(public_), rounded),
    rescale: subtract(decrypt(product), before.product),
    rotate: rotate(fresh),
    rotateLow: rotate(low),
    relinearize: subtract(decrypt(square), before.square),
  };
}

function measureModel(seed: number): Errors {
  const model = new NoiseModel(parameters, seed);
  const noise = (add: (slots: Float64Array) => void) => {
    const errors = new Float64Array(slots);
    add(errors);
    return errors;
  };
  const tile = new Float64Array(64);
  model.encode(tile, scale, 'tile');
  return {
    encode: noise((e) => {
      model.encode(e, scale, 'x');
    }),
    repeated: noise((e) => e.forEach((_, s) => (e[s] = tile[s % 64] ?? 0))),
    symmetric: noise((e) => {
      model.encryptSymmetric(e, scale);
    }),
    asymmetric: noise((e) => {
      model.encryptAsymmetric(e, 5, scale);
    }),
    rescale: noise((e) => {
      model.rescale(e, scale * (scale / (primes[5] ?? 1)));
    }),
    rotate: noise((e) => {
      model.switchKey(e, 5, 5, scale);
    }),
    rotateLow: noise((e) => {
      model.switchKey(e, 5, 2, scale);
    }),
    relinearize: noise((e) => {
      model.switchKey(e, relinKey, 5, scale * scale);
    }),
  };
}

/** Root mean squares over rounds of quantiles of the absolute errors. */
function typical(errors: readonly Float64Array[], quantiles: readonly number[]): number[] {
  const sorted = errors.map((e) => e.map(Math.abs).sort());
  return quantiles.map((quantile) => {
    const squares = sorted.map((e) => (e[Math.floor(quantile * (e.length - 1))] ?? 0) ** 2);
    return Math.sqrt(squares.reduce((sum, x) => sum + x, 0) / squares.length);
  });
}

let real: readonly Errors[];
let modelled: readonly Errors[];
beforeAll(() => {
  real = Array.from({ length: rounds }, measureSeal);
  modelled = Array.from({ length: rounds }, (_, round) => measureModel(round));
});

test('every error is within a factor of two of SEAL, at the median and near the maximum', () => {
  const quantiles = [0.5, 0.99, 0.999];
  const measures = [
    ...(['encode', 'repeated', 'symmetric', 'asymmetric'] as const),
    ...(['rescale', 'rotate', 'rotateLow', 'relinearize'] as const),
  ];
  const ratios = measures.flatMap((measure) => {
    const [ours, theirs] = [modelled, real].map((all) =>
      typical(
        all.map((errors) => errors[measure]),
        quantiles,
      ),
    );
    return quantiles.map((quantile, k) => ({ measure, quantile, ratio: (ours?.[k] ?? NaN) / (theirs?.[k] ?? NaN) }));
  });
  for (const entry of ratios) {
    expect(entry.ratio, JSON.stringify(entry)).toBeGreaterThan(0.5);
    expect(entry.ratio, JSON.stringify(entry)).toBeLessThan(2);
  }
});

test('key switching errs most at slot 0, where the digits have their mean', () => {
  const first = (errors: readonly Errors[]) =>
    Math.sqrt(errors.reduce((sum, { rotate }) => sum + (rotate[0] ?? 0) ** 2, 0) / errors.length);
  const [median = NaN] = typical(
    real.map(({ rotate }) => rotate),
    [0.5],
  );
  expect(first(real)).toBeGreaterThan(20 * median);
  expect(first(modelled) / first(real)).toBeGreaterThan(0.5);
  expect(first(modelled) / first(real)).toBeLessThan(2);
});

test('the same seed gives the same errors, another one others; a plaintext errs the same each time', () => {
  expect(measureModel(3)).toEqual(measureModel(3));
  expect(measureModel(3).rescale).not.toEqual(measureModel(4).rescale);
  const model = new NoiseModel(parameters, 5);
  const encode = (name: string, at: number) => {
    const period = new Float64Array(8);
    model.encode(period, at, name);
    return period;
  };
  const once = encode('a', scale);
  model.rescale(new Float64Array(slots), scale);
  expect(encode('a', scale)).toEqual(once);
  expect(encode('b', scale)).not.toEqual(once);
  expect(encode('a', scale / 2)).not.toEqual(once);
});

test('a constant is rounded as it is', () => {
  const period = Float64Array.of(1 / 3);
  new NoiseModel(parameters, 1).encode(period, 1024, 'third');
  expect(period[0]).toBe(341 / 1024);
});
