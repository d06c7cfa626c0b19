/** The constants of a module, each once, and their statements. */
import type { Constant } from '../../constant.ts';
import { InternalError } from '../../diagnostics/diagnostic.ts';
import { areFinite } from '../../maths/finite.ts';
import { formatNumber } from './print-value.ts';

/** Constants of more values stand in the `.npz` beside the text. */
const maxInlineValues = 64;

/** Numbers constants in the order of first use; equal ones are one. */
export class ConstantTable {
  readonly constants: Constant[] = [];
  private readonly byObject = new Map<Constant, string>();
  private readonly byContent = new Map<string, string>();

  /** `@0`, … */
  readonly nameOf = (constant: Constant): string => {
    const known = this.byObject.get(constant);
    if (known !== undefined) return known;
    const content = `${constant.dtype}[${constant.shape.join(',')}] ${constant.digest()}`;
    const name = this.byContent.get(content) ?? `@${this.constants.push(constant) - 1}`;
    this.byObject.set(constant, name);
    this.byContent.set(content, name);
    return name;
  };
}

export interface PrintedConstants {
  readonly lines: readonly string[];
  /** Those whose values do not stand in the text, by their names in the `.npz`. */
  readonly external: ReadonlyMap<string, Constant>;
}

export function printConstants(constants: readonly Constant[]): PrintedConstants {
  const external = new Map<string, Constant>();
  const lines = constants.map((constant, i) => {
    const head = `const @${i} = ${constant.dtype}[${constant.shape.join(', ')}]`;
    if (!areFinite(constant.data)) throw new InternalError(`constant @${i} holds a value that is not finite`);
    if (constant.data.length <= maxInlineValues)
      return `${head} [${Array.from(constant.data, formatNumber).join(', ')}]`;
    external.set(constantName(i), constant);
    return `${head} sha256 "${constant.digest()}"`;
  });
  return { lines, external };
}

/** The name in the `.npz` of constant @i. */
export function constantName(i: number): string {
  return `c${i}`;
}
