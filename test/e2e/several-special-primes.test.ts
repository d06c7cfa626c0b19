/** A plan with two special primes from the client's keys to its answer, and what a server says of keys that are damaged. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nttPrimes } from '../../compiler/parameters/primes.ts';
import { evaluationKeyNeeds } from '../../costs/key-levels.ts';
import { HepcError } from '../../ir/diagnostics/diagnostic.ts';
import type { Plan } from '../../ir/plan/plan.ts';
import { keySections, seedBytes } from '../../runtime/cipher/key-format.ts';
import type { KeySet } from '../../runtime/cipher/key-files.ts';
import { Client } from '../../runtime/client.ts';
import { openEnvelope, sealEnvelope } from '../../runtime/seal/bytes/envelope.ts';
import { Server } from '../../runtime/server.ts';
import { difference, inTheClear, randomSample, withStatistics } from '../support/serve-plans.ts';
import { ProgramWriter } from '../unit/runtime/engines/seal-wasm/programs.ts';

/** Squares and rotations at several levels: keys of different sizes, one of them for a part of a digit. */
function deepPlan(): Plan {
  const [first = 0, p = 0, q = 0, ...others] = nttPrimes([36, 36, 36, 24, 24, 24], 8192) ?? [];
  const writer = new ProgramWriter(
    { polyModulusDegree: 8192, primes: [first, ...others], specialPrimes: [p, q] },
    2 ** 24,
  );
  const [x, y] = [writer.input(), writer.input()];
  const product = writer.rescale(writer.relinearize(writer.multiply(writer.sum(x, writer.rotate(x, 3)), y)));
  const sum = writer.sum(product, writer.rotate(product, 5));
  writer.output(writer.rotate(writer.rescale(writer.relinearize(writer.multiply(sum, sum))), 100));
  const plan = writer.plan();
  const needs = evaluationKeyNeeds(plan.program.columns, plan.program.parameters);
  return withStatistics({ ...plan, client: { ...plan.client, ...needs } });
}

const plan = deepPlan();
let client: Client;
let server: Server;
let keys: KeySet;

beforeAll(async () => {
  client = await Client.create(plan.client);
  keys = client.generateKeys();
  server = await Server.create(plan, { engine: 'simd', threads: 2 });
});
afterAll(async () => {
  client.close();
  await server.close();
});

test('the client’s keys compute what the program says', async () => {
  const sample = randomSample(plan, 5);
  const session = await server.openSession(keys.evaluationKeys);
  const { outputs } = await session.evaluate(client.encrypt([sample]));
  const [answer = new Map<string, Float64Array>()] = client.decrypt(outputs, { raw: true });
  // At a scale of 2^24 the noise of two products is some 2^15.
  expect(difference(plan, answer, await inTheClear(plan, sample))).toBeLessThan(2 ** -6);
});

test('keys of another client are refused together with inputs of this one', async () => {
  const other = await Client.create(plan.client);
  const session = await server.openSession(other.generateKeys().evaluationKeys);
  other.close();
  await expect(session.evaluate(client.encrypt([randomSample(plan, 6)]))).rejects.toThrow(/H606/);
});

/** A file with sections changed, and digests that say so. */
function changed(change: (relinearization: Uint8Array, rotations: Uint8Array) => void): Uint8Array {
  const envelope = openEnvelope(keys.evaluationKeys, { kind: 'evaluation-keys' });
  const [relinearization = new Uint8Array(), rotations = new Uint8Array()] = (envelope.runs[0] ?? []).map((section) =>
    section.slice(),
  );
  change(relinearization, rotations);
  return sealEnvelope({ ...envelope, runs: [[relinearization, rotations]] });
}

const [ofSquares] = keySections(plan.client).relinearization?.keys ?? [];
const [ofThree, ofFive] = keySections(plan.client).rotations?.keys ?? [];

test.each<{ name: string; code: RegExp; change: Parameters<typeof changed>[0] }>([
  {
    name: 'a residue that is not below its prime',
    code: /H613.*Galois key of step 5/s,
    change: (_, rotations) => {
      const at = ofFive?.residuesOffset(1, 2) ?? 0;
      rotations.fill(0xff, at + 60, at + 66);
    },
  },
  {
    name: 'a seed twice',
    code: /H654.*step 3 has the seed of the relinearisation key/s,
    change: (relinearization, rotations) => {
      const from = ofSquares?.seedOffset ?? 0;
      rotations.set(relinearization.subarray(from, from + seedBytes), ofThree?.seedOffset ?? 0);
    },
  },
  {
    name: 'two keys that have changed places',
    code: /H653.*step 3 is malformed: it is of Galois element/s,
    change: (_, rotations) => {
      const [from, to] = [(ofThree?.seedOffset ?? 0) - 16, (ofFive?.seedOffset ?? 0) - 16];
      const head = rotations.slice(from, from + 64);
      rotations.set(rotations.slice(to, to + 64), from);
      rotations.set(head, to);
    },
  },
])('$name is refused before anything is computed', async ({ code, change }) => {
  const failure: unknown = await server.openSession(changed(change)).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(HepcError);
  expect(String(failure)).toMatch(code);
});
