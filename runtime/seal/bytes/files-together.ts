/**
 * Files of encrypted inputs whose samples share a run: what they have to be, and the inputs of that run. Decryption is
 * linear, so the sum of the ciphertexts holds each sample at its place, where all others hold zeros.
 */
import { HepcError } from '../../../ir/diagnostics/diagnostic.ts';
import { notTogether } from '../../../ir/diagnostics/runtime.ts';
import { noiseLimit } from '../../../ir/interpret/shared-runs.ts';
import type { ClientPart } from '../../../ir/plan/plan.ts';
import type { RandomAccess } from '../../format/random-access.ts';
import { CiphertextReader } from './ciphertext-files.ts';

/** Rejects with `HepcError` for files that are not the plan's and the key's, or do not go together (H652). */
export async function openTogether(
  files: readonly RandomAccess[],
  part: ClientPart,
  keyId: string,
): Promise<CiphertextReader[]> {
  // The client allows round trips for files that it has encrypted, one by one.
  const most = part.refreshes === undefined ? noiseLimit(part) : 1;
  const readers: CiphertextReader[] = [];
  for (const [file, source] of files.entries()) {
    const reader = await CiphertextReader.open(source, 'inputs', part, keyId);
    const reason = whyApart(reader, readers, most);
    if (reason !== undefined) throw new HepcError([notTogether({ file, reason })]);
    readers.push(reader);
  }
  return readers;
}

function whyApart(
  { place, samples }: CiphertextReader,
  before: readonly CiphertextReader[],
  most: number,
): string | undefined {
  if (place === undefined) return 'it has the run for itself';
  if (before.length >= most) return `with ${most} the noise is all that the plan allows`;
  const other = before.find((each) => {
    const from = each.place ?? 0;
    return place < from + each.samples && from < place + samples;
  });
  return other && `places ${place} to ${place + samples - 1} and those of another file overlap`;
}

/** Each input of the run as engines take a sum: its seeded ciphertexts in all files, one after another. Rejects with `HepcError`. */
export async function summed(readers: readonly CiphertextReader[]): Promise<Uint8Array[]> {
  const runs: Uint8Array[][] = [];
  for (const reader of readers) runs.push(await reader.read(0));
  const [first = []] = runs;
  return first.map((_, input) => {
    const terms = runs.map((run) => run[input] ?? new Uint8Array());
    const all = new Uint8Array(terms.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const term of terms) {
      all.set(term, at);
      at += term.length;
    }
    return all;
  });
}
