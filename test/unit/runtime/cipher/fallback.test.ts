/** SEAL in place of kernels that cannot run. In a file of its own, for kernels are compiled once in a process. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Parameters } from '../../../../ir/parameters.ts';
import { UnfitError } from '../../../../runtime/base/fallback.ts';
import { Client } from '../../../../runtime/client.ts';
import { openCryptography } from '../../../../runtime/cipher/open-cryptography.ts';
import { liveHandles } from '../../../../runtime/seal/library/handles.ts';
import { SealCryptography } from '../../../../runtime/seal/seal-cryptography.ts';
import { ProgramWriter, smallParameters } from '../engines/seal-wasm/programs.ts';

/** Kernels are some 20 kB, SEAL a megabyte. */
const largestKernels = 100_000;

/** What compiling the kernels ends with. */
let reason = '';

beforeEach(() => {
  const { compile } = WebAssembly;
  vi.spyOn(WebAssembly, 'compile').mockImplementation((bytes) =>
    bytes.byteLength < largestKernels ? Promise.reject(new WebAssembly.CompileError(reason)) : compile(bytes),
  );
});
afterEach(() => {
  vi.restoreAllMocks();
  expect(liveHandles()).toBe(0);
});

test('a client makes keys, encrypts and decrypts with SEAL', async () => {
  reason = 'invalid opcode';
  const writer = new ProgramWriter(smallParameters, 2 ** 28);
  const x = writer.input();
  writer.output(writer.rotate(x, 1));
  const { client: part } = writer.plan();
  const cryptography = await openCryptography(part.parameters);
  expect(cryptography).toBeInstanceOf(SealCryptography);
  cryptography.close();
  const client = await Client.create(part);
  const progress: number[] = [];
  const { secretKey } = client.generateKeys({ onProgress: (fraction) => progress.push(fraction) });
  expect(progress).toEqual([0, 1]);
  client.loadKeys(secretKey);
  expect(client.encrypt([{ x0: new Float64Array(2048) }]).length).toBeGreaterThan(2 * 4096 * 8);
  client.close();
});

test.each<Parameters>([
  { ...smallParameters, specialPrimes: [1073668097, 1073651713] },
  { ...smallParameters, polyModulusDegree: 65536 },
])(
  'SEAL does not take several special primes, nor N = 65536: the reason is why the kernels cannot run',
  async (parameters) => {
    reason = 'invalid opcode';
    await expect(openCryptography(parameters)).rejects.toBeInstanceOf(UnfitError);
    await expect(openCryptography(parameters)).rejects.toThrow(/H635.*invalid opcode/s);
  },
);

test('a policy that forbids WebAssembly forbids SEAL too', async () => {
  reason = "Refused to compile: violates the Content Security policy directive 'unsafe-eval'";
  // The kernels are compiled anew.
  vi.resetModules();
  const anew = await import('../../../../runtime/cipher/open-cryptography.ts');
  await expect(anew.openCryptography(smallParameters)).rejects.toThrow(/H647/);
});
