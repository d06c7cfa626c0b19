/**
 * Compiles a dense layer of 708 × 708 for a batch that fills the ciphertexts, one product and one sum for each weight,
 * and prints what it took. A program of its own, so that the peak memory is that of the compiler alone.
 */
import { compileGraph } from '../../compiler/compile.ts';
import { Constant, vector } from '../../ir/constant.ts';
import { TensorBuilder } from '../../ir/tensor/ops.ts';
import { writeHep } from '../../runtime/hep/write.ts';
import { randomVector } from './arbitrary-maps.ts';

const width = 708;
const builder = new TensorBuilder();
const x = builder.add('input', [], { name: 'x', shape: [width] }, []);
const weights = new Constant([width, width], randomVector(width * width, 1));
const y = builder.add('dense', [x], { weights, bias: vector(randomVector(width, 2)) }, []);
builder.add('output', [y], { name: 'y' }, []);
const port = { shape: [width], hasBatchAxis: true };
const start = performance.now();
const { plan } = compileGraph(
  { module: builder.build('million'), inputs: [{ name: 'x', ...port }], outputs: [{ name: 'y', ...port }] },
  { batch: 2048 },
);
const seconds = (performance.now() - start) / 1000;
const bytes = writeHep(plan).length;
const { maxRSS } = process.resourceUsage();
process.stdout.write(JSON.stringify({ ops: plan.program.columns.op.length, seconds, peakBytes: maxRSS * 1024, bytes }));
