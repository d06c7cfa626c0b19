/** SEAL's 64-bit residues to limbs and keys and back, and the first one that is none. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { seededRandom } from '../../../../../ir/random.ts';
import { keyStride } from '../../../../../runtime/rns/memory/layout.ts';
import { balanced, canonical } from '../../../../support/simd.ts';
import { type Draw, draws, drawLimb, KernelLimbs, largestPrime } from './kernel-limbs.ts';

const n = 32;
const digits = 3;
const stride = keyStride({ digits });
const keyDoubles = ((n / 2) * stride) / 8;
const limbs = await KernelLimbs.open(n, 3, 8 * keyDoubles);
const [source, target, back, key] = [limbs.at(0), limbs.at(1), limbs.at(2), limbs.at(3)];
/** What a kernel leaves as it was would be seen. */
const untouched = 0.5;

function words(address: number): BigUint64Array {
  return new BigUint64Array(limbs.memory.buffer, address, n);
}

function keyView(): Float64Array {
  return new Float64Array(limbs.memory.buffer, key, keyDoubles);
}

/** Where element i of a limb stands in the key, in doubles. */
function keyIndex(digit: number, poly: number, i: number): number {
  return ((i >> 1) * stride + 32 * digit + 16 * poly) / 8 + (i & 1);
}

/** `n` residues in [0, q): anywhere, or with chance one half at the ends and in the middle. */
function drawResidues({ q, seed }: Draw): bigint[] {
  const random = seededRandom(seed).fork('residues');
  const ends = [0, 1, q - 1, (q - 1) / 2, (q + 1) / 2];
  return Array.from({ length: n }, () => BigInt(ends[random.integer(0, 9)] ?? Math.floor(random.uniform() * q)));
}

function loadKey(digit: number, poly: number): number {
  return limbs.kernels.loadKey(source, key, stride, digit, poly, limbs.prime);
}

const places = fc.record({ digit: fc.nat(digits - 1), poly: fc.nat(1) });

test('residues are balanced on the way in and themselves again on the way out', () => {
  fc.assert(
    fc.property(draws, (draw) => {
      const residues = drawResidues(draw);
      limbs.setPrime(draw.q);
      words(source).set(residues);
      expect(limbs.kernels.load(source, target, limbs.prime)).toBe(-1);
      expect(limbs.read(1)).toEqual(residues.map((x) => balanced(x, draw.q)));
      expect([...words(source)]).toEqual(residues);
      limbs.kernels.store(target, back, limbs.prime);
      expect([...words(back)]).toEqual(residues);
    }),
    { numRuns: 500 },
  );
});

test('limbs that have lost their exact balance come out in [0, q)', () => {
  fc.assert(
    fc.property(draws, (draw) => {
      const limb = drawLimb(draw, 'limb', n);
      limbs.setPrime(draw.q);
      limbs.write(1, limb);
      limbs.kernels.store(target, back, limbs.prime);
      expect([...words(back)]).toEqual(limb.map((x) => BigInt(canonical(BigInt(x), draw.q))));
      // In place: a limb is as long as its residues.
      limbs.kernels.store(target, target, limbs.prime);
      expect([...words(target)]).toEqual([...words(back)]);
    }),
  );
});

test('a polynomial of a digit goes to its places in the key and to no others', () => {
  fc.assert(
    fc.property(draws, places, (draw, { digit, poly }) => {
      const residues = drawResidues(draw);
      limbs.setPrime(draw.q);
      words(source).set(residues);
      keyView().fill(untouched);
      expect(loadKey(digit, poly)).toBe(-1);
      const expected = new Float64Array(keyDoubles).fill(untouched);
      residues.forEach((x, i) => {
        expected[keyIndex(digit, poly, i)] = balanced(x, draw.q);
      });
      expect([...keyView()]).toEqual([...expected]);
    }),
  );
});

/** Words that are no residue modulo q. */
function badWords(q: number): fc.Arbitrary<bigint> {
  const prime = BigInt(q);
  const near = [prime, prime + 1n, 2n * prime - 1n, 2n * prime];
  const powers = [52n, 53n, 62n, 63n].flatMap((bits) => [2n ** bits - 1n, 2n ** bits, 2n ** bits + prime - 1n]);
  const last = [2n ** 64n - 1n, 2n ** 64n - prime, 2n ** 63n + 2n ** 62n];
  return fc.oneof(fc.constantFrom(...near, ...powers, ...last), fc.bigInt({ min: prime, max: 2n ** 64n - 1n }));
}

test('the first word that is no residue is found, wherever it is', () => {
  const cases = draws.chain((draw) =>
    fc.record({
      draw: fc.constant(draw),
      first: fc.nat(n - 1),
      bad: badWords(draw.q),
      later: fc.array(fc.tuple(fc.nat(n - 1), badWords(draw.q)), { maxLength: 3 }),
      place: places,
    }),
  );
  fc.assert(
    fc.property(cases, ({ draw, first, bad, later, place: { digit, poly } }) => {
      const all = drawResidues(draw);
      for (const [i, word] of later) if (i > first) all[i] = word;
      all[first] = bad;
      limbs.setPrime(draw.q);
      words(source).set(all);
      expect(limbs.kernels.load(source, target, limbs.prime)).toBe(first);
      expect(loadKey(digit, poly)).toBe(first);
    }),
    { numRuns: 1000 },
  );
});

test.each([largestPrime, 1073692673, 786433])('every place, each kind of bad word: modulo %i', (q) => {
  limbs.setPrime(q);
  const prime = BigInt(q);
  for (const bad of [prime, prime + 1n, 2n ** 52n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 63n + prime - 1n, 2n ** 64n - 1n]) {
    for (let i = 0; i < n; i++) {
      words(source).fill(prime - 1n);
      expect(limbs.kernels.load(source, target, limbs.prime)).toBe(-1);
      words(source)[i] = bad;
      expect(limbs.kernels.load(source, target, limbs.prime)).toBe(i);
      expect(loadKey(0, 1)).toBe(i);
    }
  }
});
