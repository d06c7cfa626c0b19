/** Servers and clients of small hand-written plans, and what these give in the clear. */
import { planStatistics } from '../../costs/plan-statistics.ts';
import { seededRandom } from '../../ir/random.ts';
import type { Plan } from '../../ir/plan/plan.ts';
import { Client } from '../../runtime/client.ts';
import type { Sample } from '../../ir/interface.ts';
import { defaultEngineOptions, type EvaluateOptions } from '../../runtime/base/engine.ts';
import { clear } from '../../runtime/engines/clear.ts';
import type { KeySet } from '../../runtime/cipher/key-files.ts';
import { Server, type ServerOptions } from '../../runtime/server.ts';
import type { ServerSession } from '../../runtime/server-session.ts';
import { deepParameters, ProgramWriter, smallParameters } from '../unit/runtime/engines/seal-wasm/programs.ts';

export function randomSample(plan: Plan, seed: number): Sample {
  const random = seededRandom(seed);
  return new Map(
    plan.client.inputs.map(({ name, shape }) => [
      name,
      Float64Array.from({ length: shape[0] ?? 0 }, () => 2 * random.uniform() - 1),
    ]),
  );
}

export async function inTheClear(plan: Plan, sample: Sample): Promise<Float64Array[]> {
  const prepared = await clear.open(plan, defaultEngineOptions);
  const session = await prepared.openSession(() => undefined);
  const inputs = plan.client.inputs.map(({ name }) => sample.get(name) ?? new Float64Array());
  return (await session.evaluate(inputs)).outputs;
}

/** Largest difference over all slots of all outputs. */
export function difference(
  plan: Plan,
  got: ReadonlyMap<string, Float64Array>,
  expected: readonly Float64Array[],
): number {
  return plan.client.outputs.reduce((worst, { name }, i) => {
    const values = got.get(name);
    if (values === undefined) return Infinity;
    return values.reduce((most, x, s) => Math.max(most, Math.abs(x - (expected[i]?.[s] ?? Number.NaN))), worst);
  }, 0);
}

/** A server with one session. */
export class Served {
  readonly server: Server;
  readonly session: ServerSession;

  constructor(server: Server, session: ServerSession) {
    this.server = server;
    this.session = session;
  }

  /** The outputs alone. */
  async evaluate(inputs: Uint8Array, options?: EvaluateOptions): Promise<Uint8Array> {
    return (await this.session.evaluate(inputs, options)).outputs;
  }
}

/** To be closed by the caller. */
export async function startServer(plan: Plan, keys: KeySet, options: ServerOptions): Promise<Served> {
  const server = await Server.create(plan, options);
  try {
    return new Served(server, await server.openSession(keys.evaluationKeys));
  } catch (error) {
    await server.close();
    throw error;
  }
}

export async function withServer<T>(
  plan: Plan,
  keys: KeySet,
  options: ServerOptions,
  use: (served: Served) => Promise<T>,
): Promise<T> {
  const served = await startServer(plan, keys, options);
  try {
    return await use(served);
  } finally {
    await served.server.close();
  }
}

export async function withClient<T>(plan: Plan, use: (client: Client, keys: KeySet) => Promise<T>): Promise<T> {
  const client = await Client.create(plan.client);
  try {
    return await use(client, client.generateKeys());
  } finally {
    client.close();
  }
}

/** Products, a square, rotations and sums, over several groups. */
export function mixedPlan(parameters = deepParameters): Plan {
  const writer = new ProgramWriter(parameters, 2 ** 36);
  const x = writer.input();
  const y = writer.input();
  const partial = [1, 2, 3, 5].map((step) =>
    writer.multiplyPlain(writer.rotate(x, step), writer.plaintext([0.25, -0.5, 0.125, step / 8])),
  );
  const [first = x, ...rest] = partial;
  const sum = writer.rescale(rest.reduce((a, b) => writer.sum(a, b), first));
  const square = writer.rescale(writer.relinearize(writer.multiply(sum, sum)));
  const lower = writer.modSwitch(writer.modSwitch(y));
  const scaled = writer.multiplyPlain(
    square,
    writer.plaintext([1]),
    (writer.prime(square) * writer.of(lower).scale) / writer.of(square).scale,
  );
  writer.output(writer.addPlain(writer.rescale(scaled), writer.plaintext([1, 2])));
  writer.output(writer.rotate(lower, 7));
  return writer.plan(2);
}

/** Rotations and a sum of products with plaintexts in a small ring: its keys take a fraction of those of `mixedPlan`. */
export function shallowPlan(): Plan {
  const writer = new ProgramWriter(smallParameters, 2 ** 32);
  const x = writer.input();
  const y = writer.input();
  const [first = x, ...rest] = [1, 3, 5].map((step) =>
    writer.multiplyPlain(writer.rotate(x, step), writer.plaintext([0.25, step / 8])),
  );
  const sum = rest.reduce((a, b) => writer.sum(a, b), first);
  writer.output(writer.rescale(sum));
  writer.output(writer.rotate(writer.modSwitch(y), 7));
  return writer.plan(2);
}

/** A plan with its statistics, which files of plans are to have. */
export function withStatistics(plan: Plan): Plan {
  const given = { weightTilesPruned: 0, predictedMaxError: plan.client.predictedMaxError };
  return { ...plan, statistics: planStatistics(plan.program, plan.engine, given) };
}
