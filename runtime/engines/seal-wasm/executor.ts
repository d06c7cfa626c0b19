/**
 * Runs a worker's rows on SEAL ciphertexts. Lives in the worker thread, but knows nothing of threads beyond the
 * exchange. A value's ciphertext is deleted at the row that reads it last in this worker.
 */
import type { Ciphertext, Evaluator, GaloisKeys, Plaintext, RelinKeys } from 'node-seal';
import { InternalError } from '../../../ir/diagnostics/diagnostic.ts';
import { type HeModule, type HeOp, heOp } from '../../../ir/he/module.ts';
import { usesValueA, usesValueB } from '../../../ir/he/traits.ts';
import type { SealContext } from '../../seal/library/context.ts';
import { describeError, isOutOfMemory } from '../../seal/library/exceptions.ts';
import { Handles } from '../../seal/library/handles.ts';
import { requireHeap } from '../../seal/library/heap.ts';
import { savedSeededBytes } from '../../seal/bytes/saved-format.ts';
import { saveUncompressed } from '../../seal/library/save.ts';
import { type Exchange, Stopped } from '../exchange/exchange.ts';
import { kernels, type Machine } from './kernels.ts';
import { rowCost } from './tasks/op-costs.ts';
import type { PlaintextStore } from './plaintext-store.ts';
import type { WorkerProgram } from './worker-program.ts';

/** A ciphertext from outside that SEAL does not accept. */
export class Refused extends Error {
  readonly what: string;
  readonly reason: string;

  constructor(what: string, reason: string) {
    super(`${what}: ${reason}`);
    this.what = what;
    this.reason = reason;
  }
}

/** What a run needs besides its inputs; made once. */
export interface Executable {
  readonly context: SealContext;
  readonly program: HeModule;
  readonly part: WorkerProgram;
  readonly plaintexts: PlaintextStore;
  readonly relinKeys: RelinKeys;
  readonly galoisKeys: GaloisKeys;
  /** Saved ciphertexts by row of the `weight` op; those that are not there come through `weightStream`. */
  readonly weights: ReadonlyMap<number, Uint8Array>;
  readonly weightStream: Exchange;
  readonly exchange: Exchange;
}

export interface Output {
  readonly index: number;
  readonly bytes: Uint8Array;
}

/**
 * Runs the rows once; `advance` is told the cost of each. Leaves no SEAL object behind, whatever happens. Throws
 * `Stopped`, `Refused`, what SEAL throws when its memory is exhausted, and `InternalError` for all else.
 */
export function execute(
  executable: Executable,
  inputs: readonly Uint8Array[],
  advance: (cost: number) => void,
): Output[] {
  const run = new Run(executable, inputs);
  try {
    const { context, program, part, exchange } = executable;
    for (let position = 0; position < part.rows.length; position++) {
      exchange.checkRunning();
      requireHeap(context.seal);
      const row = part.rows[position] ?? 0;
      run.step(position, heOp(program, row));
      advance(rowCost(program.columns, row));
    }
    return run.outputs;
  } finally {
    run.close();
  }
}

class Run implements Machine {
  readonly evaluator: Evaluator;
  readonly relinKeys: RelinKeys;
  readonly galoisKeys: GaloisKeys;
  readonly outputs: Output[] = [];
  private readonly executable: Executable;
  private readonly inputs: readonly Uint8Array[];
  private readonly handles = new Handles();
  private readonly values = new Map<number, Ciphertext>();
  private row = 0;
  private position = 0;

  constructor(executable: Executable, inputs: readonly Uint8Array[]) {
    this.executable = executable;
    this.inputs = inputs;
    this.evaluator = executable.context.evaluator;
    this.relinKeys = executable.relinKeys;
    this.galoisKeys = executable.galoisKeys;
  }

  step(position: number, op: HeOp): void {
    this.position = position;
    this.row = op.id;
    try {
      const result = kernels[op.op](this, op);
      if (usesValueA(this.code)) this.release(op.a, result);
      if (usesValueB(this.code) && op.b !== op.a) this.release(op.b, result);
      if (result !== undefined) this.keep(op, result);
    } catch (error) {
      if (error instanceof Stopped || error instanceof Refused || error instanceof InternalError) throw error;
      if (isOutOfMemory(error)) throw error;
      throw new InternalError(`row ${op.id} (${op.op}, level ${op.level}): ${describeError(error)}`, { cause: error });
    }
  }

  close(): void {
    this.handles.freeAll();
  }

  value(id: number): Ciphertext {
    const present = this.values.get(id);
    if (present !== undefined) return present;
    const transfer = this.executable.exchange.transferOf(id);
    if (transfer === -1) throw new InternalError(`row ${this.row} reads %${id}, which is not there`);
    const received = this.executable.exchange.read(transfer, (bytes) => this.load(bytes));
    this.values.set(id, received);
    return received;
  }

  dies(id: number): boolean {
    return this.executable.part.lastUse[id] === this.row;
  }

  create(): Ciphertext {
    return this.handles.own(new this.executable.context.seal.Ciphertext());
  }

  plaintext(): Plaintext {
    return this.executable.plaintexts.at(this.position);
  }

  loadInput(index: number): Ciphertext {
    const what = `input ciphertext ${index}`;
    const { context, program } = this.executable;
    const saved = this.inputs[index];
    const size = savedSeededBytes(context.parameters.polyModulusDegree, (program.columns.level[this.row] ?? 0) + 1);
    const sum = this.loadForeign(what, saved?.subarray(0, size));
    for (let at = size; at < (saved?.length ?? 0); at += size) {
      const next = this.loadForeign(what, saved?.subarray(at, at + size));
      this.evaluator.addInplace(sum, next);
      this.handles.free(next);
    }
    return sum;
  }

  loadWeight(row: number): Ciphertext {
    const { weights, weightStream } = this.executable;
    const what = `the encrypted weight of row ${row}`;
    const load = weightStream.transferOf(row);
    if (load === -1) return this.loadForeign(what, weights.get(row));
    return weightStream.read(load, (bytes) => this.loadForeign(what, bytes));
  }

  saveOutput(index: number, ciphertext: Ciphertext): void {
    this.outputs.push({ index, bytes: this.save(ciphertext) });
  }

  private get code(): number {
    return this.executable.program.columns.op[this.row] ?? -1;
  }

  /** Stores the result of the current row, with the scale of the plan: SEAL's own differs in the last bits. */
  private keep(op: HeOp, result: Ciphertext): void {
    const { exchange, part } = this.executable;
    result.setScale(op.scale);
    const transfer = exchange.transferOf(op.id);
    if (transfer !== -1) exchange.write(transfer, this.save(result));
    if (part.lastUse[op.id] === -1) this.handles.free(result);
    else this.values.set(op.id, result);
  }

  private release(id: number, result: Ciphertext | undefined): void {
    if (!this.dies(id)) return;
    const ciphertext = this.values.get(id);
    this.values.delete(id);
    if (ciphertext !== undefined && ciphertext !== result) this.handles.free(ciphertext);
  }

  private load(bytes: Uint8Array): Ciphertext {
    const ciphertext = this.create();
    ciphertext.loadFromArray(this.executable.context.context, bytes);
    return ciphertext;
  }

  private loadForeign(what: string, bytes: Uint8Array | undefined): Ciphertext {
    if (bytes === undefined) throw new InternalError(`${what} is missing`);
    try {
      return this.load(bytes);
    } catch (error) {
      if (isOutOfMemory(error)) throw error;
      throw new Refused(what, describeError(error));
    }
  }

  private save(ciphertext: Ciphertext): Uint8Array {
    return saveUncompressed(this.executable.context.seal, ciphertext);
  }
}
