/**
 * Files whose digests fit but whose contents have been tampered with, on the engine `simd`: each is refused with a
 * diagnostic, or gives some result. Nothing crashes or hangs, and good files work afterwards.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HepcError } from '../../ir/diagnostics/diagnostic.ts';
import { Client } from '../../runtime/client.ts';
import type { KeySet } from '../../runtime/cipher/key-files.ts';
import { ciphertextFields, switchingHeadBytes } from '../../runtime/seal/bytes/saved-format.ts';
import { Server } from '../../runtime/server.ts';
import { damage, openFile } from '../support/damaged-files.ts';
import { randomSample, withServer } from '../support/serve-plans.ts';
import { ProgramWriter, smallParameters } from '../unit/runtime/engines/seal-wasm/programs.ts';
import { casesOf } from '../support/setup/suite.ts';

function smallPlan() {
  const writer = new ProgramWriter(smallParameters, 2 ** 28);
  const [x, y] = [writer.input(), writer.input()];
  const sum = [1, 5].reduce((total, step) => writer.sum(total, writer.rotate(x, step)), y);
  writer.output(writer.rescale(writer.relinearize(writer.multiply(sum, y))));
  writer.output(writer.multiplyPlain(writer.rotate(x, 7), writer.plaintext([0.5, -1]), 2 ** 28));
  return writer.plan();
}

const plan = smallPlan();
let client: Client;
let keys: KeySet;
let inputs: Uint8Array;

beforeAll(async () => {
  client = await Client.create(plan.client);
  keys = client.generateKeys();
  inputs = client.encrypt([randomSample(plan, 1)]);
});
afterAll(() => {
  client.close();
});

/** A byte of a section that is changed: near the beginning, where the fields are, near the end, or anywhere. */
const place = fc.oneof(
  fc.nat(ciphertextFields.residues + 16).map((offset) => ({ from: 0, offset })),
  fc.integer({ min: 1, max: 100 }).map((offset) => ({ from: 1, offset: -offset })),
  { arbitrary: fc.noBias(fc.nat(1e6)).map((from) => ({ from: from / 1e6, offset: 0 })), weight: 8 },
);
/** Which byte of a word it is: residues leave the highest ones zero. */
const alignment = fc.constantFrom(undefined, 0, 1, 2, 5, 7);
const change = fc.record({ place, alignment, mask: fc.integer({ min: 1, max: 255 }) });
const damages = fc.record({ section: fc.nat(1), changes: fc.array(change, { minLength: 1, maxLength: 3 }) });
type Damage = typeof damages extends fc.Arbitrary<infer T> ? T : never;

/** Of the residues' words, modulo 8. */
const wordStart = ciphertextFields.residues % 8;

function flip(section: Uint8Array, { changes }: Damage): void {
  for (const { place: where, alignment: byte, mask } of changes) {
    const wanted = Math.floor(where.from * (section.length - 1)) + where.offset;
    const aligned = byte === undefined ? wanted : wanted - ((wanted - wordStart - byte) % 8);
    const at = Math.min(section.length - 1, Math.max(0, aligned));
    section[at] = (section[at] ?? 0) ^ mask;
  }
}

/** What becomes of a promise: a result or a refusal; everything else is thrown on. */
async function outcomeOf(promise: Promise<unknown>): Promise<'result' | 'refused'> {
  try {
    await promise;
    return 'result';
  } catch (error) {
    if (!(error instanceof HepcError)) throw error;
    for (const { code, severity } of error.diagnostics) expect(`${code} ${severity}`).toMatch(/^H6\d\d error$/);
    return 'refused';
  }
}

class Outcomes {
  private readonly counts = { result: 0, refused: 0 };

  add(outcome: 'result' | 'refused'): void {
    this.counts[outcome]++;
  }

  /** That the cases are of both kinds, so many of them at least. */
  expectBoth(least: number): void {
    expect(Math.min(this.counts.result, this.counts.refused)).toBeGreaterThanOrEqual(least);
  }
}

describe.each([1, 2])('%i threads', (threads) => {
  test('inputs', async () => {
    const file = openFile(inputs, 'inputs', plan);
    await withServer(plan, keys, { engine: 'simd', threads }, async (server) => {
      const expected = await server.evaluate(inputs);
      const outcomes = new Outcomes();
      await fc.assert(
        fc.asyncProperty(damages, async (one) => {
          const damaged = damage(file, one.section, (section) => {
            flip(section, one);
          });
          outcomes.add(await outcomeOf(server.evaluate(damaged)));
        }),
        { numRuns: casesOf({ normal: 15, nightly: 60 }) },
      );
      outcomes.expectBoth(5);
      expect(Buffer.compare(await server.evaluate(inputs), expected)).toBe(0);
    });
  });

  test('keys', async () => {
    const file = openFile(keys.evaluationKeys, 'evaluation-keys', plan);
    const outcomes = new Outcomes();
    const server = await Server.create(plan, { engine: 'simd', threads });
    try {
      await fc.assert(
        fc.asyncProperty(damages, async (one) => {
          const damaged = damage(file, one.section, (section) => {
            // The first key of the relinearisation key; of the Galois keys the table before it.
            flip(one.section === 0 ? section.subarray(switchingHeadBytes + 8) : section, one);
          });
          const opening = server.openSession(damaged);
          const loaded = await outcomeOf(opening);
          if (loaded === 'result') {
            const session = await opening;
            await outcomeOf(session.evaluate(inputs));
            await session.close();
          }
          outcomes.add(loaded);
        }),
        { numRuns: casesOf({ normal: 8, nightly: 20 }) },
      );
      outcomes.expectBoth(casesOf({ normal: 1, nightly: 3 }));
      expect(server.usage.sessions).toBe(0);
      const session = await server.openSession(keys.evaluationKeys);
      expect((await session.evaluate(inputs)).outputs).toBeInstanceOf(Uint8Array);
    } finally {
      await server.close();
    }
  });
});
