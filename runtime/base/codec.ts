/**
 * Between samples and slots: how a client fills the slot vectors that it encrypts, and reads those that it decrypts.
 */
import { type Diagnostic, InternalError } from '../../ir/diagnostics/diagnostic.ts';
import { inputOutOfRange } from '../../ir/diagnostics/plan.ts';
import { elementCount } from '../../ir/constant.ts';
import { boundsViolation, clipped, type Violation } from '../../ir/plan/element-bounds.ts';
import { type InputEncoding, type OutputEncoding, sentCiphertexts } from '../../ir/plan/plan.ts';
import { fillSlots, readSlots } from '../../ir/tile/packing.ts';

/**
 * The slot vectors of the ciphertexts that are sent, in order. `samples` are flat, row-major and at most batchTile, and are
 * accepted by `checkInputRange`; slots without an element hold zero. A batch that is not full repeats its samples: zeros may be far from all samples, what
 * becomes of them may outgrow the modulus, and one slot that does spoils all others. With a `place`, samples are from there
 * on, and zeros everywhere else: for plans that bear them (`requestsPerRun`).
 */
export function packInput(encoding: InputEncoding, samples: readonly Float64Array[], place?: number): Float64Array[] {
  const { layout, index, factor, used } = encoding;
  const { batchTile } = layout;
  requireBatch((place ?? 0) + samples.length, batchTile);
  requireElements(encoding, samples);
  const zeros = new Float64Array(samples[0]?.length ?? 0);
  const at = (k: number): number => (place === undefined ? k % samples.length : k - place);
  const sent = samples.map((values) => clipped(encoding, values));
  const full = Array.from({ length: batchTile }, (_, k) => sent[at(k)] ?? zeros);
  return fillSlots(layout, index, factor, full).filter((_, ciphertext) => used[ciphertext] === true);
}

/** `samples` samples of an output, flat and row-major, from the slot vectors of its ciphertexts that are sent. */
export function unpackOutput(
  encoding: OutputEncoding,
  ciphertexts: readonly Float64Array[],
  samples: number,
  place = 0,
): Float64Array[] {
  const { layout, factor, used } = encoding;
  const sent = sentCiphertexts(encoding);
  requireBatch(place + samples, layout.batchTile);
  if (ciphertexts.length !== sent || ciphertexts.some((c) => c.length !== layout.slots))
    throw new InternalError(`output ${encoding.name} has ${sent} ciphertexts of ${layout.slots} slots`);
  let next = 0;
  const all = used.map((isUsed) => (isUsed ? ciphertexts[next++] : undefined));
  return readSlots(layout, factor, all, place + samples, encoding).slice(place);
}

/**
 * Complains about values that are not finite or beyond those that the plan was compiled for: there an approximated
 * activation may be far off, and a scaled value may wrap around the modulus. Elements that are not encrypted may be
 * anything. `first` is the number of the first of these samples.
 */
export function checkInputRange(encoding: InputEncoding, samples: readonly Float64Array[], first = 0): Diagnostic[] {
  const isRead = new Uint8Array(elementCount(encoding.shape));
  for (const element of encoding.index) if (element >= 0) isRead[element] = 1;
  const found = samples.flatMap((values, k) => {
    const violation = boundsViolation(encoding, values, isRead);
    return violation === undefined ? [] : [{ ...violation, sample: first + k }];
  });
  const [worst, ...others] = found.toSorted((a, b) => beyond(b) - beyond(a));
  if (worst === undefined) return [];
  const count = others.reduce((sum, each) => sum + each.count, worst.count);
  return [inputOutOfRange({ ...worst, input: encoding.name, count })];
}

/** How far a value is beyond its bounds, as a multiple of their width; no number is beyond all of them. */
function beyond({ value, bounds: [least, most] }: Violation): number {
  const distance = Math.max(least - value, value - most) / (most - least);
  return Number.isNaN(distance) ? Infinity : distance;
}

function requireBatch(samples: number, batchTile: number): void {
  if (samples > batchTile) throw new InternalError(`${samples} samples for a batch of ${batchTile}`);
}

function requireElements({ name, shape }: InputEncoding, samples: readonly Float64Array[]): void {
  const expected = shape.reduce((product, extent) => product * extent, 1);
  const wrong = samples.find((sample) => sample.length !== expected);
  if (wrong !== undefined)
    throw new InternalError(`input ${name} takes ${expected} elements a sample, not ${wrong.length}`);
}
