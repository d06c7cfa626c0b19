/** Statements `const`: values in the text, or found by their digest. */
import { Constant, type ConstantData, elementCount } from '../../constant.ts';
import * as problem from '../../diagnostics/text.ts';
import { Names } from '../syntax/names.ts';
import { constantName } from '../print/print-constants.ts';
import { readShape } from '../syntax/read-layout.ts';
import type { Report } from '../syntax/report.ts';
import type { ConstantSyntax, SyntaxList, SyntaxRef, SyntaxString } from '../syntax/syntax.ts';

/** Finds the values of a constant by SHA-256, or by its name in the `.npz` beside the text. */
export type ConstantSource = (digest: string, name: string) => Constant | undefined;

export class ConstantReader {
  /** In the order of the text; `undefined` where a problem was reported. */
  readonly constants: (Constant | undefined)[] = [];
  private readonly names: Names<number>;
  private readonly report: Report;
  private readonly find: ConstantSource;

  constructor(report: Report, find: ConstantSource) {
    this.report = report;
    this.find = find;
    this.names = new Names(report);
  }

  read(syntax: ConstantSyntax): void {
    const constant = this.readContent(syntax);
    this.names.define(syntax.result, this.constants.push(constant) - 1);
  }

  /** What a `const` statement that does not follow the grammar defines. */
  defineBroken(ref: SyntaxRef): void {
    this.names.define(ref, this.constants.push(undefined) - 1);
  }

  /** The place in `constants`, `undefined` after a problem was reported. */
  indexOf(ref: SyntaxRef): number | undefined {
    return this.names.lookUp(ref);
  }

  lookUp(ref: SyntaxRef): Constant | undefined {
    const index = this.indexOf(ref);
    return index === undefined ? undefined : this.constants[index];
  }

  private readContent({ result, dtype, shape: shapeSyntax, content }: ConstantSyntax): Constant | undefined {
    if (dtype.value !== 'f64' && dtype.value !== 'i32') {
      this.report.add(problem.badConstant, { reason: `a constant is f64 or i32, not ${dtype.value}` }, dtype.at);
      return undefined;
    }
    const shape = readShape(shapeSyntax, this.report);
    if (shape === undefined) return undefined;
    if (content.kind === 'string')
      return this.fetch(`@${result.id}`, constantName(result.id), dtype.value, shape, content);
    const data = readValues(dtype.value, content, elementCount(shape));
    if (!('reason' in data)) return new Constant(shape, data);
    this.report.add(problem.badConstant, data, data.at);
    return undefined;
  }

  private fetch(
    name: string,
    arrayName: string,
    dtype: string,
    shape: readonly number[],
    { value: digest, at }: SyntaxString,
  ): Constant | undefined {
    const found = this.find(digest, arrayName);
    if (found === undefined) {
      this.report.add(problem.missingConstant, { name, digest }, at);
      return undefined;
    }
    const { data } = found;
    const actual = found.digest();
    if (found.dtype !== dtype || data.length !== elementCount(shape)) {
      const [expected, got] = [`${dtype}[${shape.join(', ')}]`, `${found.dtype}[${found.shape.join(', ')}]`];
      this.report.add(problem.constantMismatch, { name, expected, got }, at);
    } else if (actual !== digest) {
      this.report.add(problem.constantMismatch, { name, expected: `SHA-256 ${digest}`, got: actual }, at);
    } else if (!data.every(Number.isFinite)) {
      this.report.add(problem.badConstant, { reason: `the values of ${name} are not all finite` }, at);
    } else {
      return new Constant(shape, data);
    }
    return undefined;
  }
}

interface Refusal {
  readonly reason: string;
  readonly at: number;
}

function readValues(dtype: 'f64' | 'i32', list: SyntaxList, count: number): ConstantData | Refusal {
  if (list.batch !== undefined) return { reason: 'a constant has no batch', at: list.at };
  if (list.items.length !== count)
    return { reason: `the shape takes ${count} values, the list has ${list.items.length}`, at: list.at };
  const data = dtype === 'f64' ? new Float64Array(count) : new Int32Array(count);
  for (const [i, item] of list.items.entries()) {
    const { at } = item;
    if (item.kind !== 'number') return { reason: 'the values of a constant are numbers', at };
    const { value } = item;
    if (!Number.isFinite(value)) return { reason: 'a value is beyond the range of doubles', at };
    if (dtype === 'i32' && (value | 0) !== value)
      return { reason: `the values of an i32 constant are integers of 32 bits, not ${value}`, at };
    data[i] = value;
  }
  return data;
}
