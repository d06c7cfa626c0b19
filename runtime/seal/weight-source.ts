/**
 * The encrypted weights of a bound plan as an engine takes them: each is inspected before SEAL's loader sees a byte. Those
 * in memory are inspected at once, those in a file when they are read; sizes are known, and compared, in both cases.
 */
import { type Diagnostic, HepcError, InternalError } from '../../ir/diagnostics/diagnostic.ts';
import { malformedSealData, unboundWeights, wrongCount } from '../../ir/diagnostics/runtime.ts';
import { heOp } from '../../ir/he/module.ts';
import { ciphertextSize, type Plan } from '../../ir/plan/plan.ts';
import { inspectCiphertext } from './bytes/inspect-bytes.ts';
import { savedCiphertextBytes } from './bytes/saved-format.ts';
import { weightRows } from './weight-rows.ts';

export interface WeightSource {
  /** Bytes of each, in the order of the `weight` ops. */
  readonly sizes: readonly number[];
  /** The ciphertext of one, inspected. Rejects with `HepcError` where it is damaged or not what the program asks for. */
  read(index: number): Promise<Uint8Array>;
}

const maxReports = 8;

/** Bytes of the saved ciphertext of each weight of a program, in the order of the `weight` ops. */
export function weightSizes({ columns, parameters }: Plan['program']): number[] {
  const { polyModulusDegree } = parameters;
  return weightRows(columns).map((row) => savedCiphertextBytes(polyModulusDegree, (columns.level[row] ?? 0) + 1, 2));
}

/** Throws `HepcError` for a plan whose encrypted weights are not bound, or bound to ciphertexts that do not fit. */
export function openWeights({ client, weights, program, bound }: Plan): WeightSource {
  const rows = weightRows(program.columns);
  if (weights === 'plain' && rows.length > 0) throw new InternalError('a plan with plain weights has weight ops');
  if (rows.length === 0) return { sizes: [], read: (index) => Promise.reject(noWeight(index)) };
  if (bound === undefined) throw new HepcError([unboundWeights({ plan: client.name })]);
  const { ciphertexts } = bound;
  const got = ciphertexts.length;
  if (got !== rows.length) throw new HepcError([wrongCount({ what: 'encrypted weights', expected: rows.length, got })]);
  const inspect = (bytes: Uint8Array, index: number): Diagnostic[] => {
    const { level, scale } = heOp(program, rows[index] ?? -1);
    return inspectCiphertext(bytes, program.parameters, { level, scale, seeded: false }, nameOf(index));
  };
  const sizes = weightSizes(program);
  const problems =
    'read' in ciphertexts
      ? sizes.flatMap((size, index) => wrongSize(ciphertextSize(bound, index), size, index))
      : ciphertexts.flatMap(inspect);
  if (problems.length > 0) throw new HepcError(problems.slice(0, maxReports));
  if (!('read' in ciphertexts)) {
    const read = (index: number): Promise<Uint8Array> => {
      const bytes = ciphertexts[index]?.slice();
      if (bytes === undefined) return Promise.reject(noWeight(index));
      // They are the caller's, who may have changed them since.
      const found = inspect(bytes, index);
      return found.length > 0 ? Promise.reject(new HepcError(found)) : Promise.resolve(bytes);
    };
    return { sizes, read };
  }
  return {
    sizes,
    read: async (index) => {
      const bytes = await ciphertexts.read(index);
      const found = inspect(bytes, index);
      if (found.length > 0) throw new HepcError(found.map((d) => ({ ...d, at: { file: ciphertexts.file, ...d.at } })));
      return bytes;
    },
  };
}

function nameOf(index: number): string {
  return `encrypted weight ${index}`;
}

function noWeight(index: number): InternalError {
  return new InternalError(`there is no encrypted weight ${index}`);
}

function wrongSize(got: number, expected: number, index: number): Diagnostic[] {
  if (got === expected) return [];
  const reason = `it has ${got} bytes; with the parameters of the plan it takes ${expected}`;
  return [malformedSealData({ what: nameOf(index), reason })];
}
