/**
 * What the table of ops says, by code: lookups for loops over 10^6 rows. A code that no op has, which only the verifier
 * ever sees, has no trait.
 */
import type { BootstrapEffect } from '../ckks/bootstrapping.ts';
import { InternalError } from '../diagnostics/diagnostic.ts';
import { type HeOpCost, type HeOpDeclaration, type HeOpName, heOpNames, heOps, refreshedLevel } from './ops.ts';

const codes = 256;

/** By code: 1 for the ops that `has` the trait. */
function lookUp(has: (op: HeOpDeclaration) => boolean): Uint8Array {
  return Uint8Array.from({ length: codes }, (_, code) => {
    const name = heOpNames[code];
    return name !== undefined && has(heOps[name]) ? 1 : 0;
  });
}

function trait(has: (op: HeOpDeclaration) => boolean): (code: number) => boolean {
  const table = lookUp(has);
  return (code) => table[code] === 1;
}

/** Whether the field a (or b) of an op of this code is a value. */
export const usesValueA = trait(({ a }) => a === 'value');
export const usesValueB = trait(({ b }) => b === 'value');
export const usesPlaintextA = trait(({ a }) => a === 'plaintext');
export const usesPlaintextB = trait(({ b }) => b === 'plaintext');
export const hasStep = trait(({ imm }) => imm === 'step');

export const isInput = trait(({ port }) => port === 'input');
/** An encrypted weight. */
export const isWeight = trait(({ port }) => port === 'weight');
/** An output is its operand, under the name that the client knows. */
export const isOutput = trait(({ port }) => port === 'output');

/** Whether a row is no operation: an input, an encrypted weight, an output. */
export const isPort = trait(({ port }) => port !== 'none');

/** Of ciphertexts, or of one and a plaintext. */
export const isAddition = trait(({ slots }) => slots === 'sum');
/** The sum of two ciphertexts. */
export const isSum = trait(({ slots, b }) => slots === 'sum' && b === 'value');
/** A product, with a plaintext or of two ciphertexts. */
export const isProduct = trait(({ slots }) => slots === 'product');
export const isPlainProduct = trait(({ slots, b }) => slots === 'product' && b === 'plaintext');
export const isCipherProduct = trait(({ linear }) => !linear);
export const keepsSlots = trait(({ slots }) => slots === 'kept');
export const permutesSlots = trait(({ slots }) => slots === 'permuted');

export const keepsScale = trait(({ scale }) => scale === 'kept');
/** A rescale: the scale is divided by a prime. */
export const dividesScale = trait(({ scale }) => scale === 'quotient');
export const lowersLevel = trait(({ level }) => level === 'lowered');
/** A refresh by the client or a bootstrap: the result is at any level again. */
export const restoresLevel = trait(({ level }) => level === 'restored');
/** A refresh by the client: the program pauses. */
export const pauses = trait(({ level, scale }) => level === 'restored' && scale === 'kept');
export const isBootstrap = trait(({ scale }) => scale === 'restored');
/** From level 0 to the top. */
export const raisesLevel = trait(({ level }) => level === 'raised');
/** The scale is multiplied by `plainScale`, without a plaintext. */
export const multipliesScale = trait(({ scale }) => scale === 'multiple');

export const switchesKey = trait(({ key }) => key !== 'none');
export const relinearizes = trait(({ key }) => key === 'relinearization');
/** An automorphism of the ring, as a rotation is: what hoists. */
export const isAutomorphism = trait(({ key }) => key === 'galois');
/** The result is under the sparse secret. */
export const entersSparse = trait(({ key }) => key === 'to-sparse');
/** The operand is under the sparse secret, the result is not. */
export const leavesSparse = trait(({ key }) => key === 'to-dense');

/**
 * The level that an op of this code reads its ciphertexts at, where its result is at `level`.
 * @param effect of the bootstraps of the module
 */
export function levelRead(code: number, level: number, effect: Pick<BootstrapEffect, 'level'> | undefined): number {
  if (isBootstrap(code)) return effect?.level ?? 0;
  if (restoresLevel(code)) return refreshedLevel;
  if (raisesLevel(code)) return 0;
  return lowersLevel(code) ? level + 1 : level;
}

const scaleRules = Array.from({ length: codes }, (_, code) => {
  const name = heOpNames[code];
  return name === undefined ? 'given' : heOps[name].scale;
});

export function scaleRule(code: number): HeOpDeclaration['scale'] {
  return scaleRules[code] ?? 'given';
}

/** Throws `InternalError` for a code that no op has. */
export function nameOf(code: number | undefined): HeOpName {
  const name = code === undefined ? undefined : heOpNames[code];
  if (name === undefined) throw new InternalError(`no he op has the code ${code ?? 'undefined'}`);
  return name;
}

/** Throws `InternalError` for a code that no op has. */
export function costNameOf(code: number): HeOpCost {
  return heOps[nameOf(code)].cost;
}

/** What ciphertexts must have as operands of an op of this code, and what its result has; sizes are 2 or 3. */
const takes = Uint8Array.from({ length: codes }, (_, code) => sizeOrZero(heOpNames[code], 'takes'));
const gives = Uint8Array.from({ length: codes }, (_, code) => sizeOrZero(heOpNames[code], 'gives'));

function sizeOrZero(name: HeOpName | undefined, rule: 'takes' | 'gives'): number {
  const size = name === undefined ? 'any' : heOps[name][rule];
  return typeof size === 'number' ? size : 0;
}

/** The size that operands must have, undefined where any will do. */
export function sizeTaken(code: number): 2 | 3 | undefined {
  const size = takes[code] ?? 0;
  return size === 2 || size === 3 ? size : undefined;
}

/** The size of a result whose largest operand has the size `largest`. */
export function sizeGiven(code: number, largest: number): number {
  const size = gives[code] ?? 0;
  return size === 0 ? largest : size;
}
