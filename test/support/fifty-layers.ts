/**
 * A network of 50 linear layers with squares between them, as wide as the depth that moduli allow makes it: a stem, four
 * stages of six branches of two layers that are added to their input, and a head. Seeded weights.
 */
import { randomVector } from './arbitrary-maps.ts';
import { floats, model, node, type NodeSpec, type TensorSpec } from './onnx-builder.ts';

const width = 64;
const stages = 4;
const branches = 6;

export const fiftyLayersInput = 128;

/** The bytes of the ONNX file: input `x` [batch, 128], output `y` [batch, 10]. */
export function fiftyLayers(): Uint8Array {
  const nodes: NodeSpec[] = [];
  const initializers: Record<string, TensorSpec> = {};
  const dense = (input: string, output: string, columns: number, rows: number, gain: number): void => {
    const name = `w_${output}`;
    const seed = 5000 + nodes.length;
    const values = randomVector(rows * columns, seed).map((x) => gain * x * Math.sqrt(3 / columns));
    initializers[name] = floats([rows, columns], values);
    nodes.push(node('Gemm', `${input} ${name}`, output, { transB: 1 }));
  };
  dense('x', 'stage0', fiftyLayersInput, width, 1);
  for (let stage = 0; stage < stages; stage++) {
    const ends = Array.from({ length: branches }, (_, branch) => {
      const name = `s${stage}b${branch}`;
      dense(`stage${stage}`, `${name}_in`, width, width, 1);
      nodes.push(node('Mul', `${name}_in ${name}_in`, `${name}_square`));
      // Small, so that squares of sums do not grow from stage to stage.
      dense(`${name}_square`, `${name}_out`, width, width, 0.2);
      return `${name}_out`;
    });
    nodes.push(node('Sum', [`stage${stage}`, ...ends].join(' '), `stage${stage + 1}`));
  }
  dense(`stage${stages}`, 'y', width, 10, 1);
  return model({ inputs: { x: ['batch', fiftyLayersInput] }, outputs: ['y'], nodes, initializers });
}
