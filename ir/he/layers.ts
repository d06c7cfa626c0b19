/** The layers of a program: operations that come from the same ONNX nodes. */
import type { NodeRef } from '../diagnostics/diagnostic.ts';
import type { HeModule } from './module.ts';
import { isInput, isOutput } from './traits.ts';

export interface Layers {
  /** Names, in the order of the network. Hostile: whatever stood in the model. */
  readonly names: readonly string[];
  /** By row of the program. */
  readonly ofRow: Int32Array;
  /** By entry of `origins`; −1 where no row has it. */
  readonly ofOrigin: Int32Array;
}

export function layersOf({ origins, columns }: Pick<HeModule, 'origins' | 'columns'>): Layers {
  const known = new Map<string, number>();
  const names: string[] = [];
  const isUsed = new Set(columns.origin);
  const ofOrigin = Int32Array.from(origins, (nodes, origin) => {
    if (!isUsed.has(origin)) return -1;
    const key = nodes.length === 0 ? String(origin) : layerKey(nodes);
    const found = known.get(key) ?? names.push(layerName(nodes)) - 1;
    known.set(key, found);
    return found;
  });
  const ofRow = columns.origin.map((origin) => ofOrigin[origin] ?? 0);
  const codes = names.map(() => new Set<number>());
  for (const [row, layer] of ofRow.entries()) codes[layer]?.add(columns.op[row] ?? -1);
  return { names: names.map((name, layer) => name || portsName(codes[layer] ?? new Set())), ofRow, ofOrigin };
}

/** Of operations that come from no ONNX node: packing and unpacking, mostly. */
function portsName(codes: ReadonlySet<number>): string {
  const all = [...codes];
  if (all.some(isOutput)) return 'outputs';
  return all.every(isInput) ? 'inputs' : '(no node)';
}

/** Equal for the origins that are the same nodes. */
export function layerKey(nodes: readonly NodeRef[]): string {
  return JSON.stringify(nodes.map(({ name, output }) => [name, output]));
}

/** Empty where there are no nodes. */
export function layerName(nodes: readonly NodeRef[]): string {
  return nodes.map(({ name, output, opType }) => `${name || output} (${opType})`).join(' + ');
}
