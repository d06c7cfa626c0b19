/** Changes of files of keys and ciphertexts: of their header, of the order and content of their sections, digests repaired. */
import { sha256 } from '../../../ir/digest.ts';
import { type Envelope, sealEnvelope } from '../../../runtime/seal/bytes/envelope.ts';
import { boundBytes, digestBytes, fixedBytes } from '../../../runtime/seal/bytes/envelope-header.ts';
import { encodeJson, parseJson } from './archive.ts';
import { joined, mutateBytes } from './bytes.ts';
import type { Draw } from './draw.ts';
import { type Json, mutateJson } from './json.ts';

export function mutateEnvelope(draw: Draw, envelope: Envelope, others: readonly Envelope[]): Uint8Array {
  const kind = draw.below(20);
  if (kind === 0) return mutateBytes(draw, sealEnvelope(envelope));
  if (kind < 7) return withHeader(sealEnvelope(envelope), envelope.runs.length, (header) => mutateJson(draw, header));
  const { runs } = envelope;
  if (kind < 10) {
    const [sections = []] = runs;
    const pool = [...runs.flat(), ...others.flatMap((other) => other.runs.flat())];
    const i = draw.below(sections.length + 1);
    const piece = draw.pick(pool);
    const [removed, isAdded] = [draw.below(2), draw.chance(0.5)];
    // All runs are alike, or there is no such file.
    const changed = runs.map((run) => (isAdded ? run.toSpliced(i, removed, piece) : run.toSpliced(i, 1)));
    return sealEnvelope({ ...envelope, runs: draw.chance(0.2) ? [...changed, ...changed] : changed });
  }
  const r = draw.below(runs.length);
  const run = runs[r] ?? [];
  const i = draw.below(run.length);
  const own = run[i] ?? new Uint8Array();
  const section = mutateSection(draw, own);
  const isSameSize = section.length === own.length;
  return sealEnvelope({
    ...envelope,
    runs: runs.map((each, k) => (k === r || !isSameSize ? each.with(i, section) : each)),
  });
}

/** The fields that SEAL writes stand at the beginning, and in long ones before each key; the rest are residues. */
function mutateSection(draw: Draw, section: Uint8Array): Uint8Array {
  if (draw.chance(0.2)) return mutateBytes(draw, section);
  const result = section.slice();
  for (let left = draw.few(4); left > 0; left--) {
    const at = draw.chance(0.7) ? draw.below(Math.min(section.length, 260)) : draw.below(section.length);
    result[at] = draw.chance(0.5) ? (result[at] ?? 0) ^ (1 << draw.below(8)) : draw.pick([0, 1, 2, 0x7f, 0x80, 0xff]);
  }
  return result;
}

/** The file with its header changed, and its digests those of what it says. */
function withHeader(file: Uint8Array, runs: number, change: (header: Json) => Json): Uint8Array {
  const headBytes = fixedBytes + new DataView(file.buffer, file.byteOffset).getUint32(fixedBytes - 4, true);
  const content = file.subarray(headBytes, file.length - (runs + 1) * digestBytes);
  const header = change(parseJson(file.subarray(fixedBytes, headBytes)));
  const text = encodeJson(header);
  const fixed = file.slice(0, fixedBytes);
  new DataView(fixed.buffer).setUint32(fixedBytes - 4, text.length, true);
  const head = joined(fixed, text);
  const stated = runsOf(header) ?? runs;
  const count = content.length % stated === 0 ? stated : runs;
  const size = content.length / count;
  const digests = Array.from({ length: count }, (_, k) => sha256(content.subarray(k * size, (k + 1) * size)));
  const trailer = joined(...digests, new Uint8Array(digestBytes));
  trailer.set(sha256(boundBytes(head, trailer)), trailer.length - digestBytes);
  return joined(head, content, trailer);
}

function runsOf(header: Json): number | undefined {
  if (typeof header !== 'object' || header === null || Array.isArray(header)) return undefined;
  const { runs } = header;
  return typeof runs === 'number' && Number.isInteger(runs) && runs > 0 && runs < 1000 ? runs : undefined;
}
