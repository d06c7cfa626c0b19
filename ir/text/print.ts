/**
 * Modules as text, at every level:
 *
 *   hepc.ir 1 tensor "mlp"
 *   const @0 = f64[2, 3] [1, 2, 3, 4, 5, 6]
 *   const @1 = f64[128, 784] sha256 "ab12…"
 *   %0 = input {name: "x", shape: [3]} : [3] from "x" Input "x"
 *
 * The text is canonical: equal modules print alike, and `parseModule` gives the same module back. Values are numbered
 * in order, constants in the order of first use and each once (in programs: as they stand in `packed`).
 */
import type { Constant } from '../constant.ts';
import type { AnyModule } from '../levels.ts';
import { tensorText, tileText } from './syntax/graph-text.ts';
import { programSchema } from './syntax/he-text.ts';
import { printConstants } from './print/print-constants.ts';
import { printGraph } from './print/print-graph.ts';
import { printProgram } from './print/print-he.ts';
import { printAttributes } from './print/print-value.ts';

/** Version of the textual form. */
export const irVersion = 1;

export interface PrintedModule {
  /** Ends with a newline. */
  readonly text: string;
  /** Constants of more than 64 values, which stand beside the text, by their names in the `.npz` (`c0`, …). */
  readonly constants: ReadonlyMap<string, Constant>;
}

/** Throws `InternalError` where a number of the module is not finite. */
export function printModule(module: AnyModule): PrintedModule {
  const header = `hepc.ir ${irVersion} ${module.level} ${JSON.stringify(module.name)}`;
  switch (module.level) {
    case 'tensor': {
      const { lines, table } = printGraph(tensorText, module);
      return assemble(header, table.constants, lines);
    }
    case 'tile': {
      const { lines, table } = printGraph(tileText, module);
      return assemble(header, table.constants, lines);
    }
    case 'he':
    case 'plan': {
      const { slots, parameters } = module;
      const attributes = printAttributes({ slots, parameters }, programSchema, () => '');
      return assemble(`${header} ${attributes}`, module.packed, printProgram(module));
    }
  }
}

function assemble(header: string, constants: readonly Constant[], lines: readonly string[]): PrintedModule {
  const printed = printConstants(constants);
  return { text: [header, ...printed.lines, ...lines, ''].join('\n'), constants: printed.external };
}
