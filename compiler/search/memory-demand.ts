/** Which layers and keys take the memory that a program asks for: what a refusal names. */
import { collectEncodings } from '../../costs/encodings.ts';
import type { MemoryUse, PlannedProgram } from '../../costs/engine-memory.ts';
import { keyLevels, levelsOfKeys } from '../../costs/key-levels.ts';
import type { EngineProfile } from '../../costs/profiles.ts';
import type { DemandingLayer, MemoryDemand } from '../../ir/diagnostics/memory.ts';
import type { NodeRef } from '../../ir/diagnostics/diagnostic.ts';
import { galoisStep } from '../../ir/he/keys.ts';
import type { HeModule } from '../../ir/he/module.ts';
import { operandsOf } from '../../ir/he/operands.ts';
import { isAutomorphism, isOutput } from '../../ir/he/traits.ts';

/** Layers that are named at most. */
const mostNamed = 3;

/**
 * A key counts for the layer that uses it at its highest level, on which its bytes depend; a plaintext for the first that
 * multiplies by it; ciphertexts for those that made them, where the most are alive.
 */
export function memoryDemand(
  program: PlannedProgram & Pick<HeModule, 'origins'>,
  use: MemoryUse,
  profile: EngineProfile,
): MemoryDemand {
  const { columns, parameters } = program;
  const levels = levelsOfKeys(keyLevels(columns));
  const bytes = levels.map((level) => profile.memory.keyBytes(parameters, level));
  const layers = [...layersOf(program, profile).values()].filter(({ name }) => name !== '');
  const total = ({ keyBytes, plaintextBytes, ciphertextBytes }: DemandingLayer): number =>
    keyBytes + plaintextBytes + ciphertextBytes;
  return {
    degree: parameters.polyModulusDegree,
    primes: parameters.primes.length,
    keys: levels.length,
    keyBytes: use.keys,
    largestKeyBytes: Math.max(0, ...bytes),
    plaintextBytes: use.plaintexts,
    ciphertextBytes: use.ciphertexts,
    layers: layers.toSorted((a, b) => total(b) - total(a)).slice(0, mostNamed),
  };
}

/** By origin; the name is empty where nothing is known of one. */
function layersOf(
  program: PlannedProgram & Pick<HeModule, 'origins'>,
  { memory }: EngineProfile,
): ReadonlyMap<number, DemandingLayer> {
  const { columns, parameters, origins } = program;
  const degree = parameters.polyModulusDegree;
  const layers = new Map<number, DemandingLayer>();
  const add = (row: number, more: (layer: DemandingLayer) => Partial<DemandingLayer>): void => {
    const origin = columns.origin[row] ?? -1;
    const layer = layers.get(origin) ?? { ...emptyLayer, name: nameOf(origins[origin] ?? []) };
    layers.set(origin, { ...layer, ...more(layer) });
  };
  for (const row of highestUses(columns)) {
    const own = memory.keyBytes(parameters, columns.level[columns.a[row] ?? 0] ?? 0);
    add(row, ({ keys, keyBytes }) => ({ keys: keys + 1, keyBytes: keyBytes + own }));
  }
  const { list, ofPosition } = collectEncodings(columns, { sharesLevels: memory.sharesLevels });
  const seen = new Set<number>();
  for (const [row, index] of ofPosition.entries()) {
    const encoding = list[index];
    if (encoding === undefined || seen.has(index)) continue;
    seen.add(index);
    const own = memory.plaintextBytes(degree, encoding.level);
    add(row, ({ plaintextBytes }) => ({ plaintextBytes: plaintextBytes + own }));
  }
  for (const row of aliveAtPeak(columns)) {
    const own = memory.ciphertextBytes(degree, columns.level[row] ?? 0, columns.size[row] ?? 2);
    add(row, ({ ciphertextBytes }) => ({ ciphertextBytes: ciphertextBytes + own }));
  }
  return layers;
}

const emptyLayer: DemandingLayer = { name: '', keys: 0, keyBytes: 0, plaintextBytes: 0, ciphertextBytes: 0 };

/** For each Galois key a row that uses it at its highest level. */
function highestUses({ op, a, imm, level }: HeModule['columns']): Iterable<number> {
  const rows = new Map<number, number>();
  const levelOf = (row: number): number => level[a[row] ?? 0] ?? 0;
  for (let row = 0; row < op.length; row++) {
    const code = op[row] ?? -1;
    if (!isAutomorphism(code)) continue;
    const step = galoisStep(code, imm[row] ?? 0);
    const known = rows.get(step);
    if (known === undefined || levelOf(row) > levelOf(known)) rows.set(step, row);
  }
  return rows.values();
}

/** The values that are alive where those alive have the most limbs. */
function aliveAtPeak(columns: HeModule['columns']): number[] {
  const { op, level, size } = columns;
  const last = Int32Array.from(op, (_, row) => row);
  for (let row = 0; row < op.length; row++) for (const value of operandsOf(columns, row)) last[value] = row;
  const limbs = (row: number): number => (isOutput(op[row] ?? -1) ? 0 : (size[row] ?? 2) * ((level[row] ?? 0) + 1));
  const ending = new Float64Array(op.length + 1);
  let [alive, most, peak] = [0, 0, 0];
  for (let row = 0; row < op.length; row++) {
    alive += limbs(row) - (ending[row] ?? 0);
    const end = (last[row] ?? row) + 1;
    ending[end] = (ending[end] ?? 0) + limbs(row);
    if (alive <= most) continue;
    [most, peak] = [alive, row];
  }
  return [...op.keys()].filter((row) => row <= peak && (last[row] ?? row) >= peak && limbs(row) > 0);
}

function nameOf(origins: readonly NodeRef[]): string {
  const last = origins.at(-1);
  return last === undefined ? '' : `"${last.name || last.output}" (${last.opType})`;
}
