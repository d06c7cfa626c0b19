/** `.hep` files: whole, bound, and client parts; read, written again, run in the clear, and used by a client. */
import type { ClientPart, InputEncoding, Plan } from '../../../ir/plan/plan.ts';
import { sentCiphertexts } from '../../../ir/plan/plan.ts';
import { elementCount } from '../../../ir/constant.ts';
import { evaluateHe } from '../../../ir/interpret/he.ts';
import { sha256Hex } from '../../../ir/digest.ts';
import { packInput, unpackOutput } from '../../../runtime/base/codec.ts';
import { Client } from '../../../runtime/client.ts';
import { readClientPart, writeClientPart } from '../../../runtime/hep/client-part.ts';
import { readHep } from '../../../runtime/hep/read.ts';
import { writeHep } from '../../../runtime/hep/write.ts';
import { compiledPlan, madeUpReport } from '../../unit/cli/report/pruned-plan.ts';
import { boundPlan, plan } from '../../unit/runtime/hep/plans.ts';
import { smallPlan } from './small-plan.ts';
import { PlanSeed } from '../mutate/archive.ts';
import { expectFinite, expectPrintable, expectSameBytes, type Target } from '../target.ts';

const compiled = compiledPlan();
const seeds = [plan(), boundPlan(), smallPlan(), compiled, { ...compiled, pruning: madeUpReport() }].map(
  (each) => new PlanSeed(writeHep(each)),
);
const clientSeeds = [plan(), smallPlan(), compiled].map(({ client }) => new PlanSeed(writeClientPart(client)));
const clientSource = [...clientSeeds, ...seeds];

/** Rows times slots of what is run; larger programs are only read. */
const largestRun = 2 ** 21;

export const planTargets: readonly Target[] = [
  {
    name: 'plan',
    mutate: (draw) => draw.pick(seeds).mutate(draw, seeds),
    run: (bytes) => {
      const read = readHep(bytes, 'x.hep');
      const written = writeHep(read);
      expectSameBytes('what is written and what is read of it', written, writeHep(readHep(written, 'x.hep')));
      checkNames(read.client);
      expectPrintable(read.program.name);
      expectPrintable(...read.program.origins.flat().flatMap(({ name, opType, output }) => [name, opType, output]));
      if (read.bound === undefined) runInTheClear(read);
    },
  },
  {
    name: 'client-part',
    mutate: (draw) => draw.pick(clientSource).mutate(draw, clientSource),
    run: (bytes) => {
      const part = readClientPart(bytes, 'x.hep');
      const written = writeClientPart(part);
      expectSameBytes('two writings', written, writeClientPart(readClientPart(written, 'x.hep')));
      checkNames(part);
      for (const input of part.inputs) packInput(input, [sampleOf(input)]);
    },
  },
  {
    name: 'client',
    mutate: (draw) => draw.pick(clientSeeds).mutate(draw, clientSeeds),
    run: async (bytes) => {
      const part = readClientPart(bytes, 'x.hep');
      const client = await clientOf(part);
      client.encrypt([new Map(part.inputs.map((input) => [input.name, sampleOf(input)]))]);
    },
  },
];

function checkNames({ name, inputs, outputs }: ClientPart): void {
  expectPrintable(name, ...[...inputs, ...outputs].map((port) => port.name));
}

/** Values within the ranges of the elements, the largest among them. */
function sampleOf({ shape, maxAbs, groups }: InputEncoding): Float64Array {
  return Float64Array.from({ length: elementCount(shape) }, (_, k) => {
    const [least, most] = groups?.groups[groups.groupOf[k] ?? -1]?.calibrated ?? [-maxAbs, maxAbs];
    const part = (k % 5) / 4;
    return least * part + most * (1 - part);
  });
}

function runInTheClear({ client, program }: Plan): void {
  if (program.columns.op.length * program.slots > largestRun) return;
  const inputs = client.inputs.flatMap((input) => packInput(input, [sampleOf(input)]));
  const outputs = evaluateHe(program, inputs);
  for (const output of client.outputs) {
    const own = outputs.slice(output.firstCiphertext, output.firstCiphertext + sentCiphertexts(output));
    for (const values of unpackOutput(output, own, 1)) expectFinite(`output ${JSON.stringify(output.name)}`, values);
  }
}

let last: { readonly digest: string; readonly client: Client } | undefined;

/** With keys. Contexts and keys take some 100 ms, so the last is kept for parts that differ elsewhere. */
async function clientOf(part: ClientPart): Promise<Client> {
  const digest = sha256Hex(writeClientPart(part));
  if (last?.digest === digest) return last.client;
  last?.client.close();
  last = undefined;
  const client = await Client.create(part);
  client.generateKeys();
  last = { digest, client };
  return client;
}
