/**
 * The exports of `kernels.wasm`, which AssemblyScript makes of `assembly/`, and of `kernels-wide.wasm`, the same for memories
 * beyond 4 GiB (`scripts/wide-kernels.mjs`). Every pointer is an address in the shared memory, in bytes, a multiple of 16;
 * addresses that kernels read from memory are words of 64 bits (`memory/addresses.ts`).
 *
 * A limb is one polynomial modulo one prime q: `n` doubles that hold balanced residues, integers x with |x| ≤ (q + 1) / 2.
 * Kernels take limbs and give limbs; what else an operand may be is said where it may. Limbs in the transformed domain are
 * in SEAL's order: entry j of the transform of a(X) is a(ψ^(2·rev(j) + 1)), with rev the reversal of log2 n bits and ψ
 * SEAL's root, the smallest primitive 2n-th one. An operand and a result may be the same limb, but must not overlap
 * otherwise. A range `from`, `to` counts elements and has even bounds; a kernel without one works on all n.
 *
 * Errors are none: whoever calls has checked everything. Exactness: every product is a fused multiply-add away from its
 * exact value (`assembly/modular.ts` has the proof), so results are exact for primes below 2^48 and 16 ≤ n ≤ 65536.
 */
export interface Kernels {
  /** 1 if relaxed multiply-adds are fused here, on products whose low part only a fused operation keeps. */
  isFused(): number;

  /**
   * The smallest primitive 2n-th root of unity modulo q, given any; both in [0, q).
   * @param prime a record of which q, 1/q and n are set
   */
  smallestRoot(prime: number, root: number): number;
  /** Fills what a prime's record points to, and the fields that follow from q: the tables of the root ψ in [0, q). */
  fillTables(prime: number, root: number): void;

  /** In place: coefficients, integers of at most 2^48 in absolute value, to the transformed domain. */
  forward(limb: number, prime: number): void;
  /**
   * As `forward`, from coefficients elsewhere: those of another prime's limb. With `lift` > 0, that prime, negative
   * coefficients are lifted first by adding it (SEAL's digits lie in [0, q)); with 0 they are taken as they are.
   */
  forwardFrom(source: number, lift: number, target: number, prime: number): void;
  /**
   * As `forward`, from coefficients modulo `count` ≤ 9 other primes q_i with the product D: those of the integer within D/2, and
   * a few units in the last place of D, that is x modulo D (`assembly/conversion.ts`).
   * @param source limbs, `stride` bytes apart, of the balanced residues of x·(D/q_i)^−1 modulo q_i
   * @param constants two doubles for each source, (D/q_i) modulo the prime, balanced, and 1/q_i; then −D modulo the prime
   * @param target no source
   */
  forwardConverted(
    source: number,
    stride: number,
    count: number,
    constants: number,
    target: number,
    prime: number,
  ): void;
  /** To coefficients, exactly balanced: |x| ≤ (q − 1) / 2. */
  inverse(limb: number, prime: number): void;
  inverseFrom(source: number, target: number, prime: number): void;
  /**
   * As `inverseFrom`, times a constant c: `factor` has two doubles, c/n modulo the prime, balanced, and that over the prime.
   */
  inverseTimes(source: number, target: number, factor: number, prime: number): void;

  add(x: number, y: number, target: number, prime: number, from: number, to: number): void;
  /**
   * The sum of `count` limbs, whose addresses are at `limbs`: the same balanced residues as by `add`, one after the other. The
   * target may be one of them.
   */
  sum(limbs: number, count: number, target: number, prime: number, from: number, to: number): void;
  multiply(x: number, y: number, target: number, prime: number, from: number, to: number): void;
  /**
   * One limb of both polynomials of a sum of products with plaintexts, in one sweep: Σ x·p for `count` records of three
   * addresses at `terms` (limb of polynomial 0, limb of polynomial 1, limb of the plaintext). A target may be an operand.
   * @param partials `partialSumBytes` of its own, which need not be set
   */
  multiplyAccumulate(
    terms: number,
    count: number,
    partials: number,
    target0: number,
    target1: number,
    prime: number,
    from: number,
    to: number,
  ): void;
  /** (a0 + a1 s)(b0 + b1 s): target0 = a0 b0, target1 = a0 b1 + a1 b0, target2 = a1 b1. Targets are no operands. */
  tensor(
    a0: number,
    a1: number,
    b0: number,
    b1: number,
    target0: number,
    target1: number,
    target2: number,
    prime: number,
    from: number,
    to: number,
  ): void;
  /** As `tensor` with b = a. */
  square(
    a0: number,
    a1: number,
    target0: number,
    target1: number,
    target2: number,
    prime: number,
    from: number,
    to: number,
  ): void;

  /**
   * target[i] = source[π(i)], the automorphism in the transformed domain. It maps neighbours (2k, 2k + 1) to neighbours:
   * word k of `permutation` (32 bits) is 16 times the pair that pair k comes from, plus 1 if its elements change places.
   */
  permute(source: number, target: number, permutation: number, from: number, to: number): void;
  /** Fills the n / 2 words of the permutation for a Galois element (odd, below 2n). */
  fillPermutation(permutation: number, element: number, n: number): void;
  /**
   * Key switch, one prime: target0 = Σ d·k0, target1 = Σ d·k1 over `count` digits, transformed modulo
   * this prime; their addresses are at `digits`. `key`: for each pair of elements `stride` bytes, 32 for
   * each digit of the key: two elements of k0, two of k1. With `permutation` not 0 digits are read through it. With `addend`
   * not 0, a limb, which is read in the same way, target0 is that times a constant more, if there are digits; `factor` as in `divide`. With
   * `loose` not 0, and no addend, results may be as large as 13·2^48, which `divide` takes for x where y is a residue.
   */
  inner(
    digits: number,
    count: number,
    key: number,
    stride: number,
    permutation: number,
    addend: number,
    factor: number,
    target0: number,
    target1: number,
    prime: number,
    loose: number,
    from: number,
    to: number,
  ): void;
  /**
   * target = (x − y)·f + addend, what dividing by a prime ends in; without the addend where that is 0, and
   * with the addend read through `permutation` where that is not 0; then the target is not the addend. `factor`: two
   * doubles, f balanced and f/q.
   */
  divide(
    x: number,
    y: number,
    factor: number,
    addend: number,
    permutation: number,
    target: number,
    prime: number,
    from: number,
    to: number,
  ): void;

  /** target += x·f, with x read through `permutation`; `factor` as in `divide`. The target is not x. */
  addPermuted(
    x: number,
    permutation: number,
    factor: number,
    target: number,
    prime: number,
    from: number,
    to: number,
  ): void;

  /**
   * Coefficients of the plaintext whose slots are `slots`, times `scale`: n doubles, rounded to integers. Returns the
   * largest in absolute value, NaN where one is NaN.
   * @param slots n / 2 doubles
   * @param tables what `fillEmbeddingTables` has filled
   * @param work n doubles
   */
  embed(slots: number, scale: number, tables: number, work: number, target: number, n: number): number;
  /**
   * Integers to a limb, in rounds of a division by the prime: one does for |x| ≤ 2^50, and each further one for a factor
   * of 2^51.
   */
  reduce(source: number, target: number, prime: number, rounds: number): void;

  /** 64-bit residues as SEAL has them to a limb. The index of the first that is not below its prime, or −1. */
  load(source: number, target: number, prime: number): number;
  /** A limb to residues in [0, q). */
  store(source: number, target: number, prime: number): void;
  /** As `load`, into polynomial `poly` (0, 1) of digit `digit` of a key's layout for one prime (see `inner`). */
  loadKey(source: number, key: number, stride: number, digit: number, poly: number, prime: number): number;
  /**
   * The polynomial that a seed stands for (SEAL 4.1: BLAKE2Xb, `sample_poly_uniform`), as 64-bit residues prime by prime.
   * @param seed 64 bytes
   * @param primes `count` addresses of prime records
   * @param work 8 KiB
   */
  expandSeed(seed: number, primes: number, count: number, target: number, work: number): void;

  /**
   * As `load`, of residues in words of 48 bits, little-endian and without gaps. The four bytes that follow them are read
   * too. `stride`: bytes from one pair of elements of the result to the next, 16 for a limb.
   */
  unpackResidues(source: number, target: number, stride: number, prime: number): number;
  /** A limb to residues in [0, q) in words of 48 bits. The four bytes that follow them are overwritten. */
  packResidues(source: number, target: number, prime: number): void;

  /** Blocks of 64 bytes of ChaCha20 (RFC 8439), `groups` times four, from `counter` on. @param seed 32 bytes of key, 12 of nonce */
  chacha20(seed: number, counter: number, target: number, groups: number): void;
  /**
   * The uniform limb that a public key and nonce of ChaCha20 stand for: word i of 64 bits of the stream, modulo the prime; a
   * word that is not below the largest multiple of the prime in 64 bits is replaced by the next one from word n on.
   * @param seed 32 bytes of key, 12 of nonce
   * @param stride bytes from one pair of elements of the result to the next, 16 for a limb
   * @param work 8 KiB
   */
  expandUniform(seed: number, target: number, stride: number, prime: number, work: number): void;
  /**
   * n coefficients −1, 0 and 1, each with the chance of a third, of a secret key and nonce of ChaCha20.
   * @param seed 32 bytes of key, 12 of nonce
   * @param work 256 bytes, which are secret afterwards
   */
  sampleTernary(seed: number, target: number, n: number, work: number): void;
  /** As `sampleTernary`, of SEAL's centred binomial distribution: σ = √10.5, at most 21 in absolute value. */
  sampleError(seed: number, target: number, n: number, work: number): void;

  /** target += x·y, all limbs, which may be the same. */
  addProduct(target: number, x: number, y: number, prime: number): void;
  /** target −= x·y. */
  subtractProduct(target: number, x: number, y: number, prime: number): void;
  /** target += factor·x for a balanced integer. */
  addMultiple(target: number, x: number, factor: number, prime: number): void;
}

/**
 * Where the fields of a prime's record are. 1/q, half and the inverse of n are filled by `fillTables`; the caller sets q,
 * n and the addresses of the tables first, and 1/q. Tables: n pairs of doubles (w, w/q) each, w balanced; entry i of the
 * forward one is ψ^rev(i), of the inverse one ψ^−rev(i). From n/2 on entries stand two by two: w, w', w/q, w'/q.
 */
export const primeRecord = {
  q: 0,
  reciprocal: 8,
  /** (q − 1) / 2 */
  half: 16,
  /** 1/n modulo q balanced, and that over q. */
  inverseOfN: 24,
  inverseOfNOverQ: 32,
  /** Addresses. */
  forwardTable: 40,
  inverseTable: 48,
  /** A 32-bit word. */
  n: 56,
  bytes: 64,
} as const;
