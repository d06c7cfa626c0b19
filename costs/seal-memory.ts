/**
 * The memory of the engine `seal-wasm`: a heap of node-seal for each worker, which ends at 4 GiB and is lost once an
 * allocation fails. Every worker holds all keys, whatever level they are used at. The engine makes the same sum for each
 * of its workers before it starts (`runtime/engines/seal-wasm/memory.ts`).
 */
import { lastUses } from '../ir/he/last-uses.ts';
import { isOutput, usesValueA, usesValueB } from '../ir/he/traits.ts';
import { ciphertextBytes, type Parameters, plaintextBytes } from '../ir/parameters.ts';
import { collectEncodings } from './encodings.ts';
import type { EngineMemory, MemoryUse, PlannedProgram } from './engine-memory.ts';
import { keyLevels, levelsOfKeys } from './key-levels.ts';

/** What a key takes in the heap, as a multiple of its saved bytes, half of which a seed stands for: measured while keys are loaded. */
const keyHeapExpansion = 2.2;

/** Heads and seed of each part of a saved key, and the table of a set for each coefficient. */
const partHeadBytes = 256;
const setHeadBytes = 8;

/** Tables of a context and its encoders, in bytes a coefficient of the key modulus, measured generously. */
const tableBytes = 1024;

/** Bytes of a key as it is saved. */
function savedKeyBytes({ polyModulusDegree, primes }: Parameters): number {
  return primes.length * ((primes.length + 1) * polyModulusDegree * 8 + partHeadBytes);
}

/** Of a heap, by what is in it. */
export interface SealHeap {
  /** Saved keys. */
  readonly savedBytes: number;
  /** Ciphertexts alive at once. */
  readonly aliveBytes: number;
  /** All encoded plaintexts. */
  readonly encodedBytes: number;
}

/** What a heap takes: for the engine, which knows its workers, as for estimates. */
export function sealHeapUse(chain: Parameters, { savedBytes, aliveBytes, encodedBytes }: SealHeap): MemoryUse {
  const { polyModulusDegree: degree, primes } = chain;
  const keys = keyHeapExpansion * savedBytes;
  const others = tableBytes * degree * (primes.length + 1);
  // Key switching and loading work on copies of a ciphertext or two.
  const ciphertexts = aliveBytes + 3 * ciphertextBytes(chain, primes.length, 3);
  const staging = encodedBytes === 0 ? 0 : 2 * plaintextBytes(chain, primes.length - 1);
  // Keys are loaded first, from a copy in the heap; what is freed then serves for the rest.
  return { keys, others, plaintexts: encodedBytes, ciphertexts: Math.max(savedBytes, ciphertexts), staging };
}

function use({ columns, parameters }: PlannedProgram): MemoryUse {
  const keys = levelsOfKeys(keyLevels(columns)).length;
  const { list } = collectEncodings(columns, { sharesLevels: false });
  return sealHeapUse(parameters, {
    savedBytes: keys * savedKeyBytes(parameters) + setHeadBytes * parameters.polyModulusDegree + partHeadBytes,
    aliveBytes: peakCiphertextBytes({ columns, parameters }),
    encodedBytes: list.reduce((sum, { level }) => sum + plaintextBytes(parameters, level), 0),
  });
}

/** The most bytes of ciphertexts alive at once; operands and result of an op all are, but an output is its operand. */
export function peakCiphertextBytes(program: PlannedProgram): number {
  const { op, a, b, level, size } = program.columns;
  const lastUse = lastUses(program);
  const bytesOf = (id: number): number => ciphertextBytes(program.parameters, level[id] ?? 0, size[id] ?? 0);
  let alive = 0;
  let peak = 0;
  for (let id = 0; id < op.length; id++) {
    const code = op[id] ?? 0;
    const operandA = a[id] ?? -1;
    const operandB = b[id] ?? -1;
    if (isOutput(code) && lastUse[operandA] === id) continue;
    alive += bytesOf(id);
    peak = Math.max(peak, alive);
    if (usesValueA(code) && lastUse[operandA] === id) alive -= bytesOf(operandA);
    if (usesValueB(code) && operandB !== operandA && lastUse[operandB] === id) alive -= bytesOf(operandB);
  }
  return peak;
}

export const sealMemory: EngineMemory = {
  shared: false,
  // The rest of 4 GiB is for fragmentation, and for errors of the estimate.
  limit: 3.5 * 2 ** 30,
  most: 3.5 * 2 ** 30,
  sharesLevels: false,
  keyBudget: 2.5 * 2 ** 30,
  keyBytes: (chain) => keyHeapExpansion * savedKeyBytes(chain),
  plaintextBytes: (degree, level) => plaintextBytes({ polyModulusDegree: degree }, level),
  ciphertextBytes: (degree, level, size) => ciphertextBytes({ polyModulusDegree: degree }, level, size),
  use,
};
