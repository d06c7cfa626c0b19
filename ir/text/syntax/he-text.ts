/** The parts of the textual form that the op table of the `he` level decides: attributes and operands of each op. */
import { z } from 'zod';

import { type FieldUse, type HeOpDeclaration, type HeOpName, heOpNames, heOps } from '../../he/ops.ts';
import { parametersSchema } from '../../ckks/parameters-schema.ts';

/** Attributes in the header of a program. Slots are those of the largest secure degree at most. */
export const programSchema = z.strictObject({
  slots: z
    .int()
    .min(1)
    .max(1 << 14),
  parameters: parametersSchema.optional(),
});

export interface HeOpText {
  readonly code: number;
  /** What stands behind the name of the op: the fields `a` and `b` as far as it has them. */
  readonly operands: readonly ('value' | 'plaintext')[];
  /** The name of the attribute for `imm`. */
  readonly imm: 'step' | 'index' | undefined;
  readonly takesPlaintext: boolean;
  /** Attributes in an unmanaged and in a managed module. */
  readonly unmanaged: HeAttributesSchema;
  readonly managed: HeAttributesSchema;
}

/** Attributes that an op does not have are `undefined`. */
export interface HeAttributes {
  readonly step?: number | undefined;
  readonly index?: number | undefined;
  readonly plainScale?: number | undefined;
}

type HeAttributesSchema = z.ZodType<HeAttributes>;

const int32 = z
  .int()
  .min(-(2 ** 31))
  .max(2 ** 31 - 1);
const plainScale = { plainScale: z.number().optional() };

function operandsOf({ a, b }: HeOpDeclaration): readonly ('value' | 'plaintext')[] {
  return [a, b].filter((use: FieldUse) => use === 'value' || use === 'plaintext');
}

function textOf(declaration: HeOpDeclaration): HeOpText {
  const operands = operandsOf(declaration);
  const imm = declaration.imm === 'step' || declaration.imm === 'index' ? declaration.imm : undefined;
  const takesPlaintext = operands.includes('plaintext');
  const shape = imm === undefined ? {} : { [imm]: int32 };
  return {
    code: declaration.code,
    operands,
    imm,
    takesPlaintext,
    unmanaged: z.strictObject(shape),
    managed: z.strictObject(takesPlaintext ? { ...shape, ...plainScale } : shape),
  };
}

/** By op name. */
export const heOpTexts: ReadonlyMap<string, HeOpText> = new Map(
  heOpNames.map((name: HeOpName) => [name, textOf(heOps[name])]),
);

/** By op code. */
export const heOpTextsByCode: readonly HeOpText[] = [...heOpTexts.values()];
