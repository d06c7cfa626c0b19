/** Limbs in a room from what is saved or encoded, and back. */
import { HepcError, InternalError } from '../../ir/diagnostics/diagnostic.ts';
import { residueTooLarge } from '../../ir/diagnostics/runtime.ts';
import { largestAbsolute } from '../../ir/maths/averages.ts';
import { isEncodable } from '../../ir/parameters.ts';
import { alone } from '../rns/team.ts';
import type { KernelRoom } from './kernel-room.ts';

/** The transform of slots, to the room's value. Throws `InternalError` where they cannot be encoded there. */
export function encodeSlots(room: KernelRoom, slots: Float64Array, level: number, scale: number): void {
  const largest = largestAbsolute(slots);
  if (!isEncodable(room.context.parameters, level, scale, largest))
    throw new InternalError(`slots up to ${largest} cannot be encoded at level ${level} and scale ${scale}`);
  const write = (own: Float64Array): void => {
    own.set(slots);
  };
  const form = { scale, factor: false, extended: false };
  room.encoder.encode(alone, write, form, { address: room.limb('value', 0), level });
}

/** The limb of saved residues at byte `offset`. Throws `HepcError` where one of `what` is not below its prime. */
export function loadLimb(
  room: KernelRoom,
  bytes: Uint8Array,
  offset: number,
  limb: number,
  prime: number,
  what: string,
) {
  const { kernels, n } = room.context;
  room.bytes.set(bytes.subarray(offset, offset + 8 * n), room.places.residues);
  const index = kernels.load(room.places.residues, limb, room.prime(prime));
  if (index !== -1) throw new HepcError([residueTooLarge({ what, index })]);
}

/** The residues of a limb, as SEAL saves them. */
export function storeLimb(room: KernelRoom, limb: number, prime: number, target: Uint8Array, offset: number): void {
  const { kernels, n } = room.context;
  const { residues } = room.places;
  kernels.store(limb, residues, room.prime(prime));
  target.set(room.bytes.subarray(residues, residues + 8 * n), offset);
}
