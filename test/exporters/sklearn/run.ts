/** A model of scikit-learn compiled, and run on the samples that it was not trained on. */
import { Client, compile, HepcError, Server } from '../../../index.ts';
import { formatDiagnostic } from '../../../ir/diagnostics/diagnostic.ts';
import { median } from '../../../ir/maths/averages.ts';
import type { Plan } from '../../../ir/plan/plan.ts';
import type { ExportedModel, LibraryOutput, SampleList } from './models.ts';

/** What became of a model; where it did not compile or run, why. */
export type Outcome = { readonly name: string } & (Measured | { readonly failure: string });

export interface Measured {
  readonly samples: number;
  readonly polyModulusDegree: number;
  /** Samples that are computed at once. */
  readonly batch: number;
  readonly compileSeconds: number;
  /** Of the server, of all samples. */
  readonly evaluateSeconds: number;
  /** Share of the labels that are the library's; absent where there are none. */
  readonly sameLabels?: number;
  /** Of the values, as a fraction of the median over samples of the largest; absent where there are none. */
  readonly error?: number;
  readonly maxError: number;
}

/** The outputs for one sample by name, in the order of the model, and the elements of one: an array, or a number a key. */
type Answer = ReadonlyMap<string, Elements>;
interface Elements {
  readonly values: () => Iterable<number | string>;
}

const leastSameLabels = 0.99;

export function isLikeLibrary({ sameLabels = 1, error = 0, maxError }: Measured): boolean {
  return sameLabels >= leastSameLabels && error <= maxError;
}

export async function runModel({ name, bytes, answers, samples }: ExportedModel): Promise<Outcome> {
  const { maxError, outputs } = answers;
  try {
    const start = performance.now();
    let heldOut: SampleList = [];
    const { plan } = compile(bytes, {
      maxError,
      optimize: 'throughput',
      calibration: (inputs) => {
        heldOut = samples('held-out', inputs);
        return samples('calibration', inputs);
      },
    });
    const compileSeconds = (performance.now() - start) / 1000;
    const { got, evaluateSeconds } = await evaluate(plan, heldOut);
    return {
      name,
      samples: heldOut.length,
      polyModulusDegree: plan.program.parameters.polyModulusDegree,
      batch: plan.client.batch,
      compileSeconds,
      evaluateSeconds,
      maxError,
      ...compare(outputs, (i) => got.map((answer) => [...answer.values()][i])),
    };
  } catch (error) {
    if (!(error instanceof HepcError)) return { name, failure: String(error) };
    return { name, failure: error.diagnostics.map((diagnostic) => formatDiagnostic(diagnostic)).join('\n') };
  }
}

async function evaluate(
  plan: Plan,
  samples: SampleList,
): Promise<{ readonly got: readonly Answer[]; readonly evaluateSeconds: number }> {
  const client = await Client.create(plan.client);
  const server = await Server.create(plan);
  try {
    const { evaluationKeys } = client.generateKeys();
    const session = await server.openSession(evaluationKeys);
    const inputs = client.encrypt(samples);
    const start = performance.now();
    const { outputs } = await session.evaluate(inputs);
    const evaluateSeconds = (performance.now() - start) / 1000;
    return { got: client.decrypt(outputs), evaluateSeconds };
  } finally {
    client.close();
    await server.close();
  }
}

/** `got` gives the values of output `i` of the model for each sample. */
function compare(
  expected: readonly LibraryOutput[],
  got: (i: number) => readonly (Elements | undefined)[],
): Pick<Measured, 'sameLabels' | 'error'> {
  const measured: { sameLabels?: number; error?: number } = {};
  for (const [i, output] of expected.entries()) {
    const own = got(i).map(elements);
    if (output.kind === 'labels') {
      const { values } = output;
      measured.sameLabels =
        values.filter((label, k) => own[k]?.length === 1 && own[k][0] === label).length / values.length;
    } else {
      const { rows } = output;
      const unit = median(rows.map((row) => row.reduce((most, x) => Math.max(most, Math.abs(x)), 0)));
      const worst = rows.map((row, k) => distance(row, own[k])).reduce((most, x) => Math.max(most, x), 0);
      measured.error = Math.max(measured.error ?? 0, worst / unit);
    }
  }
  return measured;
}

function elements(value: Elements | undefined): readonly (number | string)[] {
  return value === undefined ? [] : [...value.values()];
}

/** The largest difference of two rows; infinite where they differ in length or hold texts. */
function distance(expected: readonly number[], got: readonly (number | string)[] = []): number {
  if (got.length !== expected.length) return Infinity;
  return expected.reduce((most, x, i) => {
    const own = got[i];
    return Math.max(most, typeof own === 'number' ? Math.abs(own - x) : Infinity);
  }, 0);
}
