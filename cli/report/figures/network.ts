/**
 * The network of a plan: its ops with shapes and layouts from the dumps in it. Their constants are not there, so dumps
 * are read statement by statement and not as modules. Where they are missing or cannot be read, the layers of the
 * program and who reads whom stand in.
 */
import type { NodeRef } from '../../../ir/diagnostics/diagnostic.ts';
import { operandsOf } from '../../../ir/he/operands.ts';
import type { Plan } from '../../../ir/plan/plan.ts';
import { parseStatement } from '../../../ir/text/syntax/parse-statement.ts';
import { readLayout, readShape } from '../../../ir/text/syntax/read-layout.ts';
import { Report } from '../../../ir/text/syntax/report.ts';
import { Source } from '../../../ir/text/syntax/source.ts';
import type { OpSyntax, SyntaxDict } from '../../../ir/text/syntax/syntax.ts';
import type { Layout } from '../../../ir/tile/layout.ts';
import { formatShape } from '../../render/units.ts';
import { layerKey, layerName, type Layers } from '../../../ir/he/layers.ts';
import { type Tally, tally } from './tally.ts';

export interface NetworkNode {
  readonly name: string;
  /** Of the tensor level and, in brackets, the kernel; empty where there are no dumps. */
  readonly op: string;
  /** Indices of nodes before this one. */
  readonly operands: readonly number[];
  readonly shape: string;
  readonly layout: string;
  readonly ciphertexts: number | undefined;
  /** Its operations, where they are known. */
  readonly tally: Tally | undefined;
}

/** In topological order. */
export function networkOf(plan: Plan, layers: Layers): NetworkNode[] {
  const { dumps } = plan;
  const tensor = readDump(dumps.get('tensor'));
  const tile = readDump(dumps.get('tile'));
  if (tile !== undefined) return tileNetwork(tile, tensor ?? [], plan);
  if (tensor !== undefined) return tensorNetwork(tensor);
  return layerNetwork(plan, layers);
}

interface DumpNode {
  readonly syntax: OpSyntax;
  readonly operands: readonly number[];
  readonly origins: readonly NodeRef[];
  readonly shape: string | undefined;
  readonly layout: Layout | undefined;
}

/** Undefined where the dump is missing or malformed: it may come from anyone. */
function readDump(text: string | undefined): DumpNode[] | undefined {
  if (text === undefined) return undefined;
  const report = new Report(new Source(text, undefined));
  const nodes: DumpNode[] = [];
  let level = '';
  for (const statement of report.source.statements()) {
    const syntax = parseStatement(statement, report);
    if (report.diagnostics.length > 0) return undefined;
    if (syntax.kind === 'header') level = syntax.level.value;
    if (syntax.kind !== 'op') continue;
    const { operands, type, from } = syntax;
    if (type?.kind !== 'list' || operands.some(({ id }) => id >= nodes.length)) return undefined;
    const shape = level === 'tensor' ? readShape(type, report) : undefined;
    const layout = level === 'tile' ? readLayout(type, report) : undefined;
    if (report.diagnostics.length > 0) return undefined;
    nodes.push({
      syntax,
      operands: operands.map(({ id }) => id),
      origins: Array.isArray(from) ? (from as readonly NodeRef[]) : [],
      shape: shape && formatShape(shape),
      layout,
    });
  }
  return nodes.length === 0 ? undefined : nodes;
}

function tileNetwork(tile: readonly DumpNode[], tensor: readonly DumpNode[], plan: Plan): NetworkNode[] {
  const { program } = plan;
  const { origin } = program.columns;
  // Every node of the tile level has a row in the table of origins, unless the dump is of another program.
  const isOwn = program.origins.length === tile.length;
  const tallies = isOwn ? tally(plan, tile.length, (row) => origin[row] ?? 0) : [];
  const matches = matchTensor(tile, tensor);
  return tile.map(({ syntax, operands, origins: nodes, layout }, k) => {
    const match = matches[k];
    const kernel = kernelFamily(syntax.attributes);
    const op = match?.syntax.op.value ?? syntax.op.value;
    return {
      name: nodes.length > 0 ? layerName(nodes) : portName(syntax),
      op: kernel === undefined ? op : `${op} (${kernel})`,
      operands,
      shape: match?.shape ?? '',
      layout: layout?.toString() ?? '',
      ciphertexts: layout?.ciphertexts,
      tally: tallies[k],
    };
  });
}

/** For each node of the tile level the one of the tensor level that comes from the same ONNX nodes and does the same. */
function matchTensor(tile: readonly DumpNode[], tensor: readonly DumpNode[]): readonly (DumpNode | undefined)[] {
  const keyOf = (node: DumpNode): string => {
    const op = node.syntax.op.value;
    const kind = op === 'pack' ? 'input' : op === 'unpack' ? 'output' : '';
    if (kind !== '' || op === 'input' || op === 'output') return `${kind || op} ${portName(node.syntax)}`;
    return layerKey(node.origins);
  };
  const byKey = new Map(tensor.map((node) => [keyOf(node), node]));
  return tile.map((node) => byKey.get(keyOf(node)));
}

function tensorNetwork(tensor: readonly DumpNode[]): NetworkNode[] {
  return tensor.map(({ syntax, operands, origins, shape = '' }) => ({
    name: origins.length > 0 ? layerName(origins) : portName(syntax),
    op: syntax.op.value,
    operands,
    shape,
    layout: '',
    ciphertexts: undefined,
    tally: undefined,
  }));
}

function layerNetwork(plan: Plan, layers: Layers): NetworkNode[] {
  const { columns } = plan.program;
  const tallies = tally(plan, layers.names.length, (row) => layers.ofRow[row] ?? 0);
  const reads = layers.names.map(() => new Set<number>());
  for (const [row, layer] of layers.ofRow.entries()) {
    for (const operand of operandsOf(columns, row)) {
      const source = layers.ofRow[operand] ?? 0;
      if (source < layer) reads[layer]?.add(source);
    }
  }
  return layers.names.map((name, layer) => ({
    name,
    op: '',
    operands: [...(reads[layer] ?? [])].sort((x, y) => x - y),
    shape: '',
    layout: '',
    ciphertexts: undefined,
    tally: tallies[layer],
  }));
}

/** Name of an input or output of the model. */
function portName({ attributes, op }: OpSyntax): string {
  const value = attributes?.entries.find(({ key }) => key === 'name')?.value;
  return value?.kind === 'string' || value?.kind === 'word' ? value.value : op.value;
}

function kernelFamily(attributes: SyntaxDict | undefined): string | undefined {
  const kernel = attributes?.entries.find(({ key }) => key === 'kernel')?.value;
  if (kernel?.kind !== 'dict') return undefined;
  const family = kernel.entries.find(({ key }) => key === 'family')?.value;
  return family?.kind === 'string' || family?.kind === 'word' ? family.value : undefined;
}
