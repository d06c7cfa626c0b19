/**
 * Whether the client part of a plan is consistent in itself:
 * - layouts have as many slots as the parameters, one batch tile for all, and room for the batch;
 * - elements of inputs have a group that exists, whose intervals are within one another and within the largest value;
 * - an index picks existing elements of the sample or of the layout, an output has as many elements as its shape says,
 *   those that are constant are finite, and the others are in ciphertexts that are sent;
 * - the ciphertexts of all inputs are numbered 0, 1, … in the order of the list, without gaps and overlaps, those of
 *   outputs too, and a file holds those of a run;
 * - names are distinct, save for inputs of one shape, which are packings of the same input;
 * - levels exist, and hold whatever a client may encrypt there: the largest value of an input, times factor and scale;
 *   what comes out of a decryption, times the factor of its output, is a number;
 * - the steps before encryption give the inputs that are encrypted, and those after decryption take the outputs;
 * - what calibration has shown is of its inputs and outputs;
 * - what is refreshed goes to levels that there are, and leaves the modulus of its own level room for a mask;
 * - rotation steps ascend and are below the slots, and a file can hold the keys.
 * Of a modulus that was made by the former limits there is a warning.
 */
import { elementCount } from '../../ir/constant.ts';
import type { Diagnostic } from '../../ir/diagnostics/diagnostic.ts';
import { inconsistentHep, tooManyKeys, weakModulus } from '../../ir/diagnostics/plan.ts';
import { refreshedLevel } from '../../ir/he/ops.ts';
import {
  capacityBits,
  encodingLimit,
  isEncodable,
  leastScale,
  modulusBits,
  slotsOf,
  topLevel,
} from '../../ir/parameters.ts';
import { formerSecurityBits, hasFormerLimit, maxModulusBits } from '../../ir/ckks/security.ts';
import { evaluationKeyBytes, maxKeyBytes } from '../../ir/ckks/switching-keys.ts';
import type { Range } from '../../ir/plan/calibration.ts';
import {
  type ClientPart,
  type InputEncoding,
  maxRunCiphertexts,
  type OutputEncoding,
  sentCiphertexts,
} from '../../ir/plan/plan.ts';
import { pickedCiphertexts } from '../../ir/tile/packing.ts';

/** H506 for everything in `client` that contradicts something else in it, H508 for too many keys, H513 for a weak modulus. */
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
    const elements = elementCount(input.shape);
    const outside = input.index.find((element) => element < -1 || element >= elements);
    check(`input ${input.name}`, [
      ...commonReasons(input, client, batchTile),
      encryptable(input, client),
      outside !== undefined && `the index refers to element ${outside} of ${elements}`,
      ...groupReasons(input),
    ]);
  }
  for (const output of client.outputs) {
    check(`output ${output.name}`, [
      ...commonReasons(output, client, batchTile),
      decryptable(output, client),
      ...pickReasons(output),
    ]);
  }
  check('inputs', [repeatedName(client.inputs.filter(isFirstPacking)), numbering(client.inputs)]);
  check('outputs', [repeatedName(client.outputs), numbering(client.outputs)]);
  check('client steps', stepReasons(client));
  check('calibration', [
    client.synthetic && client.calibration !== undefined && 'the plan is synthetic, so that there is none',
    ...(client.calibration === undefined
      ? []
      : [
          otherNames('input', client.calibration.inputs, client.inputs),
          otherNames('output', client.calibration.outputs, client.outputs),
        ]),
  ]);
  const { rotationSteps, parameters } = client;
  const slots = slotsOf(parameters);
  const bad = rotationSteps.find((step, i) => step >= slots || step <= (rotationSteps[i - 1] ?? -1));
  check('rotationSteps', [bad !== undefined && `step ${bad} is out of order, or not below ${slots}`]);
  check('keyLevels', keyLevelReasons(client));
  check('needsEncapsulation', [
    client.needsEncapsulation === true && parameters.specialPrimes.length === 1 && 'there is one special prime',
  ]);
  check('refreshes', refreshReasons(client));
  const { keys, saved } = evaluationKeyBytes(client);
  if (saved > maxKeyBytes)
    diagnostics.push(tooManyKeys({ keys, bytes: saved, limit: maxKeyBytes }, { file, part: 'rotationSteps' }));
  const bits = modulusBits(parameters);
  const degree = parameters.polyModulusDegree;
  const limit = maxModulusBits[degree];
  // Of a degree without a former limit, the parameters are none with more bits.
  if (bits > limit && hasFormerLimit(degree)) {
    const security = formerSecurityBits(degree, bits);
    diagnostics.push(weakModulus({ degree, bits, limit, security }, { file, part: 'parameters' }));
  }
  return diagnostics;
}

function keyLevelReasons({ parameters, rotationSteps, needsRelinKeys, keyLevels }: ClientPart): (string | false)[] {
  if (keyLevels === undefined) {
    return [parameters.specialPrimes.length > 1 && 'they are missing, and there are several special primes'];
  }
  const { rotations, relinearization } = keyLevels;
  const levels = relinearization === undefined ? rotations : [...rotations, relinearization];
  const top = topLevel(parameters);
  const above = levels.find((level) => level > top);
  return [
    parameters.specialPrimes.length === 1 && 'with one special prime, keys have all levels',
    rotations.length !== rotationSteps.length &&
      `they are of ${rotations.length} steps; there are ${rotationSteps.length}`,
    needsRelinKeys !== (relinearization !== undefined) && 'of the relinearisation key there is one without the other',
    above !== undefined && `level ${above} is above the top level ${top}`,
  ];
}

/** Bits of the modulus beyond a scale that a mask takes at least: more than a plan's own rule, which leaves headroom besides. */
const leastMaskBits = 40;

function refreshReasons({ parameters, refreshes = [] }: ClientPart): (string | false)[] {
  const top = topLevel(parameters);
  const room = capacityBits(parameters.primes)[refreshedLevel] ?? 0;
  const all = refreshes.flat();
  const above = all.find(({ level }) => level > top);
  const large = all.find(({ scale }) => Math.log2(scale) > room - leastMaskBits);
  return [
    all.length > 0 && parameters.primes.length <= refreshedLevel && 'there are too few primes for a mask',
    above !== undefined && `level ${above.level} is above the top level ${top}`,
    large !== undefined && `the scale ${large.scale} leaves no room for a mask`,
  ];
}

/** Whether the steps fit what is encrypted. */
function stepReasons({ pre, post, inputs, outputs }: ClientPart): (string | false)[] {
  const given = pre?.nodes.flatMap((node) => (node.op === 'output' ? [{ ...node.attrs, ...node.type }] : [])) ?? [];
  const taken = post?.nodes.flatMap((node) => (node.op === 'input' ? [node.attrs] : [])) ?? [];
  const texts = [...given, ...taken].find(({ elements }) => elements === 'string');
  const misfit = (
    values: readonly { name: string; shape: readonly number[] }[],
    { name, shape }: InputEncoding | OutputEncoding,
  ) => !values.some((value) => value.name === name && value.shape.join() === shape.join());
  const input = pre && inputs.find((encoding) => misfit(given, encoding));
  const missing = taken.find(
    ({ name, shape }) => !outputs.some((own) => own.name === name && own.shape.join() === shape.join()),
  );
  return [
    texts !== undefined && `"${texts.name}" is a text, and cannot be encrypted`,
    input !== undefined && `no step gives input "${input.name}"`,
    missing !== undefined && `"${missing.name}" is no output`,
  ];
}

function encryptable({ maxAbs, factor, level, scale }: InputEncoding, { parameters }: ClientPart): string | false {
  return (
    level <= topLevel(parameters) &&
    !isEncodable(parameters, level, scale, maxAbs * Math.abs(factor)) &&
    `values up to ${maxAbs} times ${factor} at scale ${scale} exceed what level ${level} holds, ` +
      String(encodingLimit(parameters, level))
  );
}

function groupReasons({ groups: elements, maxAbs }: InputEncoding): (string | false)[] {
  if (elements === undefined) return [];
  const { groups, groupOf } = elements;
  const unknown = groupOf.find((group) => group < 0 || group >= groups.length);
  const isWithin = (inner: Range, outer: Range): boolean => inner[0] >= outer[0] && inner[1] <= outer[1];
  const loose = groups.findIndex(
    ({ calibrated, together, alone }) =>
      !(isWithin(calibrated, together) && isWithin(together, alone) && isWithin(alone, [-maxAbs, maxAbs])),
  );
  return [
    unknown !== undefined && `an element is of group ${unknown} of ${groups.length}`,
    loose >= 0 && `the intervals of group ${loose} are not within one another, or not within ±${maxAbs}`,
  ];
}

function decryptable({ factor, level, scale }: OutputEncoding, { parameters }: ClientPart): string | false {
  const largest = (2 * encodingLimit(parameters, level)) / scale;
  return (
    level <= topLevel(parameters) &&
    !(scale >= leastScale && Number.isFinite(largest * factor)) &&
    `answers up to ${largest} times ${factor} are no numbers`
  );
}

function pickReasons({ layout, shape, index, constants, used }: OutputEncoding): (string | false)[] {
  const elements = elementCount(shape);
  if (index === undefined) {
    return [
      layout.elements !== elements && `the layout has ${layout.elements} elements, the shape ${elements}`,
      constants !== undefined && 'there are constants, but no index that says where',
      used.includes(false) && 'a ciphertext that elements are read of is not sent',
    ];
  }
  const outside = index.find((element) => element < -1 || element >= layout.elements);
  if (outside !== undefined) return [`the index refers to element ${outside} of ${layout.elements}`];
  const picked = pickedCiphertexts(layout, { index });
  return [
    index.length !== elements && `the index has ${index.length} entries, the shape ${elements} elements`,
    constants !== undefined &&
      constants.length !== elements &&
      `there are ${constants.length} constants for ${elements}`,
    constants?.some((value) => !Number.isFinite(value)) === true && 'a constant is not finite',
    picked.some((is, c) => is && used[c] === false) && 'a ciphertext that elements are read of is not sent',
  ];
}

function commonReasons(
  { layout, used, level, scale, shape, hasBatchAxis, batchAxis }: InputEncoding | OutputEncoding,
  { parameters, batch }: ClientPart,
  batchTile: number,
): (string | false)[] {
  const slots = slotsOf(parameters);
  return [
    batchAxis !== undefined &&
      !(hasBatchAxis && batchAxis <= shape.length) &&
      `the batch axis is said to stand before axis ${batchAxis} of ${shape.length}`,
    layout.slots !== slots && `the layout has ${layout.slots} slots, the parameters ${slots}`,
    layout.batchTile !== batchTile && `the batch tile is ${layout.batchTile}, elsewhere ${batchTile}`,
    used.length !== layout.ciphertexts &&
      `the layout has ${layout.ciphertexts} ciphertexts, but ${used.length} are said to be used or not`,
    layout.batchTile < batch && `the batch tile is ${layout.batchTile}, the batch ${batch}`,
    level > topLevel(parameters) && `level ${level} is above the top level ${topLevel(parameters)}`,
    level <= topLevel(parameters) &&
      !(scale <= 2 * encodingLimit(parameters, level)) &&
      `scale ${scale} exceeds the modulus of level ${level}`,
  ];
}

/** Whether no input before is the same one, packed in another way. */
function isFirstPacking(input: InputEncoding, k: number, inputs: readonly InputEncoding[]): boolean {
  const sameShape = (other: InputEncoding): boolean =>
    other.hasBatchAxis === input.hasBatchAxis &&
    other.batchAxis === input.batchAxis &&
    other.shape.join() === input.shape.join();
  return !inputs.slice(0, k).some((other) => other.name === input.name && sameShape(other));
}

/** What is wrong with a list that has each name of the encodings once, in their order. */
function otherNames(kind: string, list: readonly Named[], encodings: readonly Named[]): string | false {
  const names = [...new Set(encodings.map(({ name }) => name))];
  const got = list.map(({ name }) => name);
  return (
    (got.length !== names.length || got.some((name, k) => name !== names[k])) &&
    `it is of the ${kind}s ${JSON.stringify(got)}, the plan has ${JSON.stringify(names)}`
  );
}

interface Named {
  readonly name: string;
}

function repeatedName(encodings: readonly Named[]): string | false {
  const names = encodings.map(({ name }) => name);
  const repeated = names.find((name, k) => names.indexOf(name) !== k);
  return repeated !== undefined && `the name ${JSON.stringify(repeated)} occurs twice`;
}

function numbering(encodings: readonly (InputEncoding | OutputEncoding)[]): string | false {
  let next = 0;
  for (const encoding of encodings) {
    if (encoding.firstCiphertext !== next)
      return `the first ciphertext of "${encoding.name}" is ${encoding.firstCiphertext}, expected ${next}`;
    next += sentCiphertexts(encoding);
  }
  return next > maxRunCiphertexts && `a run has ${next} ciphertexts; a file holds ${maxRunCiphertexts}`;
}
