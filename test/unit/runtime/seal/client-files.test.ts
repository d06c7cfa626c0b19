/** Files of keys and ciphertexts: what is wrong with them is found before SEAL reads them. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HepcError } from '../../../../ir/diagnostics/diagnostic.ts';
import { Client } from '../../../../runtime/client.ts';
import { readCiphertexts } from '../../../../runtime/seal/bytes/ciphertext-files.ts';
import { parametersDigest } from '../../../../runtime/seal/bytes/client-part-digest.ts';
import { type Envelope, openEnvelope, sealEnvelope } from '../../../../runtime/seal/bytes/envelope.ts';
import { liveHandles } from '../../../../runtime/seal/library/handles.ts';
import {
  inspectCiphertext,
  inspectGaloisKeys,
  inspectPublicKey,
  inspectRelinKeys,
  inspectSecretKey,
} from '../../../../runtime/seal/bytes/inspect-bytes.ts';
import { type KeySet, readEvaluationKeys, readPublicKey, readSecretKey } from '../../../../runtime/seal/keys.ts';
import { ciphertextFields } from '../../../../runtime/seal/bytes/saved-format.ts';
import { ProgramWriter, smallParameters } from '../engines/seal-wasm/programs.ts';

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
      { numRuns: 60 },
    );
    expect(read(Uint8Array.from([...inputs, 0]))).toEqual(['H604']);
  });

  test('with an absurd header are refused without allocating for it', () => {
    const absurd = inputs.slice(0, 64);
    new DataView(absurd.buffer).setUint32(8, 0xffffffff, true);
    expect(codesOf(() => readCiphertexts(absurd, 'inputs', part, ''))).toEqual(['H604']);
  });

  test('hold what was put in', () => {
    const contents = fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 10 });
    const digest = 'ab'.repeat(32);
    fc.assert(
      fc.property(contents, (sections) => {
        const bytes = sealEnvelope({ kind: 'public-key', parameters: digest, key: digest, sections });
        const { sections: back } = openEnvelope(bytes, { kind: 'public-key', parameters: digest });
        expect(back.map((section) => [...section])).toEqual(sections.map((section) => [...section]));
      }),
    );
  });

  test('with missing sections are refused', () => {
    const parameters = parametersDigest(part);
    const envelope: Envelope = openEnvelope(keys.evaluationKeys, { kind: 'evaluation-keys', parameters });
    const cut = sealEnvelope({ ...envelope, sections: envelope.sections.slice(1) });
    expect(codesOf(() => readEvaluationKeys(cut, part))).toEqual(['H612']);
    const swapped = sealEnvelope({ ...envelope, sections: [...envelope.sections].reverse() });
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
    openEnvelope(file, { kind, parameters: parametersDigest(part) }).sections;
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
