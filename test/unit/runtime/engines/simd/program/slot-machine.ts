/**
 * Operations of the engine `simd` on slot vectors in the clear, over a memory that knows which bytes hold what: a write
 * destroys whatever it overlaps, and a read of anything but a whole value that is still there fails.
 */
import type { HeModule } from '../../../../../../ir/he/module.ts';
import { materialise, plaintextAt } from '../../../../../../ir/he/plaintexts.ts';
import type { Parameters } from '../../../../../../ir/parameters.ts';
import { layOut } from '../../../../../../runtime/engines/simd/program/arena.ts';
import { Executor, type StepIo, type StepOperations } from '../../../../../../runtime/engines/simd/program/executor.ts';
import { type ExtendedValue, extendedBytes } from '../../../../../../runtime/rns/memory/extended-layout.ts';
import { fuseProgram, type FuseOptions } from '../../../../../../runtime/engines/simd/program/fuse-program.ts';
import { planKeys } from '../../../../../../runtime/engines/simd/program/key-plan.ts';
import {
  decompositionBytes,
  type RotationKey,
} from '../../../../../../runtime/engines/simd/operations/key-switching.ts';
import {
  type KeyPlace,
  placeEncapsulation,
  placeKey,
  type Value,
  valueBytes,
} from '../../../../../../runtime/rns/memory/layout.ts';
import {
  encodingBytes,
  type PlaintextPlan,
  planPlaintexts,
  type PlannedEncoding,
} from '../../../../../../runtime/engines/simd/program/plaintext-plan.ts';
import { type Encodings, planStaging, Staging } from '../../../../../../runtime/engines/simd/program/staging.ts';
import { alone } from '../../../../../../runtime/rns/team.ts';

type Program = HeModule & { readonly parameters: Parameters };

interface Cell {
  readonly end: number;
  readonly form: 'ciphertext' | 'extended' | 'digits' | 'plaintext';
  readonly level: number;
  /** Of a plaintext 2 where the special prime's limb is there. */
  readonly size: number;
  readonly slots: Float64Array;
}

class SlotMemory {
  readonly parameters: Parameters;
  readonly n: number;
  private readonly cells = new Map<number, Cell>();

  constructor(parameters: Parameters) {
    this.parameters = parameters;
    this.n = parameters.polyModulusDegree;
  }

  write(address: number, bytes: number, cell: Omit<Cell, 'end'>): void {
    const end = address + bytes;
    for (const [start, other] of this.cells) if (start < end && address < other.end) this.cells.delete(start);
    this.cells.set(address, { ...cell, end });
  }

  read(address: number, form: Cell['form']): Cell {
    const cell = this.cells.get(address);
    if (cell?.form !== form) throw new Error(`no ${form} at ${address}, but ${cell?.form ?? 'nothing'}`);
    return cell;
  }

  ciphertext({ address, level, size }: Value): Float64Array {
    const cell = this.read(address, 'ciphertext');
    if (cell.level !== level || cell.size !== size)
      throw new Error(`a ciphertext of level ${cell.level}, size ${cell.size}, not ${level}, ${size}`);
    return cell.slots;
  }

  extended({ address, level }: ExtendedValue): Float64Array {
    const cell = this.read(address, 'extended');
    if (cell.level !== level) throw new Error(`an extended value of level ${cell.level}, not ${level}`);
    return cell.slots;
  }

  writeCiphertext({ address, level, size }: Value, slots: Float64Array): void {
    this.write(address, valueBytes(this.n, level, size), { form: 'ciphertext', level, size, slots });
  }

  writeExtended({ address, level }: ExtendedValue, slots: Float64Array): void {
    this.write(address, extendedBytes(this.parameters, level), { form: 'extended', level, size: 2, slots });
  }

  plaintext(address: number, level: number, isExtended: boolean): Float64Array {
    const cell = this.read(address, 'plaintext');
    if (cell.level < level) throw new Error(`a plaintext of level ${cell.level}, below ${level}`);
    if (isExtended && cell.size !== 2) throw new Error('a plaintext without the special prime');
    return cell.slots;
  }

  writePlaintext({ address, level }: Omit<Value, 'size'>, slots: Float64Array, extended: boolean): void {
    const size = extended ? 2 : 1;
    this.write(address, encodingBytes(this.parameters, { level, extended }), { form: 'plaintext', level, size, slots });
  }
}

const expectThat = (holds: boolean, what: string): void => {
  if (!holds) throw new Error(what);
};

const map2 = (x: Float64Array, y: Float64Array, f: (x: number, y: number) => number): Float64Array =>
  x.map((value, s) => f(value, y[s] ?? NaN));
const sum = (x: Float64Array, y: Float64Array): Float64Array => map2(x, y, (p, q) => p + q);
const product = (x: Float64Array, y: Float64Array): Float64Array => map2(x, y, (p, q) => p * q);
/** The step stands for its permutation. */
const rotated = (x: Float64Array, { permutation }: RotationKey): Float64Array =>
  x.map((_, s) => x[(s + permutation) % x.length] ?? NaN);

function slotOperations(memory: SlotMemory): StepOperations {
  const lower = (x: Value, target: Value): void => {
    expectThat(target.level === x.level - 1 && target.size === x.size, 'not one level less');
    memory.writeCiphertext(target, memory.ciphertext(x));
    // Still there, for it was not in the place of the target.
    memory.ciphertext(x);
  };
  const level = (key: KeyPlace, x: { readonly level: number }): void => {
    expectThat(key.level >= x.level, `a key of level ${key.level} at level ${x.level}`);
  };
  const digits = (x: Value, address: number): void => {
    expectThat(memory.read(address, 'digits').slots === memory.ciphertext(x), 'digits of another value');
  };
  const divided = (x: ExtendedValue, addend: Value | undefined): Float64Array => {
    const slots = memory.extended(x);
    return addend === undefined ? slots : sum(slots, memory.ciphertext(addend));
  };
  const total = (products: readonly Float64Array[]): Float64Array => products.reduce(sum);
  return {
    add: (summands, target) => {
      expectThat(summands.length > 1, 'nothing to add');
      expectThat(
        summands.every(({ level }) => level === target.level),
        'unequal summands',
      );
      expectThat(target.size === Math.max(...summands.map(({ size }) => size)), 'a sum of another size');
      memory.writeCiphertext(target, total(summands.map((value) => memory.ciphertext(value))));
    },
    addPlain: (x, plaintext, target) => {
      memory.writeCiphertext(target, sum(memory.ciphertext(x), memory.plaintext(plaintext.address, x.level, false)));
    },
    multiply: (x, y, target) => {
      expectThat(x.size === 2 && y.size === 2 && target.size === 3 && x.level === y.level, 'unfit factors');
      const result = product(memory.ciphertext(x), memory.ciphertext(y));
      memory.writeCiphertext(target, result);
      // Targets of a tensor product are no operands.
      memory.ciphertext(x);
      memory.ciphertext(y);
    },
    multiplyAccumulate: (terms, target) => {
      const products = terms.map(({ value, plaintext }) => {
        expectThat(value.level === target.level && value.size === target.size, 'unequal terms');
        return product(memory.ciphertext(value), memory.plaintext(plaintext.address, value.level, false));
      });
      memory.writeCiphertext(target, total(products));
      if (terms.length > 1) for (const { value } of terms) memory.ciphertext(value);
    },
    relinearize: (x, key, target) => {
      level(key, x);
      expectThat(x.size === 3 && target.size === 2 && x.level === target.level, 'no relinearisation');
      memory.writeCiphertext(target, memory.ciphertext(x));
    },
    relinearizeRescale: (x, key, target) => {
      level(key, x);
      expectThat(x.size === 3 && target.size === 2 && x.level === target.level + 1, 'no relinearisation');
      const slots = memory.ciphertext(x);
      memory.writeCiphertext(target, slots);
      memory.ciphertext(x);
    },
    rescale: lower,
    modSwitch: lower,
    copy: (x, target) => {
      expectThat(x.level === target.level, 'a copy at another level');
      memory.writeCiphertext(target, memory.ciphertext(x));
    },
    toSparse: (x, key, target) => {
      level(key, x);
      expectThat(x.level === 0 && target.level === 0, 'not at the bottom');
      memory.writeCiphertext(target, memory.ciphertext(x));
    },
    raiseModulus: (x, target) => {
      expectThat(
        x.level === 0 && target.level === memory.parameters.primes.length - 1,
        'not from the bottom to the top',
      );
      memory.writeCiphertext(target, memory.ciphertext(x));
      memory.ciphertext(x);
    },
    toDense: (x, key, _, target) => {
      level(key, x);
      memory.writeCiphertext(target, memory.ciphertext(x));
      memory.ciphertext(x);
    },
    rotate: (x, key, target) => {
      level(key.key, x);
      memory.writeCiphertext(target, rotated(memory.ciphertext(x), key));
    },
    decompose: (x, address) => {
      const slots = memory.ciphertext(x);
      memory.write(address, decompositionBytes(memory.parameters, x.level), {
        form: 'digits',
        level: x.level,
        size: 1,
        slots,
      });
      memory.ciphertext(x);
    },
    rotateDecomposed: (x, address, key, target) => {
      level(key.key, x);
      digits(x, address);
      const slots = rotated(memory.ciphertext(x), key);
      memory.writeCiphertext(target, slots);
      memory.read(address, 'digits');
    },
    rotateAloneExtended: (x, key, target) => {
      level(key.key, x);
      const slots = rotated(memory.ciphertext(x), key);
      memory.writeExtended(target, slots);
      memory.ciphertext(x);
    },
    rotateExtended: (x, address, key, target) => {
      level(key.key, x);
      digits(x, address);
      memory.writeExtended(target, rotated(memory.ciphertext(x), key));
      digits(x, address);
    },
    multiplyAccumulateExtended: (terms, target) => {
      const products = terms.map(({ value, plaintext }) => {
        expectThat(value.level === target.level, 'unequal terms');
        return product(memory.extended(value), memory.plaintext(plaintext.address, value.level, true));
      });
      memory.writeExtended(target, total(products));
      if (terms.length > 1) for (const { value } of terms) memory.extended(value);
    },
    addExtended: (summands, target) => {
      expectThat(summands.length > 1, 'nothing to add');
      memory.writeExtended(target, total(summands.map((value) => memory.extended(value))));
    },
    divideExtended: (x, target, addend) => {
      expectThat(x.level === target.level && target.size === 2, 'no division');
      memory.writeCiphertext(target, divided(x, addend));
      memory.extended(x);
    },
    divideExtendedRescale: (x, target, addend) => {
      expectThat(x.level === target.level + 1 && target.size === 2, 'no division');
      memory.writeCiphertext(target, divided(x, addend));
      memory.extended(x);
      if (addend !== undefined) memory.ciphertext(addend);
    },
  };
}

/** What `PlaintextStore` does, by materialising. */
function slotEncodings(memory: SlotMemory, { encodings }: PlaintextPlan, program: Program, base: number): Encodings {
  const encoding = (index: number): PlannedEncoding => {
    const found = encodings[index];
    if (found === undefined) throw new Error(`no encoding ${index}`);
    return found;
  };
  const at = (index: number): Value => {
    const { offset = NaN, level } = encoding(index);
    return { address: base + offset, level, size: 1 };
  };
  const encode = (index: number, target: Omit<Value, 'size'>, extended = false): void => {
    const slots = new Float64Array(program.slots);
    materialise(program.packed, plaintextAt(program.plaintexts, encoding(index).plaintext), slots);
    memory.writePlaintext(target, slots, extended);
  };
  for (const [index, { offset, extended }] of encodings.entries())
    if (offset !== undefined) encode(index, at(index), extended);
  return {
    isKept: (index) => encoding(index).offset !== undefined,
    at,
    extendedAt: at,
    encodeAlone: encode,
    encodeTogether: (_, index, target, extended) => {
      encode(index, target, extended);
    },
  };
}

export interface SlotRunOptions extends FuseOptions {
  /** Bytes of plaintexts that are kept; all by default. */
  readonly budgetBytes?: number;
  readonly onStep?: (fraction: number) => void;
}

/** Runs a managed program as the engine does, and gives its outputs. */
export function runOnSlots(
  program: Program,
  inputs: readonly Float64Array[],
  { budgetBytes = Infinity, onStep, ...fuseOptions }: SlotRunOptions = {},
): Float64Array[] {
  const { columns, parameters, slots } = program;
  const laidOut = layOut(fuseProgram(columns, fuseOptions), parameters);
  const { relinearization, rotations, encapsulation } = planKeys(laidOut, parameters);
  const plan = planPlaintexts(columns, parameters, budgetBytes, (row) => laidOut.extendedRows[row] === 1);
  const staging = planStaging(plan.encodings, parameters);
  const memory = new SlotMemory(parameters);
  const encodings = slotEncodings(memory, plan, program, laidOut.arenaBytes + staging.bytes);
  const outputs: Float64Array[] = [];
  const io: StepIo = {
    loadInput: (index, target) => {
      memory.writeCiphertext(target, inputs[index]?.slice() ?? new Float64Array());
    },
    loadWeight: (row, target) => {
      const weight = new Float64Array(slots);
      materialise(program.packed, plaintextAt(program.plaintexts, columns.a[row] ?? -1), weight);
      memory.writeCiphertext(target, weight);
    },
    saveOutput: (index, value) => {
      outputs[index] = memory.ciphertext(value);
    },
  };
  const executor = new Executor({
    program: laidOut,
    arena: 0,
    operations: slotOperations(memory),
    staging: new Staging(encodings, plan.ofRow, staging, laidOut.arenaBytes, alone),
    keys: {
      relinearization: relinearization === undefined ? undefined : placeKey(parameters, relinearization, 0),
      rotations: new Map(
        [...rotations].map(([step, level]) => [step, { key: placeKey(parameters, level, 0), permutation: step }]),
      ),
      encapsulation: encapsulation ? placeEncapsulation(parameters, 0) : undefined,
    },
    io,
  });
  executor.run(onStep);
  return outputs;
}
