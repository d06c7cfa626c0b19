/**
 * Facts: what passes require of a module and ensure of their result. Each is a predicate over the module alone, one
 * sweep over its columns or nodes, that gives the first place where it fails. What the verifier demands of every
 * module is no fact, and neither is how good a module is.
 */
import { InternalError, type Place } from '../../ir/diagnostics/diagnostic.ts';
import type { HeModule } from '../../ir/he/module.ts';
import { zeroPlaintexts } from '../../ir/he/plaintexts.ts';
import { isPlainProduct, nameOf, sizeGiven, sizeTaken, usesValueA, usesValueB } from '../../ir/he/traits.ts';
import { placeInProgram } from '../../ir/he/verify.ts';
import type { Level, Modules } from '../../ir/levels.ts';
import type { TensorModule } from '../../ir/tensor/ops.ts';

/** Where a fact does not hold. */
export interface Breach {
  readonly reason: string;
  readonly at: Place;
}

export interface FactDeclaration<L extends Level = Level> {
  readonly level: L;
  readonly doc: string;
  /** What makes it hold. */
  readonly remedy: string;
  /** Throws `InternalError` for a module of another level. */
  readonly breach: (module: Modules[Level]) => Breach | undefined;
}

export const facts = {
  polynomial: declare('tensor', {
    doc: 'every activation is a polynomial',
    remedy: 'Run approximate-activations before it.',
    breach: firstActivation,
  }),
  unrounded: declare('tensor', {
    doc: 'no rounding of a quantised model is left',
    remedy: 'Run drop-rounding before it.',
    breach: firstRounding,
  }),
  unmanaged: declare('he', {
    doc: 'no value has a level, scale or size yet',
    remedy: 'Give it the program from before assign-levels: `hepc compile --dump-ir` writes all of them.',
    breach: ({ parameters }) =>
      parameters === undefined
        ? undefined
        : { reason: 'the program has parameters, for which all are assigned', at: { part: 'parameters' } },
  }),
  managed: declare('he', {
    doc: 'every value has its level, exact scale and size',
    remedy: 'Run assign-levels before it.',
    breach: ({ parameters }) =>
      parameters === undefined ? { reason: 'the program has no parameters', at: { part: 'parameters' } } : undefined,
  }),
  relinearised: declare('he', {
    doc: 'every operation gets ciphertexts of the size that it takes',
    remedy: 'Run relinearize-lazily before it.',
    breach: firstWrongSize,
  }),
  'no-zero-products': declare('he', {
    doc: 'no ciphertext is multiplied by a plaintext of zeros',
    remedy: 'Run dead-ciphertexts before it.',
    breach: firstZeroProduct,
  }),
} as const satisfies Record<string, FactDeclaration>;

export type Fact = keyof typeof facts;

function declare<L extends Level>(
  level: L,
  {
    doc,
    remedy,
    breach,
  }: Pick<FactDeclaration, 'doc' | 'remedy'> & { breach: (module: Modules[L]) => Breach | undefined },
): FactDeclaration<L> {
  return {
    level,
    doc,
    remedy,
    breach: (module) => {
      if (!isAt(level, module)) throw new InternalError(`a fact of ${level} is asked of a module of ${module.level}`);
      return breach(module);
    },
  };
}

function isAt<L extends Level>(level: L, module: Modules[Level]): module is Modules[L] {
  return module.level === level;
}

function firstActivation({ nodes }: TensorModule): Breach | undefined {
  const node = nodes.find(({ op }) => op === 'activation');
  return node && { reason: 'an activation is left', at: { nodes: node.origins } };
}

function firstRounding({ nodes }: TensorModule): Breach | undefined {
  const node = nodes.find(({ op }) => op === 'quantize');
  return node && { reason: 'a rounding is left', at: { nodes: node.origins } };
}

/** As in the verifier, for programs in which sizes are not written down. */
function firstWrongSize(module: HeModule): Breach | undefined {
  const { op, a, b } = module.columns;
  const sizes = new Uint8Array(op.length);
  for (let id = 0; id < op.length; id++) {
    const code = op[id] ?? -1;
    const sizeA = usesValueA(code) ? (sizes[a[id] ?? -1] ?? 0) : 0;
    const sizeB = usesValueB(code) ? (sizes[b[id] ?? -1] ?? 0) : sizeA;
    const takes = sizeTaken(code);
    if (takes !== undefined && (sizeA !== takes || sizeB !== takes)) {
      const got = sizeA === takes ? sizeB : sizeA;
      return {
        reason: `${nameOf(code)} takes ciphertexts of size ${takes}, not ${got}`,
        at: placeInProgram(module, id),
      };
    }
    sizes[id] = sizeGiven(code, Math.max(sizeA, sizeB));
  }
  return undefined;
}

function firstZeroProduct(module: HeModule): Breach | undefined {
  const { op, b } = module.columns;
  const zero = zeroPlaintexts(module);
  if (!zero.includes(1)) return undefined;
  const id = op.findIndex((code, row) => isPlainProduct(code) && zero[b[row] ?? -1] === 1);
  if (id === -1) return undefined;
  return { reason: `plaintext ${b[id] ?? -1} is zero in all slots`, at: placeInProgram(module, id) };
}
