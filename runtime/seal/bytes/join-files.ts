/** Files of encrypted outputs of consecutive runs, put together into one. What is in them is not looked at. */
import { HepcError } from '../../../ir/diagnostics/diagnostic.ts';
import { partsUnlike } from '../../../ir/diagnostics/runtime.ts';
import type { RandomAccess } from '../../format/random-access.ts';
import type { Append } from '../../format/zip-writer.ts';
import type { EnvelopeHeader } from './envelope-header.ts';
import { EnvelopeReader, EnvelopeWriter } from './envelope-stream.ts';

/**
 * Appends the runs of all `parts`, one after another, as the file that one evaluation of all of them would have given. The
 * bytes of it. Needs neither plan nor keys, and memory for one run.
 *
 * Rejects with `HepcError` for what is no file of outputs, of another plan or key than the first (H605–H607), damaged (H604),
 * and where a file does not follow the ones before (H650); what has been appended is no file then.
 */
export async function joinCiphertexts(parts: readonly RandomAccess[], append: Append): Promise<number> {
  const readers: EnvelopeReader[] = [];
  let samples = 0;
  let runs = 0;
  for (const [index, source] of parts.entries()) {
    const { header: first } = readers[0] ?? {};
    const reader = await EnvelopeReader.open(source, first === undefined ? { kind: 'outputs' } : identityOf(first));
    readers.push(reader);
    const reason = whyUnlike(reader.header, readers, index === parts.length - 1);
    if (reason !== undefined) throw new HepcError([partsUnlike({ part: index, reason })]);
    samples += reader.header.samples ?? 0;
    runs += reader.header.runs;
  }
  const [first] = readers;
  if (first === undefined) throw new RangeError('there are no files to put together');
  const { sections } = first.header;
  const writer = new EnvelopeWriter({ ...identityOf(first.header), samples, runs, sections }, append);
  for (const reader of readers)
    for (let run = 0; run < reader.header.runs; run++) await writer.add(await reader.read(run));
  return writer.finish();
}

/** In the order in which `writeCiphertexts` has it, so that the bytes are the same. */
function identityOf({ kind, parameters, key, encoding }: EnvelopeHeader) {
  return { kind, parameters, ...(encoding !== undefined && { encoding }), key };
}

function whyUnlike(header: EnvelopeHeader, [first]: readonly EnvelopeReader[], isLast: boolean): string | undefined {
  if (first === undefined) return undefined;
  const { sections, samples = 0, runs, place } = header;
  if (place !== undefined) return 'it shares its run with others';
  if (sections.length !== first.header.sections.length || sections.some((size, i) => size !== first.header.sections[i]))
    return 'its ciphertexts have other sizes';
  if (samples % runs !== 0 && !isLast) return `its ${runs} runs are not full with ${samples} samples`;
  const batch = (first.header.samples ?? 0) / first.header.runs;
  if (
    first.header !== header &&
    (isLast ? samples > batch * runs || samples <= batch * (runs - 1) : samples !== batch * runs)
  )
    return `${samples} samples are not ${runs} runs of ${batch}`;
  return undefined;
}
