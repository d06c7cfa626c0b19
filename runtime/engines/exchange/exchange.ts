/** A worker's end of the exchange: saved ciphertexts in shared memory, handed over through atomic flags. */
import { createBuffer } from '../threads/shared-memory.ts';
import type { ExchangePlan } from './exchange-plan.ts';

/** Why a worker gives up in the middle: the owner said so, or another worker failed. */
export class Stopped extends Error {}

const RUNNING = 0;
export const STOP = 1;

/** How long whoever waits sleeps before it looks whether it should stop. */
export const pollMilliseconds = 20;

/** The shared memory of a session. One owner resets it while no worker runs. */
export interface SharedState {
  /** One word: `RUNNING` or `STOP`. */
  readonly control: Int32Array;
  readonly plan: ExchangePlan;
  readonly regions: Uint8Array;
  /** By transfer: 1 once it is written. */
  readonly written: Int32Array;
  /** By transfer: how many workers have read it. */
  readonly reads: Int32Array;
}

/** @param control of another exchange of the same session, which stops this one too. */
export function createSharedState(plan: ExchangePlan, control: Int32Array = words(1)): SharedState {
  return {
    control,
    plan,
    regions: new Uint8Array(createBuffer(plan.totalBytes)),
    written: words(plan.size.length),
    reads: words(plan.size.length),
  };
}

function words(count: number): Int32Array {
  return new Int32Array(createBuffer(4 * count));
}

/** Whether the owner wants the run to go on. */
export function isRunning({ control }: SharedState): boolean {
  return Atomics.load(control, 0) === RUNNING;
}

/** Where the bytes of a transfer stand between its writer and its readers. */
export function regionOf({ plan, regions }: SharedState, transfer: number): Uint8Array {
  const offset = plan.offset[transfer] ?? 0;
  return regions.subarray(offset, offset + (plan.size[transfer] ?? 0));
}

export function resetSharedState({ control, written, reads }: SharedState): void {
  written.fill(0);
  reads.fill(0);
  Atomics.store(control, 0, RUNNING);
}

export class Exchange {
  private readonly state: SharedState;

  constructor(state: SharedState) {
    this.state = state;
  }

  /** Throws `Stopped` when the owner wants no more. */
  checkRunning(): void {
    if (!isRunning(this.state)) throw new Stopped();
  }

  /** Number of the transfer of a value, −1 for none. */
  transferOf(value: number): number {
    return this.state.plan.transferOf[value] ?? -1;
  }

  /** Hands `bytes` over, once the region is free. */
  write(transfer: number, bytes: Uint8Array): void {
    const { plan, written, reads } = this.state;
    const previous = plan.previous[transfer] ?? -1;
    if (previous !== -1) this.waitFor(reads, previous, plan.readers[previous] ?? 0);
    regionOf(this.state, transfer).set(bytes);
    Atomics.store(written, transfer, 1);
    Atomics.notify(written, transfer);
  }

  /** Calls `use` with what was handed over, once it is there; it is valid during the call only. */
  read<T>(transfer: number, use: (bytes: Uint8Array) => T): T {
    const { written, reads } = this.state;
    this.waitFor(written, transfer, 1);
    const result = use(regionOf(this.state, transfer));
    Atomics.add(reads, transfer, 1);
    Atomics.notify(reads, transfer);
    return result;
  }

  private waitFor(flags: Int32Array, index: number, value: number): void {
    for (;;) {
      const now = Atomics.load(flags, index);
      if (now === value) return;
      this.checkRunning();
      Atomics.wait(flags, index, now, pollMilliseconds);
    }
  }
}
