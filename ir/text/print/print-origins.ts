/** ONNX nodes as text. */
import type { NodeRef } from '../../diagnostics/diagnostic.ts';

const word = /^[A-Za-z_][\w.-]*$/;

/** `"name" Gemm "output", …`. */
export function printNodes(nodes: readonly NodeRef[]): string {
  return nodes
    .map(({ name, opType, output }) => {
      const type = word.test(opType) ? opType : JSON.stringify(opType);
      return `${JSON.stringify(name)} ${type} ${JSON.stringify(output)}`;
    })
    .join(', ');
}
