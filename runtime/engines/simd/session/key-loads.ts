/**
 * The owner's part in loading keys: some digits at a time are copied to where the workers see them. In shared memory they
 * lie where values do, which nobody needs between two runs, so that they take no memory of their own.
 */
import type { Parameters } from '../../../../ir/parameters.ts';
import { copyDigits, digitBytes, type KeyDigit, listDigits, type SavedKeys } from '../bytes/load-keys.ts';
import { placeKeys } from '../program/place-keys.ts';
import type { ProgramPlan } from './memory-plan.ts';
import type { LoadRequest } from './protocol.ts';

/** What a message to a worker that shares no memory takes. */
const messageBytes = 2 ** 24;

export class KeyLoads {
  private readonly plan: ProgramPlan;
  private readonly parameters: Parameters;
  private readonly memory: WebAssembly.Memory | undefined;
  private readonly digits: readonly KeyDigit[];
  private placesUsed = 0;

  /** @param memory undefined where it cannot be shared */
  constructor(
    plan: ProgramPlan,
    parameters: Parameters,
    rotationSteps: readonly number[],
    memory: WebAssembly.Memory | undefined,
  ) {
    this.plan = plan;
    this.parameters = parameters;
    this.memory = memory;
    // The places do not matter here.
    this.digits = listDigits(parameters, rotationSteps, placeKeys(plan.keys, parameters, 0, 0));
  }

  /** Of the memory, with the places that keys have been loaded to. */
  get usedBytes(): number {
    const { totalBytes, placeBytes } = this.plan.memory;
    return totalBytes + Math.max(0, this.placesUsed - 1) * placeBytes;
  }

  /** Requests to all members, each with bytes that are good until the next is made. */
  *load(place: number, saved: SavedKeys): Generator<LoadRequest, void, undefined> {
    this.placesUsed = Math.max(this.placesUsed, place + 1);
    const { parameters, digits } = this;
    const partBytes = digitBytes(parameters);
    const most = Math.max(1, Math.floor(this.roomBytes / partBytes));
    for (let first = 0; first < digits.length; first += most) {
      const some = digits.slice(first, first + most);
      const bytes = this.room(some.length * partBytes);
      copyDigits(parameters, some, saved, bytes);
      yield { kind: 'load', place, first, count: some.length, bytes };
    }
  }

  private get roomBytes(): number {
    const { regions } = this.plan.memory;
    return this.memory === undefined ? messageBytes : regions.staging - regions.values;
  }

  private room(bytes: number): Uint8Array {
    if (this.memory === undefined) return new Uint8Array(bytes);
    return new Uint8Array(this.memory.buffer, this.plan.memory.regions.values, bytes);
  }
}
