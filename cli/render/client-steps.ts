/** What a client computes itself, as formulas: one for each value that the steps give. */
import type { ClientModule, ClientNode } from '../../ir/client/ops.ts';
import type { ClientSteps } from '../../ir/client/steps.ts';
import { nodeAt, usersOf } from '../../ir/module.ts';

/** A formula that is longer is cut inside. */
const longest = 160;

export interface StepLines {
  readonly before: readonly string[];
  readonly after: readonly string[];
}

/** `name = formula` for each value that is encrypted, and for each output of the model; nothing where there are no steps. */
export function describeClientSteps({ pre, post }: ClientSteps): StepLines {
  return { before: linesOf(pre), after: linesOf(post) };
}

function linesOf(module: ClientModule | undefined): string[] {
  if (module === undefined) return [];
  const users = usersOf<ClientNode>(module);
  const names = new Map<number, string>();
  const lines: string[] = [];
  for (const node of module.nodes) {
    if (node.op === 'output') {
      const [operand = -1] = node.operands;
      const formula = formulaOf(module, operand, names);
      const keys = node.attrs.keys === undefined ? '' : `, a map of ${node.attrs.keys.length} keys`;
      lines.push(`${node.attrs.name} = ${formula}${keys}`);
    } else if ((users[node.id]?.filter(({ op }) => op !== 'output').length ?? 0) > 1 && !isPlain(node)) {
      // What several steps read is said once.
      const name = `%${node.id}`;
      lines.push(`${name} = ${formulaOf(module, node.id, names)}`);
      names.set(node.id, name);
    }
  }
  return lines;
}

/** Whether a value is shorter to say than to name. */
function isPlain({ op }: ClientNode): boolean {
  return op === 'input' || op === 'constant';
}

function formulaOf(module: ClientModule, id: number, names: ReadonlyMap<number, string>): string {
  const formula = write(nodeAt(module, id), (operand) => names.get(operand) ?? formulaOf(module, operand, names));
  return formula.length <= longest ? formula : `${formula.slice(0, longest / 2)} … ${formula.slice(-longest / 2)}`;
}

function write(node: ClientNode, formula: (operand: number) => string): string {
  const operands = node.operands.map(formula).join(', ');
  switch (node.op) {
    case 'input':
      return node.attrs.name;
    case 'constant': {
      const [first = 0, ...others] = node.attrs.values;
      return others.length === 0 ? JSON.stringify(first) : `${others.length + 1} constants`;
    }
    case 'gather':
      return node.operands.length === 1 ? operands : `join(${operands})`;
    case 'unary':
    case 'binary':
    case 'reduce':
      return `${node.attrs.fn}(${operands})`;
    case 'activation':
      return `${node.attrs.kind}(${operands})`;
    case 'cast':
      return `${node.attrs.to}(${operands})`;
    case 'arg':
      return `place of ${node.attrs.of}(${operands})`;
    case 'top':
      return `${node.attrs.part} of ${node.attrs.k} ${node.attrs.largest ? 'largest' : 'smallest'}(${operands})`;
    case 'softmax':
      return `${node.attrs.logarithm ? 'log-softmax' : 'softmax'}(${operands})`;
    case 'look-up':
      return `look-up among ${node.attrs.keys.length}(${operands})`;
    case 'one-hot':
      return `one-hot of ${node.attrs.categories.length}(${operands})`;
    case 'take':
    case 'select':
    case 'couple-pairs':
    case 'output':
      return `${node.op}(${operands})`;
  }
}
