/**
 * Runs the steps of a program on one member of a team. All members run all steps, in order, and call the same operations
 * with the same addresses; each operation shares its work among them.
 *
 * An executor ends early by an exception alone. A member whose barrier throws, because somebody has told the team to
 * stop, throws at the same barrier as all others (`shared-team.ts`), so that nobody waits for one who is gone; nothing
 * here decides by itself whether to go on. In a team of one `onStep` may throw as well.
 */
import { InternalError } from '../../../../ir/diagnostics/diagnostic.ts';
import type { LaidOutProgram } from './arena.ts';
import type { RotationKey } from '../operations/key-switching.ts';
import type { EncapsulationPlace, KeyPlace, Value } from '../../../rns/memory/layout.ts';
import type { Operations } from '../operations/operations.ts';
import type { Staging } from './staging.ts';
import { stepCost } from './step-costs.ts';
import { type Step, stepsOfStage, type SweepStep, type Term } from './steps.ts';

/** What steps are made of; see `operations.ts`. */
export type StepOperations = Pick<
  Operations,
  | 'add'
  | 'addExtended'
  | 'addPlain'
  | 'copy'
  | 'decompose'
  | 'divideExtended'
  | 'divideExtendedRescale'
  | 'modSwitch'
  | 'multiply'
  | 'multiplyAccumulate'
  | 'multiplyAccumulateExtended'
  | 'relinearize'
  | 'relinearizeRescale'
  | 'rescale'
  | 'rotate'
  | 'rotateAloneExtended'
  | 'rotateDecomposed'
  | 'rotateExtended'
  | 'raiseModulus'
  | 'toDense'
  | 'toSparse'
>;

/** Where keys lie: those of `planKeys`. */
export interface PlacedKeys {
  readonly relinearization: KeyPlace | undefined;
  /** By Galois step. */
  readonly rotations: ReadonlyMap<number, RotationKey>;
  readonly encapsulation: EncapsulationPlace | undefined;
}

/** Ciphertexts from outside and to it. All members call the same methods and share the work. */
export interface StepIo {
  /** Ciphertext `index` of the inputs, to `target`. On return it may be read. */
  loadInput(index: number, target: Value): void;
  /** The encrypted weight of a row. */
  loadWeight(row: number, target: Value): void;
  /** Once the last of several outputs in a row has been saved, the values may be overwritten. */
  saveOutput(index: number, value: Value): void;
}

export interface Executable {
  readonly program: LaidOutProgram;
  /** Address of the `arenaBytes` of the program. */
  readonly arena: number;
  readonly operations: StepOperations;
  readonly staging: Staging;
  readonly keys: PlacedKeys;
  readonly io: StepIo;
}

export class Executor {
  private readonly executable: Executable;
  private readonly values: readonly Value[];

  constructor(executable: Executable) {
    const { program, arena } = executable;
    this.executable = executable;
    this.values = program.values.map(({ level, size }, value) => {
      return { address: arena + (program.offsets[value] ?? 0), level, size };
    });
  }

  /**
   * Runs all steps of a program of one stage once; may be called again.
   * @param onStep told after each step what part of the cost of all steps is done, 0 to 1
   */
  run(onStep: (fraction: number) => void = () => undefined): void {
    for (const fraction of this.steps(0)) onStep(fraction);
  }

  /** Runs the steps of a stage, with a pause after each step, in which it gives what part of their cost is done. */
  *steps(stage: number): Generator<number, void, undefined> {
    const { program } = this.executable;
    const { first, end } = stepsOfStage(program, stage);
    const steps = program.steps.slice(first, end);
    const costs = steps.map((step) => stepCost(program, step));
    const total = costs.reduce((sum, cost) => sum + cost, 0);
    let done = 0;
    for (const [index, step] of steps.entries()) {
      this.runStep(step);
      done += costs[index] ?? 0;
      yield Math.min(1, done / total);
    }
  }

  private runStep(step: Step): void {
    const { operations, io, staging } = this.executable;
    const at = (value: number): Value => this.at(value);
    switch (step.kind) {
      case 'input':
        io.loadInput(step.index, at(step.target));
        break;
      case 'weight':
        io.loadWeight(step.row, at(step.target));
        break;
      case 'output':
        io.saveOutput(step.index, at(step.a));
        break;
      case 'add':
        operations.add(step.summands.map(at), at(step.target));
        break;
      case 'add-plain': {
        const [plaintext] = staging.plaintexts([step.row], at(step.a).level, false);
        if (plaintext === undefined) throw new InternalError(`row ${step.row} has no plaintext`);
        operations.addPlain(at(step.a), plaintext, at(step.target));
        break;
      }
      case 'multiply':
        operations.multiply(at(step.a), at(step.b), at(step.target));
        break;
      case 'multiply-accumulate':
      case 'multiply-accumulate-extended':
        this.sweep(step);
        break;
      case 'relinearize':
        operations.relinearize(at(step.a), this.relinearizationKey(), at(step.target));
        break;
      case 'relinearize-rescale':
        operations.relinearizeRescale(at(step.a), this.relinearizationKey(), at(step.target));
        break;
      case 'rescale':
        operations.rescale(at(step.a), at(step.target));
        break;
      case 'mod-switch':
        operations.modSwitch(at(step.a), at(step.target));
        break;
      case 'to-sparse':
        operations.toSparse(at(step.a), this.encapsulationKeys().toSparse, at(step.target));
        break;
      case 'mod-raise':
        operations.raiseModulus(at(step.a), at(step.target));
        break;
      case 'to-dense':
        operations.toDense(at(step.a), this.encapsulationKeys().toDense, step.factor, at(step.target));
        break;
      case 'copy':
        operations.copy(at(step.a), at(step.target));
        break;
      case 'rotate':
        operations.rotate(at(step.a), this.rotationKey(step.step), at(step.target));
        break;
      case 'rotate-extended':
        operations.rotateAloneExtended(at(step.a), this.rotationKey(step.step), at(step.target));
        break;
      case 'decompose':
        operations.decompose(at(step.a), at(step.target).address);
        break;
      case 'rotate-decomposed':
        operations.rotateDecomposed(at(step.a), at(step.digits).address, this.rotationKey(step.step), at(step.target));
        break;
      case 'rotate-decomposed-extended':
        operations.rotateExtended(at(step.a), at(step.digits).address, this.rotationKey(step.step), at(step.target));
        break;
      case 'add-extended':
        operations.addExtended(step.summands.map(at), at(step.target));
        break;
      case 'divide-extended':
        operations.divideExtended(at(step.a), at(step.target), this.addend(step));
        break;
      case 'divide-extended-rescale':
        operations.divideExtendedRescale(at(step.a), at(step.target), this.addend(step));
        break;
    }
  }

  private sweep({ kind, terms, target }: SweepStep): void {
    const { operations, staging } = this.executable;
    const isExtended = kind === 'multiply-accumulate-extended';
    const sum = this.at(target);
    const partial: Value = { ...sum, address: staging.partial };
    for (const [k, piece] of staging.cut(terms).entries()) {
      const result = k === 0 ? sum : partial;
      const products = this.products(piece, sum.level, isExtended);
      if (isExtended) operations.multiplyAccumulateExtended(products, result);
      else operations.multiplyAccumulate(products, result);
      if (k === 0) continue;
      if (isExtended) operations.addExtended([sum, partial], sum);
      else operations.add([sum, partial], sum);
    }
  }

  private products(terms: readonly Term[], level: number, isExtended: boolean): { value: Value; plaintext: Value }[] {
    const rows = terms.map(({ row }) => row);
    return this.executable.staging.plaintexts(rows, level, isExtended).map((plaintext, k) => {
      return { value: this.at(terms[k]?.value ?? -1), plaintext };
    });
  }

  private addend({ addend }: { readonly addend: number | undefined }): Value | undefined {
    return addend === undefined ? undefined : this.at(addend);
  }

  private at(value: number): Value {
    const place = this.values[value];
    if (place === undefined) throw new InternalError(`there is no value ${value}`);
    return place;
  }

  private rotationKey(step: number): RotationKey {
    const key = this.executable.keys.rotations.get(step);
    if (key === undefined) throw new InternalError(`no key for rotations by ${step}`);
    return key;
  }

  private encapsulationKeys(): EncapsulationPlace {
    const { encapsulation } = this.executable.keys;
    if (encapsulation === undefined) throw new InternalError('no keys to the sparse secret and back');
    return encapsulation;
  }

  private relinearizationKey(): KeyPlace {
    const { relinearization } = this.executable.keys;
    if (relinearization === undefined) throw new InternalError('no key for relinearisations');
    return relinearization;
  }
}
