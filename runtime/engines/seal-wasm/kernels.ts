/**
 * SEAL's part in each op. A kernel gives the result's ciphertext; where an operand is read for the last time it works
 * in place and gives the operand itself, which saves both memory and a copy.
 */
import type { Ciphertext, Evaluator, GaloisKeys, Plaintext, RelinKeys } from 'node-seal';
import { InternalError } from '../../../ir/diagnostics/diagnostic.ts';
import type { HeOp } from '../../../ir/he/module.ts';
import type { HeOpName } from '../../../ir/he/ops.ts';

/** What kernels work with: the registers of one run. */
export interface Machine {
  readonly evaluator: Evaluator;
  readonly relinKeys: RelinKeys;
  readonly galoisKeys: GaloisKeys;
  /** A value that an earlier row has computed, here or in another worker. */
  value(id: number): Ciphertext;
  /** Whether the current row is the last to read the value. */
  dies(id: number): boolean;
  /** A new ciphertext. */
  create(): Ciphertext;
  /** The plaintext operand of the current row. */
  plaintext(): Plaintext;
  loadInput(index: number): Ciphertext;
  loadWeight(row: number): Ciphertext;
  saveOutput(index: number, ciphertext: Ciphertext): void;
}

type Kernel = (machine: Machine, op: HeOp) => Ciphertext | undefined;

/** Ops of plans with several special primes, which SEAL is never given. */
const refuse: Kernel = (_, { op }) => {
  throw new InternalError(`SEAL has no ${op}`);
};

export const kernels: { readonly [K in HeOpName]: Kernel } = {
  input: (machine, { imm }) => machine.loadInput(imm),

  weight: (machine, { id }) => machine.loadWeight(id),

  add: (machine, { a, b }) => {
    const x = machine.value(a);
    const y = machine.value(b);
    if (a !== b && machine.dies(a)) {
      machine.evaluator.addInplace(x, y);
      return x;
    }
    if (a !== b && machine.dies(b)) {
      machine.evaluator.addInplace(y, x);
      return y;
    }
    const sum = machine.create();
    machine.evaluator.add(x, y, sum);
    return sum;
  },

  'add-plain': (machine, { a }) => {
    const plaintext = machine.plaintext();
    return unary(
      machine,
      a,
      (x) => machine.evaluator.addPlainInplace(x, plaintext),
      (x, sum) => machine.evaluator.addPlain(x, plaintext, sum),
    );
  },

  multiply: (machine, { a, b }) => {
    if (a === b) {
      return unary(
        machine,
        a,
        (x) => machine.evaluator.squareInplace(x),
        (x, square) => machine.evaluator.square(x, square),
      );
    }
    const x = machine.value(a);
    const y = machine.value(b);
    if (machine.dies(a)) {
      machine.evaluator.multiplyInplace(x, y);
      return x;
    }
    if (machine.dies(b)) {
      machine.evaluator.multiplyInplace(y, x);
      return y;
    }
    const product = machine.create();
    machine.evaluator.multiply(x, y, product);
    return product;
  },

  'multiply-plain': (machine, { a }) => {
    const plaintext = machine.plaintext();
    return unary(
      machine,
      a,
      (x) => machine.evaluator.multiplyPlainInplace(x, plaintext),
      (x, product) => machine.evaluator.multiplyPlain(x, plaintext, product),
    );
  },

  relinearize: (machine, { a }) =>
    unary(
      machine,
      a,
      (x) => machine.evaluator.relinearizeInplace(x, machine.relinKeys),
      (x, result) => machine.evaluator.relinearize(x, machine.relinKeys, result),
    ),

  rescale: (machine, { a }) =>
    unary(
      machine,
      a,
      (x) => machine.evaluator.rescaleToNextInplace(x),
      (x, result) => machine.evaluator.rescaleToNext(x, result),
    ),

  'mod-switch': (machine, { a }) =>
    unary(
      machine,
      a,
      (x) => machine.evaluator.cipherModSwitchToNextInplace(x),
      (x, result) => machine.evaluator.cipherModSwitchToNext(x, result),
    ),

  rotate: (machine, { a, imm }) =>
    unary(
      machine,
      a,
      (x) => machine.evaluator.rotateVectorInplace(x, imm, machine.galoisKeys),
      (x, result) => machine.evaluator.rotateVector(x, imm, machine.galoisKeys, result),
    ),

  conjugate: (machine, { a }) =>
    unary(
      machine,
      a,
      (x) => machine.evaluator.complexConjugateInplace(x, machine.galoisKeys),
      (x, result) => machine.evaluator.complexConjugate(x, machine.galoisKeys, result),
    ),

  refresh: refuse,
  'to-sparse': refuse,
  'mod-raise': refuse,
  'to-dense': refuse,
  'set-scale': refuse,
  bootstrap: refuse,

  output: (machine, { a, imm }) => {
    machine.saveOutput(imm, machine.value(a));
    return undefined;
  },
};

function unary(
  machine: Machine,
  a: number,
  inPlace: (x: Ciphertext) => void,
  into: (x: Ciphertext, result: Ciphertext) => void,
): Ciphertext {
  const x = machine.value(a);
  if (machine.dies(a)) {
    inPlace(x);
    return x;
  }
  const result = machine.create();
  into(x, result);
  return result;
}
