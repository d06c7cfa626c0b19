/**
 * A program and its packing for fewer samples than a batch has. All samples of a batch go through the same operations
 * side by side, so the program with as many neighbouring slots as there are samples at hand computes the same values:
 * rotation steps, shifts and repetitions of plaintexts shrink with the batch, and nothing else changes.
 */
import type { HeModule } from '../../ir/he/module.ts';
import { hasStep } from '../../ir/he/traits.ts';
import type { PlanModule } from '../../ir/plan/plan.ts';
import { Layout } from '../../ir/tile/layout.ts';
import type { TileModule, TileNode } from '../../ir/tile/ops.ts';

export interface ShrunkenBatch<Program extends HeModule | PlanModule> {
  readonly tile: TileModule;
  readonly program: Program;
}

/**
 * Slot v · batchTile + k of the program holds what slot v · size + k of the shrunken one holds, for the samples k < size.
 * `size` divides the batch of the tile module. Undefined where the program tells neighbouring slots apart: where a step,
 * a shift or a repetition is no multiple of what it shrinks by.
 */
export function shrinkBatch<Program extends HeModule | PlanModule>(
  tile: TileModule,
  program: Program,
  size: number,
): ShrunkenBatch<Program> | undefined {
  const ratio = (tile.nodes[0]?.type.batchTile ?? 1) / size;
  const { columns, plaintexts, packed } = program;
  const shrinks = (value: number): boolean => value % ratio === 0;
  // One entry in all slots has neither a shift nor a repetition.
  const uniform = Uint8Array.from(plaintexts.source, (source) => (packed[source]?.shape[1] === 1 ? 1 : 0));
  const steps = columns.imm.filter((_, id) => hasStep(columns.op[id] ?? -1));
  const isRefused = (value: number, plaintext: number): boolean => uniform[plaintext] === 0 && !shrinks(value);
  if (!steps.every(shrinks) || plaintexts.shift.some(isRefused) || plaintexts.inner.some(isRefused)) return undefined;
  const shrunken = {
    ...program,
    slots: program.slots / ratio,
    columns: {
      ...columns,
      imm: columns.imm.map((value, id) => (hasStep(columns.op[id] ?? -1) ? value / ratio : value)),
    },
    plaintexts: {
      ...plaintexts,
      shift: plaintexts.shift.map((shift, id) => (uniform[id] === 1 ? 0 : shift / ratio)),
      inner: plaintexts.inner.map((inner, id) => (uniform[id] === 1 ? 1 : inner / ratio)),
    },
  };
  return { tile: withBatchTile(tile, size), program: shrunken };
}

function withBatchTile(tile: TileModule, batchTile: number): TileModule {
  const relaid = (layout: Layout): Layout => new Layout(layout.dims, batchTile);
  const nodes = tile.nodes.map((node): TileNode => {
    const type = relaid(node.type);
    if (node.op === 'pack') return { ...node, type, attrs: { ...node.attrs, layout: type } };
    if (node.op === 'linear') return { ...node, type, attrs: { ...node.attrs, layout: type } };
    return { ...node, type };
  });
  return { ...tile, nodes };
}
