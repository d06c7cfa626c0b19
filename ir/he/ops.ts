/**
 * The table of the `he` level's ops: CKKS operations in SSA. A declaration is total: whatever the compiler asks about an
 * op that does not depend on how it is computed stands here, and `traits.ts` makes lookups by code of it. What computes
 * (interpreters and engines) is a total record over the names.
 *
 * Codes index the columns of `HeModule` and of a `.hep`: they are part of the file format and never change.
 */

/** What the fields `a`, `b` and `imm` of an op hold; an op without an attribute leaves `imm` at zero. */
export type FieldUse = 'value' | 'plaintext' | 'step' | 'index' | 'none';

export interface HeOpDeclaration {
  readonly code: number;
  readonly doc: string;
  readonly a: 'value' | 'plaintext' | 'none';
  /** A value only where `a` is one. */
  readonly b: 'value' | 'plaintext' | 'none';
  readonly imm: 'step' | 'index' | 'none';
  /** What crosses the border of the program: a ciphertext from the client, from the model owner, or to the client. */
  readonly port: 'input' | 'weight' | 'output' | 'none';
  /**
   * What becomes of the slots: those of a are kept, or take other places; operands are added or multiplied; or multiples of
   * the modulus are added to coefficients.
   */
  readonly slots: 'given' | 'kept' | 'permuted' | 'sum' | 'product' | 'wrapped';
  /** Whether the op is linear in its ciphertexts: only a product of two is not. */
  readonly linear: boolean;
  /** Polynomials that each ciphertext operand must have. */
  readonly takes: 2 | 3 | 'any';
  /** Polynomials of the result. */
  readonly gives: 2 | 3 | 'largest';
  /**
   * Scale of the result: what it is encrypted at; that of all operands, which have the same, plaintexts among them; the
   * product of all, with a plaintext's `plainScale`; that of a over the last prime of its level; or that of a times
   * `plainScale`, without a plaintext; or that of every bootstrap, whatever it was before.
   */
  readonly scale: 'given' | 'kept' | 'product' | 'quotient' | 'multiple' | 'restored';
  /**
   * Level of the result: what it is encrypted at; that of all operands; one below; any, whatever it was before, where the
   * operand is at the level that is refreshed from (`levelRead`); or the top level, from level 0.
   */
  readonly level: 'given' | 'kept' | 'lowered' | 'restored' | 'raised';
  /**
   * The evaluation key that it switches by. A Galois key is that of the step, 0 where there is none (`keys.ts`); those of the
   * encapsulation switch to the sparse secret and back.
   */
  readonly key: 'none' | 'relinearization' | 'galois' | 'to-sparse' | 'to-dense';
  /** Whose costs it has in tables of costs: its own, or those of an op that does the same work. */
  readonly cost: string;
}

const source = {
  b: 'none',
  slots: 'given',
  linear: true,
  takes: 'any',
  gives: 2,
  scale: 'given',
  level: 'given',
  key: 'none',
} as const satisfies Partial<HeOpDeclaration>;

/** An op on one ciphertext that leaves all as it is, but for what its declaration says. */
const unary = {
  a: 'value',
  b: 'none',
  imm: 'none',
  port: 'none',
  slots: 'kept',
  linear: true,
  takes: 2,
  gives: 'largest',
  scale: 'kept',
  level: 'kept',
  key: 'none',
} as const satisfies Partial<HeOpDeclaration>;

const sum = { ...unary, slots: 'sum', takes: 'any' } as const;
const product = { ...unary, slots: 'product', scale: 'product' } as const;

export const heOps = {
  input: {
    code: 0,
    doc: 'Ciphertext `index` of the inputs, freshly encrypted at this level and scale.',
    ...source,
    a: 'none',
    imm: 'index',
    port: 'input',
    cost: 'input',
  },
  weight: {
    code: 1,
    doc: 'Plaintext a, encrypted by the model owner under the public key of the client at this level and scale.',
    ...source,
    a: 'plaintext',
    imm: 'none',
    port: 'weight',
    cost: 'weight',
  },
  add: {
    code: 2,
    doc: 'a + b; equal levels and scales.',
    ...sum,
    b: 'value',
    cost: 'add',
  },
  'add-plain': {
    code: 3,
    doc: 'a + plaintext b, encoded at the level and scale of a.',
    ...sum,
    b: 'plaintext',
    cost: 'add-plain',
  },
  multiply: {
    code: 4,
    doc: 'a · b, a square where a = b; of size 3 until relinearised. The scale is the product of the scales.',
    ...product,
    b: 'value',
    linear: false,
    gives: 3,
    cost: 'multiply',
  },
  'multiply-plain': {
    code: 5,
    doc: 'a · plaintext b, encoded at the level of a and at `plainScale`.',
    ...product,
    b: 'plaintext',
    takes: 'any',
    cost: 'multiply-plain',
  },
  relinearize: {
    code: 6,
    doc: 'a, brought from size 3 to size 2.',
    ...unary,
    takes: 3,
    gives: 2,
    key: 'relinearization',
    cost: 'relinearize',
  },
  rescale: {
    code: 7,
    doc: 'a divided by the last prime of its level: one level lower, the scale divided by that prime.',
    ...unary,
    scale: 'quotient',
    level: 'lowered',
    cost: 'rescale',
  },
  'mod-switch': {
    code: 8,
    doc: 'a without the last prime of its level: one level lower, the same scale.',
    ...unary,
    takes: 'any',
    level: 'lowered',
    cost: 'mod-switch',
  },
  rotate: {
    code: 9,
    doc: 'Slot s of the result is slot s + step of a, cyclically. 0 < step < slots.',
    ...unary,
    imm: 'step',
    slots: 'permuted',
    key: 'galois',
    cost: 'rotate',
  },
  output: {
    code: 10,
    doc: 'a is ciphertext `index` of the outputs.',
    ...unary,
    imm: 'index',
    port: 'output',
    cost: 'output',
  },
  conjugate: {
    code: 11,
    doc: 'The complex conjugate of every slot of a: real slots are kept.',
    ...unary,
    key: 'galois',
    cost: 'rotate',
  },
  refresh: {
    code: 12,
    doc:
      'a, encrypted anew at this level by the client, who sees it under a mask; a is at level 1, whose two primes hold the mask. ' +
      'The program pauses here.',
    ...unary,
    gives: 2,
    level: 'restored',
    cost: 'input',
  },
  'to-sparse': {
    code: 13,
    doc: 'a, at level 0, under the sparse secret of the keys; only `mod-raise` reads it.',
    ...unary,
    key: 'to-sparse',
    cost: 'rescale',
  },
  'mod-raise': {
    code: 14,
    doc:
      'a, at level 0 and under the sparse secret, read modulo all primes: to each coefficient of the message a small multiple of ' +
      'the first prime is added. Only `to-dense` reads it.',
    ...unary,
    slots: 'wrapped',
    level: 'raised',
    cost: 'rescale',
  },
  'to-dense': {
    code: 15,
    doc: 'a, of `mod-raise`, times the integer `plainScale`, by which the scale grows, under the secret of all other values.',
    ...unary,
    scale: 'multiple',
    key: 'to-dense',
    cost: 'rotate',
  },
  'set-scale': {
    code: 16,
    doc: 'a as it is, at the scale of a times `plainScale`: slots are divided by that.',
    ...unary,
    scale: 'multiple',
    cost: 'mod-switch',
  },
  bootstrap: {
    code: 17,
    doc:
      'a, brought to this level by the server alone; levels and scales before and after it are those of the module, which says ' +
      'what it makes of a value. No plan has it: `expand-bootstraps` writes down of which ops it is made.',
    ...unary,
    gives: 2,
    scale: 'restored',
    level: 'restored',
    cost: 'rotate',
  },
} as const satisfies Record<string, HeOpDeclaration>;

/** The level that a value is refreshed from: two primes, whose product holds a mask that is uniform, and the value below it. */
export const refreshedLevel = 1;

export type HeOpName = keyof typeof heOps;

/** Names of the costs of all ops. */
export type HeOpCost = (typeof heOps)[HeOpName]['cost'];

const names: HeOpName[] = [];
for (const name of Object.keys(heOps) as HeOpName[]) names[heOps[name].code] = name;

/** Op names by code. */
export const heOpNames: readonly HeOpName[] = names;

/** Codes by op name, for passes that match a pattern of ops; all others ask for traits (`traits.ts`). */
export const HE = Object.fromEntries(names.map((name) => [name, heOps[name].code])) as {
  readonly [K in HeOpName]: (typeof heOps)[K]['code'];
};
