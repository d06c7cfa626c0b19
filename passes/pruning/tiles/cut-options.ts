/** Options by which passes say how the weights of a network are cut into tiles. */
import { z } from 'zod';

import type { Diagnostic } from '../../../ir/diagnostics/diagnostic.ts';
import { oneOf } from '../../../ir/diagnostics/pruning/tiles.ts';
import { networkKernelsSchema } from './kernels.ts';
import type { Cut } from './partition.ts';

export const cutOptions = {
  kernels: networkKernelsSchema.optional(),
  /** Rows and columns. */
  tile: z.array(z.int().min(1)).length(2).optional(),
  alternate: z.boolean().default(false),
};

/** Undefined, and a report, unless exactly one of `kernels` and `tile` is given. */
export function cutOf(
  pass: string,
  options: z.output<z.ZodObject<typeof cutOptions>>,
  report: (diagnostic: Diagnostic) => void,
): Cut | undefined {
  const { kernels, tile, alternate } = options;
  if (kernels !== undefined && tile === undefined) return { kernels };
  const [rows, columns] = tile ?? [];
  if (kernels === undefined && rows !== undefined && columns !== undefined)
    return { tile: { rows, columns }, alternate };
  const given = kernels === undefined ? [] : ['kernels', 'tile'];
  report(oneOf({ pass, options: ['kernels', 'tile'], given }));
  return undefined;
}
