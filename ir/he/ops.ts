/**
 * The `he` level's ops: CKKS operations in SSA. Codes index the columns of `HeModule` and of a `.hep`: they are
 * part of the file format and never change.
 */

/** What the fields `a`, `b` and `imm` of an op mean. */
export type FieldUse = 'value' | 'plaintext' | 'step' | 'index' | 'none';

export interface HeOpDeclaration {
  readonly code: number;
  readonly doc: string;
  readonly a: FieldUse;
  readonly b: FieldUse;
  readonly imm: FieldUse;
}

export const heOps = {
  input: {
    code: 0,
    doc: 'Ciphertext `index` of the inputs, freshly encrypted at this level and scale.',
    a: 'none',
    b: 'none',
    imm: 'index',
  },
  weight: {
    code: 1,
    doc: 'Plaintext a, encrypted by the model owner under the public key of the client at this level and scale.',
    a: 'plaintext',
    b: 'none',
    imm: 'none',
  },
  add: { code: 2, doc: 'a + b; equal levels and scales.', a: 'value', b: 'value', imm: 'none' },
  'add-plain': {
    code: 3,
    doc: 'a + plaintext b, encoded at the level and scale of a.',
    a: 'value',
    b: 'plaintext',
    imm: 'none',
  },
  multiply: {
    code: 4,
    doc: 'a · b, a square where a = b; of size 3 until relinearised. The scale is the product of the scales.',
    a: 'value',
    b: 'value',
    imm: 'none',
  },
  'multiply-plain': {
    code: 5,
    doc: 'a · plaintext b, encoded at the level of a and at `plainScale`.',
    a: 'value',
    b: 'plaintext',
    imm: 'none',
  },
  relinearize: { code: 6, doc: 'a, brought from size 3 to size 2.', a: 'value', b: 'none', imm: 'none' },
  rescale: {
    code: 7,
    doc: 'a divided by the last prime of its level: one level lower, the scale divided by that prime.',
    a: 'value',
    b: 'none',
    imm: 'none',
  },
  'mod-switch': {
    code: 8,
    doc: 'a without the last prime of its level: one level lower, the same scale.',
    a: 'value',
    b: 'none',
    imm: 'none',
  },
  rotate: {
    code: 9,
    doc: 'Slot s of the result is slot s + step of a, cyclically. 0 < step < slots.',
    a: 'value',
    b: 'none',
    imm: 'step',
  },
  output: {
    code: 10,
    doc: 'a is ciphertext `index` of the outputs.',
    a: 'value',
    b: 'none',
    imm: 'index',
  },
} as const satisfies Record<string, HeOpDeclaration>;

export type HeOpName = keyof typeof heOps;

const names: HeOpName[] = [];
for (const name of Object.keys(heOps) as HeOpName[]) names[heOps[name].code] = name;

/** Op names by code. */
export const heOpNames: readonly HeOpName[] = names;

export const HE = Object.fromEntries(names.map((name) => [name, heOps[name].code])) as {
  readonly [K in HeOpName]: (typeof heOps)[K]['code'];
};
