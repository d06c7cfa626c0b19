/**
 * What functions of one value cost: for each, on a range, the plan of 64 values at several errors; a table of the documentation.
 *
 *   npm run bench:functions [-- --only FUNCTION | --write]
 *
 * Times are those of the cost model. With --write into `docs/guide/functions.md`.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { formatMilliseconds, plural } from '../../cli/render/units.ts';
import { compileGraph } from '../../compiler/compile.ts';
import type { Compilation } from '../../compiler/network-plans.ts';
import { HepcError } from '../../ir/diagnostics/diagnostic.ts';
import type { Sample } from '../../ir/interface.ts';
import type { ActivationKind } from '../../ir/interpret/activations.ts';
import { seededRandom } from '../../ir/random.ts';
import { TensorBuilder } from '../../ir/tensor/ops.ts';
import { column, table } from '../markdown.ts';
import { circumstances, publish } from '../publish.ts';

interface Priced {
  readonly title: string;
  readonly kind: ActivationKind;
  readonly parameters?: readonly number[];
  readonly lo: number;
  readonly hi: number;
}

const elements = 64;
const errors = [0.05, 0.01, 0.001] as const;

const functions: readonly Priced[] = [
  { title: 'ReLU', kind: 'relu', lo: -8, hi: 8 },
  { title: 'ReLU', kind: 'relu', lo: -2, hi: 8 },
  { title: 'LeakyReLU, slope 0.1', kind: 'leaky-relu', parameters: [0.1], lo: -8, hi: 8 },
  { title: 'Abs', kind: 'abs', lo: -8, hi: 8 },
  { title: 'Clip to 0 … 6', kind: 'clip', parameters: [0, 6], lo: -4, hi: 12 },
  { title: 'HardSwish', kind: 'hard-swish', lo: -8, hi: 8 },
  { title: 'GELU', kind: 'gelu', lo: -8, hi: 8 },
  { title: 'SiLU', kind: 'silu', lo: -8, hi: 8 },
  { title: 'Sigmoid', kind: 'sigmoid', lo: -8, hi: 8 },
  { title: 'Tanh', kind: 'tanh', lo: -4, hi: 4 },
  { title: 'ELU', kind: 'elu', parameters: [1], lo: -8, hi: 8 },
  { title: 'Softplus', kind: 'softplus', lo: -8, hi: 8 },
  { title: 'Softsign', kind: 'softsign', lo: -8, hi: 8 },
  { title: 'Erf', kind: 'erf', lo: -3, hi: 3 },
  { title: 'Exp', kind: 'exp', lo: -4, hi: 4 },
  { title: 'Log', kind: 'log', lo: 0.1, hi: 4 },
  { title: 'Sqrt', kind: 'sqrt', lo: 0.1, hi: 4 },
  { title: '1 / x', kind: 'reciprocal', lo: 0.25, hi: 4 },
  { title: '1 / √x', kind: 'rsqrt', lo: 0.25, hi: 4 },
  { title: 'x^1.7', kind: 'power', parameters: [1.7], lo: 0.1, hi: 4 },
  { title: 'Sin', kind: 'sin', lo: -6, hi: 6 },
];

const { values } = parseArgs({ options: { only: { type: 'string' }, write: { type: 'boolean', default: false } } });
if (values.write && values.only !== undefined) throw new Error('--write takes all functions');

/** What a plan takes, in one cell; a dash where none is as exact. */
function priceOf({ kind, parameters = [], lo, hi }: Priced, maxError: number): string {
  const builder = new TensorBuilder();
  const x = builder.add('input', [], { name: 'x', shape: [elements] }, []);
  const y = builder.add('activation', [x], { kind, parameters: [...parameters] }, []);
  builder.add('output', [y], { name: 'y' }, []);
  const port = (name: string) => [{ name, shape: [elements], hasBatchAxis: true }];
  const random = seededRandom(1);
  const samples = Array.from({ length: 100 }, (): Sample => {
    const data = Float64Array.from({ length: elements }, () => lo + (hi - lo) * random.uniform());
    // The ends are among the values, so that the range is what the table says.
    data.set([lo, hi]);
    return new Map([['x', data]]);
  });
  try {
    const graph = { module: builder.build(kind), inputs: port('x'), outputs: port('y') };
    return describe(compileGraph(graph, { samples, maxError }));
  } catch (error) {
    if (error instanceof HepcError) return '–';
    throw error;
  }
}

function describe({ plan, modules, chosen }: Compilation): string {
  const stages = modules.tensor.nodes.flatMap((node) =>
    node.op === 'polynomial' ? [(node.attrs.coefficients.shape[1] ?? 1) - 1] : [],
  );
  const [levels = 0] = plan.search?.accuracy?.depths ?? [];
  const { polyModulusDegree } = plan.client.parameters;
  const products = plan.statistics.multiplyCipher;
  return (
    `${stages.join(', ')}; ${plural(levels, 'level')}, ${plural(products, 'product')}; N = ${polyModulusDegree}, ` +
    formatMilliseconds(chosen.measures.milliseconds)
  );
}

const rows = functions
  .filter(({ title }) => title.startsWith(values.only ?? ''))
  .map((each) => {
    process.stderr.write(`${each.title} on ${each.lo} … ${each.hi}\n`);
    return { ...each, prices: errors.map((maxError) => priceOf(each, maxError)) };
  });

const { node, date } = circumstances();
const page = `# What functions cost

A function that is no polynomial has one in its place, or several one after another. How many levels and products these take depends on the range of its values on the calibration samples, and on how exact the answer has to be. Below are plans for ${elements} values between the ends of a range, for errors of 5 %, 1 % and 0.1 % of the largest value: degrees of the polynomials, levels of the function, products of ciphertexts, the ring, and the time of one evaluation on one thread by the cost model. Where there are several degrees, they are of polynomials one after another (of a composition, or of several of them); a function with one kink has a polynomial that is even but for a line, which takes half of the products of any other.

${table(
  [
    column<(typeof rows)[number]>('function', ({ title }) => title),
    column<(typeof rows)[number]>('range', ({ lo, hi }) => `${lo} … ${hi}`),
    ...errors.map((maxError, k) =>
      column<(typeof rows)[number]>(`${100 * maxError} %`, ({ prices }) => prices[k] ?? ''),
    ),
  ],
  rows,
)}

- A range that is half as wide takes a degree that is half as high: batch normalisation before an activation, or samples without outliers.
- Functions that end at zero, or have a pole there, take the more the closer the range comes to it: the epsilon of a normalisation decides its degree.
- Functions with kinks converge slowly: every halving of the error doubles the degree, which is one level more.

Made by \`npm run bench:functions -- --write\` on Node ${node}, ${date}.
`;
await publish(join(import.meta.dirname, '..', '..', 'docs', 'guide', 'functions.md'), page, values.write);
