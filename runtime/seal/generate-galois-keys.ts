/**
 * Galois keys made one step at a time and joined as bytes. SEAL makes all of a set at once, unseeded and then saved,
 * for which it takes nearly five times the saved size in its heap: sets that a server can load would not be made.
 */
import type { KeyGenerator } from 'node-seal';
import type { Parameters } from '../../ir/parameters.ts';
import { galoisIndexOf } from './bytes/galois-elements.ts';
import { withHandles } from './library/handles.ts';
import type { Seal } from './library/module.ts';
import { saveUncompressed } from './library/save.ts';
import { savedSwitchingKeyBytes, switchingHeadBytes } from './bytes/saved-format.ts';

const sizeField = 8;

/** What SEAL would save for the keys of `steps`, of which there is at least one and none twice. Yields after each key. */
export function* galoisKeysStepwise(
  seal: Seal,
  generator: KeyGenerator,
  parameters: Parameters,
  steps: readonly number[],
): Generator<undefined, Uint8Array> {
  const { polyModulusDegree: degree, primes } = parameters;
  const keyBytes = savedSwitchingKeyBytes(parameters);
  const bytes = new Uint8Array(switchingHeadBytes + 8 * degree + steps.length * keyBytes);
  const view = new DataView(bytes.buffer);
  const byIndex = steps.map((step) => ({ step, index: galoisIndexOf(step, degree) })).sort((x, y) => x.index - y.index);
  for (const [before, { step, index }] of byIndex.entries()) {
    const single = withHandles((handles) =>
      saveUncompressed(seal, handles.own(generator.createGaloisKeysSerializableWithSteps(Int32Array.from([step])))),
    );
    if (before === 0) bytes.set(single.subarray(0, switchingHeadBytes));
    // The table has one count for each index, and the parts of a key follow its count.
    const entry = switchingHeadBytes + 8 * index;
    const at = entry + before * keyBytes;
    view.setBigUint64(at, BigInt(primes.length), true);
    bytes.set(single.subarray(entry + 8, entry + 8 + keyBytes), at + 8);
    yield;
  }
  view.setBigUint64(sizeField, BigInt(bytes.length), true);
  return bytes;
}

/** As `galoisKeysStepwise`, all at once. */
export function generateGaloisKeys(...given: readonly [Seal, KeyGenerator, Parameters, readonly number[]]): Uint8Array {
  return resultOf(galoisKeysStepwise(...given));
}

/** What a generator returns in the end. */
function resultOf<T>(generator: Generator<unknown, T>): T {
  for (;;) {
    const { done, value } = generator.next();
    if (done === true) return value;
  }
}
