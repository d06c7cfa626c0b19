/** Ciphers of single levels, against SEAL's context of the whole chain, in both directions. */
import type { SecretKey } from 'node-seal';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { InternalError } from '../../../../ir/diagnostics/diagnostic.ts';
import { secretKeyAtLevel } from '../../../../runtime/seal/bytes/secret-key-at-level.ts';
import { SealContext } from '../../../../runtime/seal/library/context.ts';
import { Handles, liveHandles, withHandles } from '../../../../runtime/seal/library/handles.ts';
import { instantiateSeal } from '../../../../runtime/seal/library/module.ts';
import { saveUncompressed } from '../../../../runtime/seal/library/save.ts';
import { SealCipher } from '../../../../runtime/seal/seal-cipher.ts';
import { smallParameters } from '../engines/seal-wasm/programs.ts';

const scale = 2 ** 28;
/** Far above the noise of a fresh ciphertext, about 2^10, at this scale. */
const error = 2 ** -12;
const levels = [0, 1];

const handles = new Handles();
let whole: SealContext;
let key: SecretKey;
let saved: Uint8Array;
let cipher: SealCipher;

beforeAll(async () => {
  const seal = await instantiateSeal();
  whole = new SealContext(seal, smallParameters);
  key = handles.own(handles.own(new seal.KeyGenerator(whole.context)).secretKey());
  saved = saveUncompressed(seal, key);
  cipher = new SealCipher(seal, smallParameters, saved);
});
afterAll(() => {
  cipher.close();
  handles.freeAll();
  whole.close();
  expect(liveHandles()).toBe(0);
});

function slotsOf(level: number): Float64Array {
  return Float64Array.from({ length: smallParameters.polyModulusDegree / 2 }, (_, s) => Math.sin(s + level) / 2);
}

function largestDifference(x: Float64Array, y: Float64Array): number {
  return x.reduce((most, value, s) => Math.max(most, Math.abs(value - (y[s] ?? NaN))), 0);
}

describe.each(levels)('at level %i', (level) => {
  test('the context of the whole chain decrypts what is encrypted', () => {
    const bytes = cipher.encrypt(slotsOf(level), level, scale);
    const decrypted = withHandles((temporary) => {
      const { seal, context, encoder } = whole;
      const ciphertext = temporary.own(new seal.Ciphertext());
      ciphertext.loadFromArray(context, bytes);
      const plaintext = temporary.own(new seal.Plaintext());
      temporary.own(new seal.Decryptor(context, key)).decrypt(ciphertext, plaintext);
      return encoder.decodeFloat64(plaintext) as Float64Array;
    });
    expect(largestDifference(decrypted, slotsOf(level))).toBeLessThan(error);
  });

  test('what the context of the whole chain encrypts is decrypted', () => {
    const bytes = withHandles((temporary) => {
      const { seal, context, encoder, evaluator } = whole;
      const publicKey = temporary.own(temporary.own(new seal.KeyGenerator(context, key)).createPublicKey());
      const plaintext = temporary.own(new seal.Plaintext());
      encoder.encode(slotsOf(level), scale, plaintext);
      evaluator.plainModSwitchToInplace(plaintext, whole.parmsId(level));
      const ciphertext = temporary.own(new seal.Ciphertext());
      temporary.own(new seal.Encryptor(context, publicKey, key)).encryptSymmetric(plaintext, ciphertext);
      return saveUncompressed(seal, ciphertext);
    });
    expect(largestDifference(cipher.decrypt(bytes, 'it'), slotsOf(level))).toBeLessThan(error);
  });
});

test('the key at the top level is the whole key', () => {
  expect(Buffer.compare(secretKeyAtLevel(saved, smallParameters, 1), saved)).toBe(0);
});

test('after it is closed a cipher has no key', () => {
  const closed = new SealCipher(whole.seal, smallParameters, saved);
  closed.close();
  expect(() => closed.encrypt(slotsOf(0), 0, scale)).toThrow(InternalError);
});
