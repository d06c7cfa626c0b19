/**
 * A client in a process of its own: prints how long it takes until it has encrypted for the first time, and to make a set of
 * keys: its secret key, for a further process, goes to the file, and is read from it where it is there.
 *
 *   node bench/client/client-process.ts SECRET.KEY '{ "by": "kernels", "parameters": …, "rotations": 29 }'
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { slotsOf, topLevel } from '../../ir/parameters.ts';
import type { Cryptography, MadeKeys } from '../../runtime/base/cryptography.ts';
import { KernelCryptography } from '../../runtime/cipher/kernel-cryptography.ts';
import { SealCryptography } from '../../runtime/seal/seal-cryptography.ts';
import { type ClientFigures, clientSettings } from './figures.ts';

const [secretFile = '', settingsText = ''] = process.argv.slice(2);
const { by, parameters, rotations } = clientSettings.parse(JSON.parse(settingsText));
const needs = {
  parameters,
  rotationSteps: Array.from({ length: rotations }, (_, k) => k + 1),
  needsRelinKeys: true,
};
const open = (): Promise<Cryptography> =>
  by === 'seal' ? SealCryptography.open(parameters) : KernelCryptography.open(parameters);

function makeKeys(cryptography: Cryptography): MadeKeys {
  const keys = cryptography.generateKeys(needs);
  for (;;) {
    const { done, value } = keys.next();
    if (done === true) return value;
  }
}

/** All threads together. */
function processorMs(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
}

if (!existsSync(secretFile)) {
  const cryptography = await open();
  writeFileSync(secretFile, makeKeys(cryptography).secretKey);
  cryptography.close();
} else {
  const secretKey = new Uint8Array(readFileSync(secretFile));
  const slots = new Float64Array(slotsOf(parameters)).fill(0.5);
  const idle = process.cpuUsage();
  const start = performance.now();
  const cryptography = await open();
  const cipher = cryptography.openSecret(secretKey);
  cipher.encrypt(slots, topLevel(parameters), 2 ** 25);
  const firstMs = performance.now() - start;
  const firstCpuMs = processorMs(idle);
  cipher.close();
  const before = process.cpuUsage();
  const begin = performance.now();
  const { evaluation } = makeKeys(cryptography);
  const keysMs = performance.now() - begin;
  const keysCpuMs = processorMs(before);
  cryptography.close();
  const keyBytes = evaluation.reduce((sum, { length }) => sum + length, 0);
  const figures: ClientFigures = { firstMs, firstCpuMs, keysMs, keysCpuMs, keyBytes };
  process.stdout.write(JSON.stringify(figures));
}
