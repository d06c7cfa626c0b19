/** A ciphertext to be looked at. */

/** As many as are shown. */
const most = 256 * 24;
/** SEAL writes a residue in eight bytes, the upper ones of which are zero: primes are below 2^60. */
const residueBytes = 8;
/** Of headers and seeds at both ends of the file. */
const marginBytes = 2048;
const few = 256;

/** One byte of each residue of the ciphertexts, 0 to 1: of the eight places where it may be, the one that varies most. */
export function shadesOf(sent: Uint8Array): Float64Array {
  const residues = Math.max(0, Math.floor((sent.length - 2 * marginBytes) / residueBytes));
  const count = Math.min(residues, most);
  const lanes = Array.from({ length: residueBytes }, (_, lane) =>
    Float64Array.from({ length: count }, (_, i) => (sent[marginBytes + i * residueBytes + lane] ?? 0) / 255),
  );
  // Primes may differ in length: what varies in the first may be zero in the next.
  const spread = (lane: Float64Array): number =>
    new Set(lane.subarray(0, few)).size + new Set(lane.subarray(-few)).size;
  return lanes.reduce((best, lane) => (spread(lane) > spread(best) ? lane : best));
}
