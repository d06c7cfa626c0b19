/** One variant of a test through hepc: what came out. */
import { InternalError, type Diagnostic, HepcError } from '../../../ir/diagnostics/diagnostic.ts';
import { compileGraph } from '../../../compiler/compile.ts';
import type { Answer, AnswerValue } from '../../../ir/interface.ts';
import type { Sample } from '../../../ir/interface.ts';
import { afterDecryption, beforeEncryption } from '../../../ir/interpret/client.ts';
import { TensorInterpreter } from '../../../ir/interpret/tensor.ts';
import { seededRandom } from '../../../ir/random.ts';
import { importModel, runEncrypted, runInTheClear } from '../../support/run-plans.ts';
import type { TestTensor } from './node-tests.ts';
import type { Variant } from './variants.ts';

export type Verdict =
  | { readonly kind: 'passed' }
  | { readonly kind: 'wrong'; readonly how: string }
  | { readonly kind: 'refused'; readonly diagnostics: readonly Diagnostic[] };

/** How far a variant goes: read, and its module evaluated exactly; a plan in the clear; a plan encrypted. */
export type Depth = 'imported' | 'compiled' | 'encrypted';

/** A fault of hepc, anything but a diagnostic, is a wrong answer. */
export async function run(variant: Variant, depth: Depth): Promise<Verdict> {
  try {
    const outputs = await outputsOf(variant, depth);
    const wrong = [...variant.expected].flatMap(([name, tensor]) =>
      difference(name, outputs.get(name), tensor, depth === 'imported' ? undefined : planError),
    );
    return wrong.length === 0 ? { kind: 'passed' } : { kind: 'wrong', how: wrong.join('; ') };
  } catch (error) {
    if (error instanceof HepcError) return { kind: 'refused', diagnostics: error.diagnostics };
    return { kind: 'wrong', how: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
  }
}

/** Of the model, after what is left to the client. */
async function outputsOf({ bytes, sample }: Variant, depth: Depth): Promise<Answer> {
  const model = importModel(bytes);
  const encrypted = (given: Sample): Sample => beforeEncryption(model.steps, given);
  if (depth === 'imported') {
    return afterDecryption(model.steps, new TensorInterpreter(model.module).evaluate(encrypted(sample)));
  }
  const { plan } = compileGraph(model, { samples: around(sample).map(encrypted), maxError: planError });
  const samples = [encrypted(sample)];
  const [outputs] = depth === 'compiled' ? runInTheClear(plan, samples) : await runEncrypted(plan, samples);
  if (outputs === undefined) throw new InternalError('a sample without outputs');
  return afterDecryption(model.steps, outputs);
}

const planError = 0.01;

/** Samples to calibrate with: the one, and others that differ from it by up to a tenth. */
function around(sample: Sample): Sample[] {
  const random = seededRandom(1).fork('calibration');
  const others = Array.from(
    { length: 31 },
    () => new Map([...sample].map(([name, values]) => [name, values.map((x) => x * (0.9 + 0.2 * random.uniform()))])),
  );
  return [sample, ...others];
}

/** Of a value, as ONNX's own runner allows; and for types of few bits what they round. */
function toleranceOf({ proto }: TestTensor): number {
  const [float16, bfloat16] = [10, 16];
  if (proto.dataType === bfloat16) return 2 ** -7;
  return proto.dataType === float16 ? 2 ** -9 : 1e-3;
}

/** What is wrong with an output; nothing where it is within the tolerance, or `error` of the largest value. */
function difference(name: string, got: AnswerValue | undefined, expected: TestTensor, error = 1e-6): string[] {
  const { numbers, shape } = expected;
  if (numbers === undefined) return [`"${name}" is expected to be no number`];
  if (!(got instanceof Float64Array)) return [`no numbers for "${name}"`];
  const { values } = numbers;
  if (got.length !== values.length) return [`"${name}" has ${got.length} elements, expected [${shape.join(', ')}]`];
  const relative = toleranceOf(expected);
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const bad = values.findIndex((value, i) => {
    const distance = Math.abs((got[i] ?? NaN) - value);
    return !(distance <= relative * Math.abs(value) + error * Math.max(largest, 1e-3));
  });
  return bad === -1 ? [] : [`"${name}" [${bad}] is ${got[bad]}, expected ${values[bad]}`];
}
