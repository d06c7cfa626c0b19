/**
 * Which encodings of plaintexts a program needs, which of them are kept in memory, and where.
 *
 * The limbs of an encoding are a prefix of those at a higher level, at the same scale: one at the highest level of its
 * uses serves them all. Those that save the most time for their bytes are kept, and lie in the order of their first use.
 */
import { collectEncodings, worthKeeping } from '../../../../costs/encodings.ts';
import { opCost } from '../../../../costs/op-costs.ts';
import type { HeColumns } from '../../../../ir/he/module.ts';
import type { Parameters } from '../../../../ir/parameters.ts';
import type { EncodingForm } from '../../../rns/encoder.ts';
import { extendedPlaintextBytes } from '../../../rns/memory/extended-layout.ts';
import { valueBytes } from '../../../rns/memory/layout.ts';

/** One encoding of a plaintext. */
export interface PlannedEncoding extends EncodingForm {
  readonly plaintext: number;
  /** The highest that it is used at. */
  readonly level: number;
  /** From the start of the store, where it is kept. */
  readonly offset: number | undefined;
}

export interface PlaintextPlan {
  /** In the order of their first use. */
  readonly encodings: readonly PlannedEncoding[];
  /** By row of the program: index in `encodings`, −1 for rows without a plaintext. */
  readonly ofRow: Int32Array;
  /** Of those that are kept. */
  readonly bytes: number;
}

/** What the sizes of encodings follow from. */
type EncodingParameters = Pick<Parameters, 'polyModulusDegree' | 'specialPrimes'>;

/** Bytes of an encoding, kept or not. */
export function encodingBytes(
  parameters: EncodingParameters,
  { level, extended }: Pick<PlannedEncoding, 'level' | 'extended'>,
): number {
  return extended ? extendedPlaintextBytes(parameters, level) : valueBytes(parameters.polyModulusDegree, level, 1);
}

/**
 * @param budgetBytes what kept encodings may take
 * @param isExtended whether the product at a row is one in the extended basis
 */
export function planPlaintexts(
  columns: Pick<HeColumns, 'op' | 'b' | 'level' | 'plainScale'>,
  parameters: EncodingParameters,
  budgetBytes: number,
  isExtended: (row: number) => boolean = () => false,
): PlaintextPlan {
  const { needs, ofRow } = collect(columns, isExtended);
  const saved = new Float64Array(needs.length);
  for (const [row, index] of ofRow.entries())
    if (index >= 0)
      saved[index] = (saved[index] ?? 0) + opCost('encode', columns.level[row] ?? 0, parameters.polyModulusDegree);
  const sizes = needs.map((need) => encodingBytes(parameters, need));
  const isKept = worthKeeping(saved, sizes, budgetBytes);

  let bytes = 0;
  const encodings = needs.map((need, index) => {
    if (isKept[index] !== 1) return { ...need, offset: undefined };
    const offset = bytes;
    bytes += sizes[index] ?? 0;
    return { ...need, offset };
  });
  return { encodings, ofRow, bytes };
}

type Need = Omit<PlannedEncoding, 'offset'>;

/** One at the highest level for each plaintext, scale and kind; extended where one of its products is. */
function collect(
  columns: Pick<HeColumns, 'op' | 'b' | 'level' | 'plainScale'>,
  isExtended: (row: number) => boolean,
): { needs: Need[]; ofRow: Int32Array } {
  const { list, ofPosition: ofRow } = collectEncodings(columns, { sharesLevels: true });
  const extended = new Uint8Array(list.length);
  for (const [row, index] of ofRow.entries()) if (index >= 0 && isExtended(row)) extended[index] = 1;
  return { needs: list.map((encoding, index) => ({ ...encoding, extended: extended[index] === 1 })), ofRow };
}
