/**
 * What one bootstrap takes, by each set: of one value in all slots, and at N = 32768 also of two at once; client and server in this
 * process, one thread.
 *
 *   npm run bench:bootstraps [-- --runs N] [--write]
 *
 * With --write as a section of `bench/depth.md`. Takes some minutes and 20 GB, which the set of N = 65536 does.
 */
import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { formatBytes, formatMilliseconds } from '../../cli/render/units.ts';
import { bootstrappedChain } from '../../compiler/parameters/bootstrapped-chains.ts';
import { evaluationCost } from '../../costs/program-cost.ts';
import { keyLevels } from '../../costs/key-levels.ts';
import { profileOf } from '../../costs/profiles.ts';
import { bootstrapSetNames, type BootstrapSetName, throughSine } from '../../ir/ckks/bootstrapping.ts';
import { median } from '../../ir/maths/averages.ts';
import { modulusBits } from '../../ir/parameters.ts';
import { seededRandom } from '../../ir/random.ts';
import { Client } from '../../runtime/client.ts';
import { Server } from '../../runtime/server.ts';
import { bootstrapPlan } from '../../test/support/bootstraps.ts';
import { column, spread, table } from '../markdown.ts';
import { circumstances, publishSections } from '../publish.ts';

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '5' }, write: { type: 'boolean', default: false } },
});

/** Of the memory of the engine. */
const memoryBytes = { narrow: 10 * 2 ** 30, wide: 12.5 * 2 ** 30 };

interface Measured {
  readonly name: BootstrapSetName;
  /** Bootstrapped at once. */
  readonly values: 1 | 2;
  readonly slots: number;
  readonly levels: number;
  readonly bits: number;
  readonly keys: number;
  readonly keyBytes: number;
  readonly fileBytes: number;
  readonly keygenMs: number;
  readonly estimatedMs: number;
  readonly times: readonly number[];
  readonly cpuMs: number;
  readonly errors: Errors;
  readonly noise: Errors;
  readonly deviation: number;
}

/** In bits below one. */
interface Errors {
  readonly deviation: number;
  readonly worst: number;
}

const measured: Measured[] = [];
for (const name of bootstrapSetNames) {
  measured.push(await measure(name, 1, Number(values.runs)));
  if (name !== 'wide') measured.push(await measure(name, 2, Number(values.runs)));
}
await publishSections(join(import.meta.dirname, '..', 'depth.md'), [render(measured)], values.write);

async function measure(name: BootstrapSetName, count: 1 | 2, runs: number): Promise<Measured> {
  process.stderr.write(`${name}, ${count} at once\n`);
  const chain = bootstrappedChain(name);
  const plan = bootstrapPlan(chain, 1, count);
  const { parameters, slots } = plan.program;
  const random = seededRandom(1);
  const xs = Array.from({ length: count }, () => Float64Array.from({ length: slots }, () => 2 * random.uniform() - 1));
  const client = await Client.create(plan.client);
  const started = performance.now();
  const keys = client.generateKeys();
  const keygenMs = performance.now() - started;
  const inputs = client.encrypt([new Map(xs.map((x, k) => [`x${k}`, x]))]);
  const memoryBudgetBytes = name === 'wide' ? memoryBytes.wide : memoryBytes.narrow;
  const server = await Server.create(plan, { engine: 'simd', threads: 1, memoryBudgetBytes });
  try {
    const session = await server.openSession(keys.evaluationKeys);
    const times: number[] = [];
    const processor: number[] = [];
    let answers: readonly Float64Array[] = [];
    for (let run = 0; run < runs; run++) {
      const before = process.cpuUsage();
      const { outputs, timings } = await session.evaluate(inputs);
      const { user, system } = process.cpuUsage(before);
      times.push(timings.evaluate);
      processor.push((user + system) / 1000);
      const [got] = client.decrypt(outputs, { raw: true });
      answers = xs.map((_, k) => got?.get(`y${k}`) ?? new Float64Array());
    }
    const memory = profileOf('simd').memory;
    const { relinearization = 0, rotations } = keyLevels(plan.program.columns);
    const keyBytes = [...rotations.values(), relinearization].reduce(
      (sum, level) => sum + memory.keyBytes(parameters, level),
      0,
    );
    const { angle } = chain.effect;
    return {
      name,
      values: count,
      slots,
      levels: chain.effect.circuit.residual,
      bits: modulusBits(parameters),
      keys: rotations.size,
      keyBytes,
      fileBytes: keys.evaluationKeys.length,
      keygenMs,
      estimatedMs: evaluationCost(plan.program, profileOf('simd'), memory.use(plan.program)),
      times,
      cpuMs: median(processor),
      errors: errorsOf(answers, xs),
      noise: errorsOf(
        answers,
        xs.map((x) => x.map((value) => throughSine(value, angle))),
      ),
      deviation: -Math.log2(chain.effect.deviation),
    };
  } finally {
    await server.close();
    client.close();
  }
}

/** Of all values together. */
function errorsOf(got: readonly Float64Array[], expected: readonly Float64Array[]): Errors {
  const differences = expected.flatMap((x, k) => Array.from(x, (value, s) => Math.abs((got[k]?.[s] ?? NaN) - value)));
  const squares = differences.reduce((sum, each) => sum + each * each, 0);
  return {
    deviation: -Math.log2(Math.sqrt(squares / differences.length)),
    worst: -Math.log2(differences.reduce((most, each) => Math.max(most, each), 0)),
  };
}

function render(rows: readonly Measured[]): string {
  const { machine, node, date } = circumstances();
  const load = `${(loadavg()[2] ?? 0).toFixed(0)} on ${availableParallelism()} cores`;
  const inBits = ({ deviation, worst }: Errors): string => `${deviation.toFixed(1)}, ${worst.toFixed(1)}`;
  const body = table<Measured>(
    [
      column('set', ({ name }) => name),
      column('values at once', ({ values: count, slots }) => `${count} of ${slots}`),
      column('levels between two', ({ levels }) => levels),
      column('modulus, bits', ({ bits }) => bits),
      column('evaluate', ({ times }) => spread(times)),
      column('processor', ({ cpuMs }) => formatMilliseconds(cpuMs)),
      column('estimated', ({ estimatedMs }) => formatMilliseconds(estimatedMs)),
      column('rotation keys', ({ keys }) => keys),
      column('in memory, file', ({ keyBytes, fileBytes }) => `${formatBytes(keyBytes)}, ${formatBytes(fileBytes)}`),
      column('keys made in', ({ keygenMs }) => formatMilliseconds(keygenMs)),
      column('bits kept: deviation, worst slot', ({ errors }) => inBits(errors)),
      column('without the cubic', ({ noise }) => inBits(noise)),
      column('noise, predicted', ({ deviation }) => deviation.toFixed(1)),
    ],
    rows,
  );
  return `## One bootstrap

Made by \`npm run bench:bootstraps\` on ${machine}, Node ${node}, ${date}, one thread, ${values.runs} runs, under a load of ${load}: values uniform in [−1, 1], from the level at which StC begins to the levels of the network. N is twice the number of slots. "Processor" is the time that the process had, which other work does not count in.

${body}
`;
}
