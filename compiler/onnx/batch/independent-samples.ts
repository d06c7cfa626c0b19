/**
 * Whether a model computes each sample by itself, asked of its modules for one sample and for several.
 *
 * Both are evaluated on random inputs, and each sample's part of an output of the one must be the output of the other.
 * Activations and roundings are replaced by sin-like functions, a different one for each kind and parameters: unlike a Clip that clips
 * everything they hide nothing, and modules that agree whatever their activations are agree with the real ones. What is
 * left are analytic functions, which are the same if they are the same at a random point, but with probability 0.
 */
import { elementCount } from '../../../ir/constant.ts';
import { joinSamples, splitSamples } from '../../../ir/batch-axis.ts';
import type { ClientValue, Port, Sample } from '../../../ir/interface.ts';
import type { ClientSteps } from '../../../ir/client/steps.ts';
import { evaluateClient } from '../../../ir/interpret/client.ts';
import { activationSets } from '../../../ir/interpret/activations.ts';
import { tensorKernel, type TensorKernel } from '../../../ir/interpret/tensor.ts';
import { type SeededRandom, seededRandom } from '../../../ir/random.ts';
import type { TensorModule, TensorNodeNamed } from '../../../ir/tensor/ops.ts';

/** Largest absolute values of random inputs; small ones keep polynomials of high degree finite. */
const reaches = [1, 0.25, 2, 0.0625];
/** Draws of these that must be finite. */
const leastDraws = 2;
/** Of the largest element: sums are added in another order for several samples. */
const tolerance = 1e-9;

/** A network, and the steps around it. */
export interface SampleNetwork {
  readonly module: TensorModule;
  readonly steps: ClientSteps;
}

export interface SampleModules {
  readonly one: SampleNetwork;
  readonly several: SampleNetwork;
  /** Number of samples of `several`. */
  readonly count: number;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}

/** False where steps before encryption decide what there is to evaluate: nobody knows what their inputs may be. */
export function areIndependent({ one, several, count, inputs, outputs }: SampleModules): boolean {
  if (one.steps.pre !== undefined || several.steps.pre !== undefined) return false;
  const ofOne = genericEvaluator(one);
  const ofSeveral = genericEvaluator(several);
  let finite = 0;
  for (const [draw, reach] of reaches.entries()) {
    const samples = randomSamples(inputs, count, reach, seededRandom(draw));
    const joined = ofSeveral(joinInputs(samples, inputs));
    const alone = samples.map(ofOne);
    const pairs = outputs
      .filter(({ hasBatchAxis }) => hasBatchAxis)
      .flatMap(({ name, shape, batchAxis = 0 }) => {
        const parts = splitSamples(joined.get(name) ?? new Float64Array(), shape, batchAxis, count);
        return parts.map((part, k) => [part, alone[k]?.get(name) ?? new Float64Array()] as const);
      });
    if (!pairs.every((pair) => pair.every((values) => values.every(Number.isFinite)))) continue;
    if (!pairs.every(([part, own]) => areClose(part, own))) return false;
    finite++;
  }
  return finite >= leastDraws;
}

function randomSamples(inputs: readonly Port[], count: number, reach: number, random: SeededRandom): Sample[] {
  const draw = ({ shape }: Port) =>
    Float64Array.from({ length: elementCount(shape) }, () => reach * (2 * random.uniform() - 1));
  const shared = new Map(inputs.filter(({ hasBatchAxis }) => !hasBatchAxis).map((port) => [port.name, draw(port)]));
  return Array.from(
    { length: count },
    () => new Map(inputs.map((port) => [port.name, shared.get(port.name) ?? draw(port)])),
  );
}

function joinInputs(samples: readonly Sample[], inputs: readonly Port[]): Sample {
  return new Map(
    inputs.map(({ name, shape, hasBatchAxis, batchAxis = 0 }) => {
      const values = samples.map((sample) => sample.get(name) ?? new Float64Array());
      return [name, hasBatchAxis ? joinSamples(values, shape, batchAxis) : (values[0] ?? new Float64Array())];
    }),
  );
}

function areClose(a: Float64Array, b: Float64Array): boolean {
  const bound = tolerance * b.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  return a.length === b.length && a.every((x, i) => Math.abs(x - (b[i] ?? NaN)) <= bound);
}

/** As `TensorInterpreter`, with generic functions for activations. */
function genericEvaluator({ module, steps: { post } }: SampleNetwork): (inputs: Sample) => Sample {
  const kernels = module.nodes.map((node) =>
    node.op === 'activation' || node.op === 'quantize' ? genericKernel(node) : tensorKernel(module, node),
  );
  return (inputs) => {
    const values: Float64Array[] = [];
    const outputs = new Map<string, Float64Array>();
    for (const node of module.nodes) {
      const operands = node.operands.map((id) => values[id] ?? new Float64Array());
      const value = kernels[node.id]?.(operands, inputs) ?? new Float64Array();
      values.push(value);
      if (node.op === 'output') outputs.set(node.attrs.name, value);
    }
    return post === undefined ? outputs : numbersOf(evaluateClient(post, outputs));
  };
}

/** Texts as numbers, of which the same are the same. */
function numbersOf(values: ReadonlyMap<string, ClientValue>): Sample {
  return new Map(
    Array.from(values, ([name, value]) => [
      name,
      value instanceof Float64Array ? value : Float64Array.from(value, (text) => seededRandom(0).fork(text).uniform()),
    ]),
  );
}

/** x / 2 + sin(x + phase) / 2, with a phase of its own for each kind and parameters. */
function genericKernel(node: TensorNodeNamed<'activation' | 'quantize'>): TensorKernel {
  const phases = functionNames(node).map((name) => 2 * Math.PI * seededRandom(0).fork(name).uniform());
  return ([x = new Float64Array()]) => {
    const perSet = x.length / phases.length;
    return x.map((v, i) => (v + Math.sin(v + (phases[Math.floor(i / perSet)] ?? 0))) / 2);
  };
}

/** One name for each function of the node, the same for the same function. */
function functionNames(node: TensorNodeNamed<'activation' | 'quantize'>): readonly string[] {
  if (node.op === 'quantize') return [`${node.op} ${Object.values(node.attrs).join(' ')}`];
  const { kind, parameters } = node.attrs;
  const sets = activationSets(node.attrs);
  return Array.from({ length: sets }, (_, set) => `${kind} ${(sets === 1 ? parameters : [parameters[set]]).join(' ')}`);
}
