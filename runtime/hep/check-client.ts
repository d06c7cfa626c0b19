/**
 * Whether the client part of a plan is consistent in itself:
 * - layouts have as many slots as the parameters, one batch tile for all, and room for the batch;
 * - an index picks existing elements of the sample, an output has as many elements as its shape says;
 * - the ciphertexts of all inputs are numbered 0, 1, … without gaps and overlaps, those of outputs too;
 * - names are distinct, save for inputs of one shape, which are packings of the same input;
 * - levels exist and their moduli hold the scales;
 * - rotation steps ascend and are below the slots.
 */
import type { Diagnostic } from '../../ir/diagnostics/diagnostic.ts';
import { inconsistentHep } from '../../ir/diagnostics/plan.ts';
import { type Parameters, slotsOf, topLevel } from '../../ir/parameters.ts';
import type { ClientPart, InputEncoding, OutputEncoding } from '../../ir/plan/plan.ts';

/** Ciphertexts of an encoding that travel. */
export function sentCiphertexts(encoding: InputEncoding | OutputEncoding): number {
  return 'used' in encoding ? encoding.used.filter(Boolean).length : encoding.layout.ciphertexts;
}

/** H506 for everything in `client` that contradicts something else in it. */
export function checkClientPart(client: ClientPart, file: string): Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  const check = (part: string, reasons: readonly (string | false | undefined)[]): void => {
    for (const reason of reasons) {
      if (typeof reason === 'string') diagnostics.push(inconsistentHep({ reason }, { file, part }));
    }
  };
  const encodings = [...client.inputs, ...client.outputs];
  const batchTile = encodings[0]?.layout.batchTile ?? 1;
  for (const input of client.inputs) {
    const elements = elementsOf(input);
    const outside = input.index.find((element) => element < -1 || element >= elements);
    check(`input ${input.name}`, [
      ...commonReasons(input, client, batchTile),
      input.used.length !== input.layout.ciphertexts &&
        `the layout has ${input.layout.ciphertexts} ciphertexts, but ${input.used.length} are said to be used or not`,
      outside !== undefined && `the index refers to element ${outside} of ${elements}`,
    ]);
  }
  for (const output of client.outputs) {
    check(`output ${output.name}`, [
      ...commonReasons(output, client, batchTile),
      output.layout.elements !== elementsOf(output) &&
        `the layout has ${output.layout.elements} elements, the shape ${elementsOf(output)}`,
    ]);
  }
  check('inputs', [repeatedName(client.inputs.filter(isFirstPacking)), numbering(client.inputs)]);
  check('outputs', [repeatedName(client.outputs), numbering(client.outputs)]);
  const { rotationSteps, parameters } = client;
  const slots = slotsOf(parameters);
  const bad = rotationSteps.find((step, i) => step < 1 || step >= slots || step <= (rotationSteps[i - 1] ?? 0));
  check('rotationSteps', [bad !== undefined && `step ${bad} is out of order, or not between 0 and ${slots}`]);
  return diagnostics;
}

function commonReasons(
  { layout, level, scale }: InputEncoding | OutputEncoding,
  { parameters, batch }: ClientPart,
  batchTile: number,
): (string | false)[] {
  const slots = slotsOf(parameters);
  return [
    layout.slots !== slots && `the layout has ${layout.slots} slots, the parameters ${slots}`,
    layout.batchTile !== batchTile && `the batch tile is ${layout.batchTile}, elsewhere ${batchTile}`,
    layout.batchTile < batch && `the batch tile is ${layout.batchTile}, the batch ${batch}`,
    level > topLevel(parameters) && `level ${level} is above the top level ${topLevel(parameters)}`,
    !(Math.log2(scale) < modulusBitsAt(parameters, level)) && `scale ${scale} exceeds the modulus of level ${level}`,
  ];
}

function modulusBitsAt({ primes }: Parameters, level: number): number {
  return primes.slice(0, level + 1).reduce((bits, prime) => bits + Math.log2(prime), 0);
}

function elementsOf({ shape }: InputEncoding | OutputEncoding): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/** Whether no input before is the same one, packed in another way. */
function isFirstPacking(input: InputEncoding, k: number, inputs: readonly InputEncoding[]): boolean {
  const sameShape = (other: InputEncoding): boolean =>
    other.hasBatchAxis === input.hasBatchAxis && other.shape.join() === input.shape.join();
  return !inputs.slice(0, k).some((other) => other.name === input.name && sameShape(other));
}

function repeatedName(encodings: readonly { readonly name: string }[]): string | false {
  const names = encodings.map(({ name }) => name);
  const repeated = names.find((name, k) => names.indexOf(name) !== k);
  return repeated !== undefined && `the name ${JSON.stringify(repeated)} occurs twice`;
}

function numbering(encodings: readonly (InputEncoding | OutputEncoding)[]): string | false {
  let next = 0;
  for (const encoding of encodings.toSorted(
    (a, b) => a.firstCiphertext - b.firstCiphertext || sentCiphertexts(a) - sentCiphertexts(b),
  )) {
    if (encoding.firstCiphertext !== next)
      return `the first ciphertext of "${encoding.name}" is ${encoding.firstCiphertext}, expected ${next}`;
    next += sentCiphertexts(encoding);
  }
  return false;
}
