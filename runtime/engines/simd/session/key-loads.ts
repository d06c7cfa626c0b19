/**
 * The owner's part in loading keys: some digits at a time are copied to where the workers see them. In shared memory they
 * lie where values do, which nobody needs between two runs, so that they take no memory of their own.
 */
import type { EvaluationKeyNeeds } from '../../../../ir/ckks/switching-keys.ts';
import { copyDigits, digitBytes, type KeyDigit, listDigits, type SavedKeys } from '../bytes/load-keys.ts';
import { placeKeys } from '../program/place-keys.ts';
import { loadRooms, type ProgramPlan } from './memory-plan.ts';
import type { LoadRequest } from './protocol.ts';

/** What a message to a worker that shares no memory takes. */
const messageBytes = 2 ** 24;

export class KeyLoads {
  private readonly plan: ProgramPlan;
  private readonly memory: WebAssembly.Memory | undefined;
  private readonly digits: readonly KeyDigit[];
  private placesUsed = 0;

  /** @param memory undefined where it cannot be shared */
  constructor(plan: ProgramPlan, needs: EvaluationKeyNeeds, memory: WebAssembly.Memory | undefined) {
    this.plan = plan;
    this.memory = memory;
    // The places do not matter here.
    this.digits = listDigits(needs, placeKeys(plan.keys, needs.parameters, 0, 0));
  }

  /** Of the memory, with the places that keys have been loaded to. */
  get usedBytes(): number {
    const { totalBytes, placeBytes } = this.plan.memory;
    return totalBytes + Math.max(0, this.placesUsed - 1) * placeBytes;
  }

  /** Requests to all members, each with bytes that are good until the one after the next is asked for. */
  *load(place: number, saved: SavedKeys): Generator<LoadRequest, void, undefined> {
    this.placesUsed = Math.max(this.placesUsed, place + 1);
    const { digits } = this;
    const roomBytes = this.bytes / loadRooms;
    for (let first = 0, turn = 0; first < digits.length; turn++) {
      const count = this.fitting(first, roomBytes);
      const some = digits.slice(first, first + count);
      const length = some.reduce((sum, digit) => sum + digitBytes(digit), 0);
      const address = this.plan.memory.regions.values + (turn % loadRooms) * roomBytes;
      const bytes = this.room(address, length);
      copyDigits(some, saved, bytes);
      yield { kind: 'load', place, first, count, bytes: this.memory === undefined ? bytes : { address, length } };
      first += count;
    }
  }

  /** How many digits from `first` on there is room for in `bytes`: one at least. */
  private fitting(first: number, bytes: number): number {
    let left = bytes;
    let count = 0;
    for (const digit of this.digits.slice(first)) {
      left -= digitBytes(digit);
      if (left < 0 && count > 0) break;
      count++;
    }
    return count;
  }

  private get bytes(): number {
    const { regions } = this.plan.memory;
    return this.memory === undefined ? messageBytes : regions.staging - regions.values;
  }

  private room(address: number, bytes: number): Uint8Array {
    if (this.memory === undefined) return new Uint8Array(bytes);
    return new Uint8Array(this.memory.buffer, address, bytes);
  }
}
