/** Files of keys and ciphertexts: what is wrong with them is found before SEAL reads them. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HepcError } from '../../../../ir/diagnostics/diagnostic.ts';
import { Client } from '../../../../runtime/client.ts';
import { bytesAccess } from '../../../../runtime/format/random-access.ts';
import { CiphertextReader, readCiphertexts } from '../../../../runtime/seal/bytes/ciphertext-files.ts';
import { parametersDigest } from '../../../../runtime/seal/bytes/client-part-digest.ts';
import { type Envelope, openEnvelope, sealEnvelope } from '../../../../runtime/seal/bytes/envelope.ts';
import { EnvelopeReader, EnvelopeWriter } from '../../../../runtime/seal/bytes/envelope-stream.ts';
import { liveHandles } from '../../../../runtime/seal/library/handles.ts';
import {
  inspectCiphertext,
  inspectGaloisKeys,
  inspectPublicKey,
  inspectRelinKeys,
  inspectSecretKey,
} from '../../../../runtime/seal/bytes/inspect-bytes.ts';
import { evaluationKeyBytes } from '../../../../ir/ckks/switching-keys.ts';
import {
  generateKeysStepwise,
  type KeySet,
  readEvaluationKeys,
  readPublicKey,
  readSecretKey,
} from '../../../../runtime/cipher/key-files.ts';
import { ciphertextFields, plaintextFields } from '../../../../runtime/seal/bytes/saved-format.ts';
import { ProgramWriter, smallParameters } from '../engines/seal-wasm/programs.ts';
import { casesOf } from '../../../support/setup/suite.ts';

function squarePlan() {
  const writer = new ProgramWriter(smallParameters, 2 ** 28);
  const x = writer.input();
  writer.output(writer.rotate(writer.rotate(writer.relinearize(writer.multiply(x, x)), 1), 1000));
  return writer.plan();
}

const plan = squarePlan();
const part = plan.client;
let client: Client;
let keys: KeySet;
let inputs: Uint8Array;

/** Contents of one to six runs whose sections have the same sizes. */
const arbitraryRuns = fc
  .tuple(fc.array(fc.nat(100), { maxLength: 6 }), fc.integer({ min: 1, max: 6 }))
  .chain(([sizes, runs]) =>
    fc.array(fc.tuple(...sizes.map((size) => fc.uint8Array({ minLength: size, maxLength: size }))), {
      minLength: runs,
      maxLength: runs,
    }),
  );

function sample(value: number): Map<string, Float64Array> {
  return new Map([['x0', new Float64Array(plan.program.slots).fill(value)]]);
}

function codesOf(action: () => unknown): string[] {
  try {
    action();
    return [];
  } catch (error) {
    if (error instanceof HepcError) return error.diagnostics.map(({ code }) => code);
    throw error;
  }
}

beforeAll(async () => {
  client = await Client.create(part);
  keys = client.generateKeys();
  inputs = client.encrypt([sample(0.5)]);
});
afterAll(() => {
  client.close();
  expect(liveHandles()).toBe(0);
});

test('more keys than an engine holds are not made; what a client is told is what it gets', () => {
  const rotationSteps = Array.from({ length: 2047 }, (_, i) => i + 1);
  const large = { ...smallParameters, primes: Array.from({ length: 40 }, () => smallParameters.primes[0] ?? 0) };
  const never = undefined as never;
  expect(codesOf(() => generateKeysStepwise(never, { ...part, parameters: large, rotationSteps }).next())).toEqual([
    'H508',
  ]);
  const { saved } = evaluationKeyBytes(part);
  expect(keys.evaluationKeys.length / saved).toBeGreaterThan(0.99);
  expect(keys.evaluationKeys.length / saved).toBeLessThan(1.2);
});

test('good files are read', () => {
  expect(readSecretKey(keys.secretKey, part).keyId).toBe(readPublicKey(keys.publicKey, part).keyId);
  const evaluation = readEvaluationKeys(keys.evaluationKeys, part);
  expect(evaluation.keyId).toBe(readPublicKey(keys.publicKey, part).keyId);
  expect(readCiphertexts(inputs, 'inputs', part, evaluation.keyId).samples).toBe(1);
});

describe('envelopes', () => {
  test('of another kind, version or content are refused', () => {
    expect(codesOf(() => readSecretKey(new Uint8Array(100), part))).toEqual(['H601']);
    expect(codesOf(() => readSecretKey(new Uint8Array(), part))).toEqual(['H601']);
    const later = keys.secretKey.slice();
    later[4] = 9;
    expect(codesOf(() => readSecretKey(later, part))).toEqual(['H602']);
    expect(codesOf(() => readSecretKey(keys.publicKey, part))).toEqual(['H603']);
    expect(codesOf(() => readEvaluationKeys(keys.secretKey, part))).toEqual(['H603']);
    const other = { ...part, rotationSteps: [1, 2] };
    expect(codesOf(() => readSecretKey(keys.secretKey, other))).toEqual(['H605']);
    expect(codesOf(() => readCiphertexts(inputs, 'inputs', part, '0'.repeat(64)))).toEqual(['H606']);
    const [input] = part.inputs;
    const packedOtherwise = { ...part, inputs: input === undefined ? [] : [{ ...input, factor: 2 }] };
    const { keyId } = readPublicKey(keys.publicKey, part);
    expect(codesOf(() => readCiphertexts(inputs, 'inputs', packedOtherwise, keyId))).toEqual(['H607']);
  });

  test('that are cut short, too long or changed anywhere are refused', () => {
    const { keyId } = readPublicKey(keys.publicKey, part);
    const read = (bytes: Uint8Array) => codesOf(() => readCiphertexts(bytes, 'inputs', part, keyId));
    fc.assert(
      fc.property(fc.nat(inputs.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        expect(read(inputs.subarray(0, at))).not.toEqual([]);
        const changed = inputs.slice();
        changed[at] = (changed[at] ?? 0) ^ change;
        expect(read(changed)).not.toEqual([]);
      }),
      { numRuns: casesOf({ normal: 18, nightly: 60 }) },
    );
    expect(read(Uint8Array.from([...inputs, 0]))).toEqual(['H604']);
  });

  test('with an absurd header are refused without allocating for it', () => {
    const absurd = inputs.slice(0, 64);
    new DataView(absurd.buffer).setUint32(8, 0xffffffff, true);
    expect(codesOf(() => readCiphertexts(absurd, 'inputs', part, ''))).toEqual(['H604']);
  });

  test('hold what was put in', () => {
    const digest = 'ab'.repeat(32);
    fc.assert(
      fc.property(arbitraryRuns, (runs) => {
        const bytes = sealEnvelope({ kind: 'public-key', parameters: digest, key: digest, runs });
        const { runs: back } = openEnvelope(bytes, { kind: 'public-key', parameters: digest });
        expect(back).toEqual(runs);
      }),
    );
  });

  test('whose header or trailer is changed are refused, whatever it says then', () => {
    const text = new TextDecoder('latin1').decode(inputs.subarray(0, 1000));
    const at = text.indexOf('"samples":1') + '"samples":'.length;
    expect(at).toBeGreaterThan(12);
    const { keyId } = readPublicKey(keys.publicKey, part);
    const read = (bytes: Uint8Array) => codesOf(() => readCiphertexts(bytes, 'inputs', part, keyId));
    const invented = inputs.slice();
    invented[at] = '2'.charCodeAt(0);
    expect(read(invented)).toEqual(['H604']);
    for (let byte = 1; byte <= 64; byte++) {
      const changed = inputs.slice();
      changed[inputs.length - byte] = (changed[inputs.length - byte] ?? 0) ^ 1;
      expect(read(changed)).toEqual(['H604']);
    }
  });

  test('hold as many runs as there may be samples, of any number of sections', () => {
    const digest = 'ab'.repeat(32);
    const runs = Array.from({ length: 65_536 }, (_, r) => [Uint8Array.of(r), Uint8Array.of(r >> 8)]);
    const bytes = sealEnvelope({ kind: 'inputs', parameters: digest, key: digest, samples: 65_536, runs });
    const { runs: back } = openEnvelope(bytes, { kind: 'inputs', parameters: digest });
    expect(back.length).toBe(65_536);
    expect(back.at(-1)).toEqual(runs.at(-1));
  });

  test('written run by run are the same bytes, and read run by run they hold the same', async () => {
    const digest = 'ab'.repeat(32);
    const expected = { kind: 'outputs', parameters: digest } as const;
    await fc.assert(
      fc.asyncProperty(arbitraryRuns, async (runs) => {
        const sections = runs[0]?.map(({ length }) => length) ?? [];
        const header = { kind: 'outputs', parameters: digest, key: digest, samples: runs.length } as const;
        const parts: Uint8Array[] = [];
        const writer = new EnvelopeWriter({ ...header, runs: runs.length, sections }, (bytes) => {
          parts.push(bytes.slice());
          return Promise.resolve();
        });
        for (const run of runs) await writer.add(run);
        const size = await writer.finish();
        const bytes = new Uint8Array(Buffer.concat(parts));
        expect(bytes.length).toBe(size);
        expect(bytes).toEqual(sealEnvelope({ ...header, runs }));
        const reader = await EnvelopeReader.open(bytesAccess(bytes), expected);
        expect(await Promise.all(runs.map((_, r) => reader.read(r)))).toEqual(runs);
      }),
      { numRuns: casesOf({ normal: 15, nightly: 50 }) },
    );
  });

  test('read run by run are refused where they are cut short or changed', async () => {
    const { keyId } = readPublicKey(keys.publicKey, part);
    const two = client.encrypt([sample(0.5), sample(0.25)]);
    const read = async (bytes: Uint8Array) => {
      try {
        const reader = await CiphertextReader.open(bytesAccess(bytes), 'inputs', part, keyId);
        await reader.check();
        return [];
      } catch (error) {
        if (error instanceof HepcError) return error.diagnostics.map(({ code }) => code);
        throw error;
      }
    };
    expect(await read(two)).toEqual([]);
    await fc.assert(
      fc.asyncProperty(fc.nat(two.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        expect(await read(two.subarray(0, at))).not.toEqual([]);
        const changed = two.slice();
        changed[at] = (changed[at] ?? 0) ^ change;
        expect(await read(changed)).not.toEqual([]);
      }),
      { numRuns: casesOf({ normal: 18, nightly: 60 }) },
    );
    expect(await read(Uint8Array.from([...two, 0]))).toEqual(['H604']);
  });

  test('with missing sections are refused', () => {
    const parameters = parametersDigest(part);
    const envelope: Envelope = openEnvelope(keys.evaluationKeys, { kind: 'evaluation-keys', parameters });
    const cut = sealEnvelope({ ...envelope, runs: envelope.runs.map((sections) => sections.slice(1)) });
    expect(codesOf(() => readEvaluationKeys(cut, part))).toEqual(['H612']);
    const swapped = sealEnvelope({ ...envelope, runs: envelope.runs.map((sections) => sections.toReversed()) });
    expect(codesOf(() => readEvaluationKeys(swapped, part))).toEqual(['H608', 'H608']);
  });
});

describe('SEAL data', () => {
  interface Case {
    readonly name: string;
    readonly bytes: () => Uint8Array;
    readonly inspect: (bytes: Uint8Array) => readonly { readonly code: string }[];
  }
  const sectionsOf = (file: Uint8Array, kind: Envelope['kind']): readonly Uint8Array[] =>
    openEnvelope(file, { kind, parameters: parametersDigest(part) }).runs.flat();
  const first = (sections: readonly Uint8Array[]): Uint8Array => sections[0] ?? new Uint8Array();
  const expected = { level: 1, scale: 2 ** 28, seeded: true };
  const cases: readonly Case[] = [
    {
      name: 'ciphertext',
      bytes: () => first(sectionsOf(inputs, 'inputs')),
      inspect: (bytes) => inspectCiphertext(bytes, smallParameters, expected, 'it'),
    },
    {
      name: 'secret key',
      bytes: () => first(sectionsOf(keys.secretKey, 'secret-key')),
      inspect: (bytes) => inspectSecretKey(bytes, smallParameters),
    },
    {
      name: 'public key',
      bytes: () => first(sectionsOf(keys.publicKey, 'public-key')),
      inspect: (bytes) => inspectPublicKey(bytes, smallParameters),
    },
    {
      name: 'relinearisation key',
      bytes: () => first(sectionsOf(keys.evaluationKeys, 'evaluation-keys')),
      inspect: (bytes) => inspectRelinKeys(bytes, smallParameters),
    },
    {
      name: 'Galois keys',
      bytes: () => first(sectionsOf(keys.evaluationKeys, 'evaluation-keys').slice(1)),
      inspect: (bytes) => inspectGaloisKeys(bytes, smallParameters, [1, 1000]),
    },
  ];

  test.each(cases)('$name: sound as SEAL wrote it', ({ bytes, inspect }) => {
    expect(inspect(bytes())).toEqual([]);
  });

  test.each(cases)('$name: every change of a header is noticed', ({ bytes, inspect }) => {
    const good = bytes();
    // Up to the first residue: the header, the parameters, and all counts of whatever kind it is.
    const head = 16 + 32 + 16 + 16;
    for (let at = 0; at < head; at++) {
      const changed = good.slice();
      changed[at] = (changed[at] ?? 0) ^ 0x81;
      expect(inspect(changed), `byte ${at}`).not.toEqual([]);
    }
  });

  test.each(cases)('$name: another length is noticed', ({ bytes, inspect }) => {
    const good = bytes();
    for (const length of [0, 1, 15, 16, 100, good.length - 1])
      expect(inspect(good.subarray(0, length)).map(({ code }) => code)).toEqual(['H608']);
    expect(inspect(Uint8Array.from([...good.subarray(0, 1000), 0]))).not.toEqual([]);
  });

  test('a ciphertext of another level, scale or form is named as such', () => {
    const good = first(sectionsOf(inputs, 'inputs'));
    const codes = (bytes: Uint8Array, change: Partial<typeof expected>): string[] =>
      inspectCiphertext(bytes, smallParameters, { ...expected, ...change }, 'it').map(({ code }) => code);
    expect(codes(good, { level: 0 })).toEqual(['H608']);
    expect(codes(good, { scale: 2 ** 28 + 1 })).toEqual(['H609']);
    expect(codes(good, { seeded: false })).toEqual(['H608']);
    const coefficients = good.slice();
    coefficients[ciphertextFields.nttForm] = 0;
    expect(codes(coefficients, {})).toEqual(['H609']);
  });

  test('a secret key with a residue that is its prime, or beyond 2^53, is refused', () => {
    const good = first(sectionsOf(keys.secretKey, 'secret-key'));
    const { polyModulusDegree: degree, primes, specialPrimes } = smallParameters;
    for (const [limb, prime] of [...primes, ...specialPrimes].entries())
      for (const [word, codes] of [
        [BigInt(prime - 1), []],
        [BigInt(prime), ['H613']],
        [2n ** 64n - 1n, ['H613']],
      ] as const) {
        const changed = good.slice();
        const at = plaintextFields.residues + 8 * (limb * degree + 7);
        new DataView(changed.buffer).setBigUint64(at, word, true);
        expect(inspectSecretKey(changed, smallParameters).map(({ code }) => code)).toEqual(codes);
      }
  });

  test('Galois keys of other steps are named', () => {
    const galois = first(sectionsOf(keys.evaluationKeys, 'evaluation-keys').slice(1));
    const [problem] = inspectGaloisKeys(galois, smallParameters, [1, 7]);
    expect(problem?.code).toBe('H611');
    expect(problem?.message).toMatch(/no Galois key for step 7/);
  });

  test('random damage never throws', () => {
    fc.assert(
      fc.property(fc.constantFrom(...cases), fc.nat(2000), fc.uint8Array({ maxLength: 40 }), (one, at, junk) => {
        const changed = one.bytes().slice();
        changed.set(junk, at);
        one.inspect(changed);
      }),
    );
  });
});

describe('encryption', () => {
  test('refuses what is missing, of the wrong length or out of range', () => {
    expect(codesOf(() => client.encrypt([]))).toEqual(['H622']);
    expect(codesOf(() => client.encrypt([new Map()]))).toEqual(['H620']);
    expect(codesOf(() => client.encrypt([new Map([['x0', new Float64Array(3)]])]))).toEqual(['H621']);
    expect(codesOf(() => client.encrypt([sample(5)]))).toEqual(['H510']);
    expect(codesOf(() => client.encrypt([sample(Number.NaN)]))).toEqual(['H510']);
  });

  test('needs keys', async () => {
    const fresh = await Client.create(part);
    try {
      expect(codesOf(() => fresh.encrypt([sample(1)]))).toEqual(['H633']);
      fresh.loadKeys(keys.secretKey);
      expect(fresh.encrypt([sample(1)]).length).toBe(inputs.length);
    } finally {
      fresh.close();
    }
  });

  test('never gives the same bytes twice', () => {
    expect(Buffer.compare(client.encrypt([sample(0.5)]), inputs)).not.toBe(0);
  });
});
