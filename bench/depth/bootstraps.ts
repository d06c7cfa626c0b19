/**
 * What one bootstrap takes at N = 32768, by each set: 16384 real slots, client and server in this process, one thread.
 *
 *   npm run bench:bootstraps [-- --runs N] [--write]
 *
 * With --write as a section of `bench/depth.md`. Takes a minute or two and 8 GB.
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
const memoryBytes = 10 * 2 ** 30;

interface Measured {
  readonly name: BootstrapSetName;
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
for (const name of bootstrapSetNames) measured.push(await measure(name, Number(values.runs)));
await publishSections(join(import.meta.dirname, '..', 'depth.md'), [render(measured)], values.write);

async function measure(name: BootstrapSetName, runs: number): Promise<Measured> {
  process.stderr.write(`${name}\n`);
  const chain = bootstrappedChain(name);
  const plan = bootstrapPlan(chain);
  const { parameters } = plan.program;
  const random = seededRandom(1);
  const x = Float64Array.from({ length: plan.program.slots }, () => 2 * random.uniform() - 1);
  const client = await Client.create(plan.client);
  const started = performance.now();
  const keys = client.generateKeys();
  const keygenMs = performance.now() - started;
  const inputs = client.encrypt([new Map([['x0', x]])]);
  const server = await Server.create(plan, { engine: 'simd', threads: 1, memoryBudgetBytes: memoryBytes });
  try {
    const session = await server.openSession(keys.evaluationKeys);
    const times: number[] = [];
    const processor: number[] = [];
    let answer: Float64Array = x;
    for (let run = 0; run < runs; run++) {
      const before = process.cpuUsage();
      const { outputs, timings } = await session.evaluate(inputs);
      const { user, system } = process.cpuUsage(before);
      times.push(timings.evaluate);
      processor.push((user + system) / 1000);
      answer = client.decrypt(outputs, { raw: true })[0]?.get('y0') ?? answer;
    }
    const memory = profileOf('simd').memory;
    const { relinearization = 0, rotations } = keyLevels(plan.program.columns);
    const keyBytes = [...rotations.values(), relinearization].reduce(
      (sum, level) => sum + memory.keyBytes(parameters, level),
      0,
    );
    return {
      name,
      levels: chain.effect.circuit.residual,
      bits: modulusBits(parameters),
      keys: rotations.size,
      keyBytes,
      fileBytes: keys.evaluationKeys.length,
      keygenMs,
      estimatedMs: evaluationCost(plan.program, profileOf('simd'), memory.use(plan.program)),
      times,
      cpuMs: median(processor),
      errors: errorsOf(answer, x),
      noise: errorsOf(
        answer,
        x.map((value) => throughSine(value, chain.effect.angle)),
      ),
      deviation: -Math.log2(chain.effect.deviation),
    };
  } finally {
    await server.close();
    client.close();
  }
}

function errorsOf(got: Float64Array, expected: Float64Array): Errors {
  const differences = got.map((value, s) => Math.abs(value - (expected[s] ?? NaN)));
  const squares = differences.reduce((sum, each) => sum + each * each, 0);
  return {
    deviation: -Math.log2(Math.sqrt(squares / got.length)),
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
  return `## One bootstrap at N = 32768

Made by \`npm run bench:bootstraps\` on ${machine}, Node ${node}, ${date}, one thread, ${values.runs} runs, under a load of ${load}: 16384 values, uniform in [−1, 1], from level 2 to the levels of the network. "Processor" is the time that the process had, which other work does not count in.

${body}
`;
}
