/** The client part of a plan to and from its manifest and index entries; alone in a file of its own, or in a plan. */
import { elementCount, isIdentity } from '../../ir/constant.ts';
import { type Diagnostic, throwIfErrors } from '../../ir/diagnostics/diagnostic.ts';
import type { Calibration } from '../../ir/plan/calibration.ts';
import type { ElementGroup } from '../../ir/plan/element-bounds.ts';
import type { ClientPart } from '../../ir/plan/plan.ts';
import { writeNpy } from '../format/npy.ts';
import type { RandomAccess } from '../format/random-access.ts';
import type { ZipEntry } from '../format/zip-format.ts';
import { type Archive, entryNames, openArchive, sealArchive } from './archive.ts';
import { openArchiveFile } from './archive-file.ts';
import { checkClientPart } from './check-client.ts';
import { EntryReader } from './entry-reader.ts';
import { readSteps, stepEntries } from './steps-entry.ts';
import { formatVersion, type ManifestText } from './manifest.ts';

/** What stands in the manifest about where a file is from. */
export interface WriteOptions {
  /** Name and version of the program that writes; shown to whoever has too old a version to read it. */
  readonly madeBy?: string;
}

export interface ReadOptions {
  /** Called for a plan that can be used and should not be: with less than 128 bits of security (H513). */
  readonly onWarning?: ((warning: Diagnostic) => void) | undefined;
}

/** A file of the client part alone: parameters, key steps and encodings, nothing of program and weights. */
export function writeClientPart(part: ClientPart, options: WriteOptions = {}): Uint8Array {
  return sealArchive(manifestHead(part, options), clientEntries(part));
}

/**
 * The client part in a `.hep`, whole or split off. Program and weights of a whole one are not looked at.
 * Throws `HepcError` H501 to H506.
 */
export function readClientPart(bytes: Uint8Array, fileName: string, options: ReadOptions = {}): ClientPart {
  return readArchive(openArchive(bytes, fileName, isClientEntry), options);
}

/** As `readClientPart`, from a file of any size, of which program and weights are not read. */
export async function openClientPart(
  source: RandomAccess,
  fileName: string,
  options: ReadOptions = {},
): Promise<ClientPart> {
  return readArchive(await openArchiveFile(source, fileName, (name) => !isClientEntry(name)), options);
}

function readArchive(archive: Archive, { onWarning }: ReadOptions): ClientPart {
  const reader = new EntryReader(archive);
  const { client, diagnostics } = decodeClientPart(archive, reader);
  reader.finish((name) => archive.manifest.server === undefined || isClientEntry(name));
  for (const warning of throwIfErrors([...reader.diagnostics, ...diagnostics])) onWarning?.(warning);
  return client;
}

function isClientEntry(name: string): boolean {
  return name.startsWith('client/');
}

/** The manifest of `client`, without a server part and without the list of entries. */
export function manifestHead(client: ClientPart, { madeBy = 'hepc' }: WriteOptions): Omit<ManifestText, 'entries'> {
  return {
    format: 'hepc',
    version: formatVersion,
    madeBy,
    client: {
      name: client.name,
      parameters: {
        polyModulusDegree: client.parameters.polyModulusDegree,
        primes: [...client.parameters.primes],
        specialPrimes: [...client.parameters.specialPrimes],
      },
      batch: client.batch,
      inputs: client.inputs.map((input) => ({
        ...encodingText(input),
        index: isIdentity(input.index, input.index.length) ? ('identity' as const) : ('entry' as const),
        used: [...input.used],
        maxAbs: input.maxAbs,
        ...(input.groups && { groups: input.groups.groups.map(groupText) }),
      })),
      outputs: client.outputs.map((output) => ({
        ...encodingText(output),
        ...(output.index && { index: 'entry' as const }),
        ...(output.constants && { constants: 'entry' as const }),
        ...(output.used.includes(false) && { used: [...output.used] }),
      })),
      rotationSteps: [...client.rotationSteps],
      needsRelinKeys: client.needsRelinKeys,
      ...(client.needsEncapsulation === true && { needsEncapsulation: true }),
      ...(client.keyLevels && { keyLevels: { ...client.keyLevels, rotations: [...client.keyLevels.rotations] } }),
      ...(client.refreshes && {
        refreshes: client.refreshes.map((round) => round.map(({ level, scale }) => ({ level, scale }))),
      }),
      maxError: client.maxError,
      predictedMaxError: client.predictedMaxError,
      synthetic: client.synthetic,
      ...(client.calibration && { calibration: calibrationText(client.calibration) }),
    },
  };
}

function groupText({ calibrated, together, alone, clips }: ElementGroup): {
  calibrated: [number, number];
  together: [number, number];
  alone: [number, number];
  clips?: true;
} {
  return { calibrated: [...calibrated], together: [...together], alone: [...alone], ...(clips && { clips }) };
}

function calibrationText({ samples, inputs, outputs }: Calibration): ManifestText['client']['calibration'] {
  return {
    samples,
    inputs: inputs.map(({ name, mean, norm, deviation, roughness }) => ({
      name,
      mean: [...mean],
      norm: [...norm],
      deviation: [...deviation],
      roughness: [...roughness],
    })),
    outputs: outputs.map(({ name, largest }) => ({ name, largest })),
  };
}

type EncodingText = Omit<ManifestText['client']['outputs'][number], 'index' | 'constants' | 'used'>;

function encodingText(encoding: ClientPart['inputs' | 'outputs'][number]): EncodingText {
  const { name, shape, hasBatchAxis, batchAxis, factor, layout, firstCiphertext, level, scale } = encoding;
  const dims = layout.dims.map(({ multiplexed, ...dim }) => ({ ...dim, ...(multiplexed && { multiplexed }) }));
  return {
    name,
    shape: [...shape],
    hasBatchAxis,
    ...(batchAxis !== undefined && { batchAxis }),
    factor,
    layout: { dims, batchTile: layout.batchTile },
    firstCiphertext,
    level,
    scale,
  };
}

/** The indices of inputs that are not the identity, the groups of their elements, the indices of outputs, constants, and the client's steps, as entries. */
export function clientEntries(client: ClientPart): ZipEntry[] {
  const inputs = client.inputs.flatMap(({ index, groups }, k) => [
    ...(isIdentity(index, index.length) ? [] : [indexEntry(entryNames.index(k), index)]),
    ...(groups === undefined ? [] : [indexEntry(entryNames.groups(k), groups.groupOf)]),
  ]);
  const outputs = client.outputs.flatMap(({ index, constants }, k) => [
    ...(index === undefined ? [] : [indexEntry(entryNames.outputIndex(k), index)]),
    ...(constants === undefined ? [] : [constantsEntry(entryNames.outputConstants(k), constants)]),
  ]);
  return [...inputs, ...outputs, ...stepEntries(client)];
}

function indexEntry(name: string, data: Int32Array): ZipEntry {
  return { name, bytes: writeNpy({ dtype: 'i4', shape: [data.length], data }) };
}

function constantsEntry(name: string, data: Float64Array): ZipEntry {
  return { name, bytes: writeNpy({ dtype: 'f8', shape: [data.length], data }) };
}

/** The client part of `archive`, whose index entries `reader` takes, and what its parts contradict one another in. */
export function decodeClientPart(
  archive: Archive,
  reader: EntryReader,
): { readonly client: ClientPart; readonly diagnostics: Diagnostic[] } {
  const text = archive.manifest.client;
  const inputs = text.inputs.map(({ groups, ...input }, k) => {
    const { elements } = input.layout;
    const index =
      input.index === 'entry'
        ? reader.i4(entryNames.index(k), elements)
        : Int32Array.from({ length: elements }, (_, e) => e);
    const groupOf = groups && reader.i4(entryNames.groups(k), elementCount(input.shape));
    return { ...input, index, ...(groups && groupOf && { groups: { groups, groupOf } }) };
  });
  const outputs = text.outputs.map(({ index, constants, used, ...output }, k) => {
    const elements = elementCount(output.shape);
    return {
      ...output,
      ...(index && { index: reader.i4(entryNames.outputIndex(k), elements) }),
      ...(constants && { constants: reader.f8(entryNames.outputConstants(k), elements) }),
      used: used ?? Array.from({ length: output.layout.ciphertexts }, () => true),
    };
  });
  const { calibration, refreshes, ...rest } = text;
  const client: ClientPart = {
    ...rest,
    inputs,
    outputs,
    ...readSteps(reader),
    ...(refreshes && { refreshes }),
    ...(calibration && { calibration }),
  };
  return { client, diagnostics: reader.diagnostics.length > 0 ? [] : checkClientPart(client, archive.file) };
}
