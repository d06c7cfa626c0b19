/** The types of the graph levels as text. */
import type { Dialect } from '../../module.ts';
import type { OpTable } from '../../op.ts';
import { type Shape, tensorDialect, type TensorOps } from '../../tensor/ops.ts';
import type { Layout } from '../../tile/layout.ts';
import { tileDialect, type TileOps } from '../../tile/ops.ts';
import { readLayout, readShape } from './read-layout.ts';
import type { Report } from './report.ts';
import type { SyntaxList } from './syntax.ts';

/** A level whose modules are graphs of typed nodes. */
export interface GraphText<Level extends string, Type, Table extends OpTable<Type>> {
  readonly dialect: Dialect<Level, Type, Table>;
  readonly printType: (type: Type) => string;
  /** `undefined` after a problem was reported. */
  readonly readType: (syntax: SyntaxList, report: Report) => Type | undefined;
  /** What a type is, for messages. */
  readonly typeInWords: string;
}

export const tensorText: GraphText<'tensor', Shape, TensorOps> = {
  dialect: tensorDialect,
  printType: (shape) => `[${shape.join(', ')}]`,
  readType: readShape,
  typeInWords: 'a shape such as [1, 28, 28]',
};

export const tileText: GraphText<'tile', Layout, TileOps> = {
  dialect: tileDialect,
  printType: (layout) => layout.toString(),
  readType: readLayout,
  typeInWords: 'a layout such as [784/32, */128] batch 16',
};
