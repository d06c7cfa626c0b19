/** Diagnostics H5xx: .hep files, and data that do not fit a plan. */
import { defineDiagnostic } from './diagnostic.ts';

const copyAgain = 'Copy or download the file again, or compile the model anew.';

export const unreadableHep = defineDiagnostic<{ reason: string }>({
  code: 'H501',
  severity: 'error',
  title: 'unreadable .hep file',
  explain:
    'A .hep file is a ZIP archive whose entries are stored, not compressed. This one is another kind of file, is cut ' +
    'short or damaged, has been packed again by a tool that compresses, or is larger than hepc accepts.',
  message: ({ reason }) => `the .hep file cannot be read: ${reason}`,
  notes: () => [copyAgain],
});

export const otherHepVersion = defineDiagnostic<{ version: number; madeBy: string; oldest: number; supported: number }>(
  {
    code: 'H502',
    severity: 'error',
    title: '.hep file of another format',
    explain:
      'The format of .hep files has a version. What another version has added would be lost without notice, and what it ' +
      'lacks would be guessed.',
    message: ({ version, madeBy, oldest, supported }) =>
      `the file has format version ${version}, made by ${madeBy}; this hepc reads versions ${oldest} to ${supported}`,
    notes: () => ['Compile the model with this version of hepc, or use the one that the file was made with.'],
  },
);

export const noPlan = defineDiagnostic<{ got: string }>({
  code: 'H509',
  severity: 'error',
  title: 'a file that is no plan',
  explain:
    'Plans and client parts are `.hep` files, which `hepc compile`, `hepc client-part` and `hepc bind` write. The first bytes ' +
    'of this one, or what its archive holds, are those of something else.',
  message: ({ got }) => `expected a plan (.hep), but the file is ${got}`,
  notes: () => ['Check that the arguments are in the right order.'],
});

export const badManifest = defineDiagnostic<{ reason: string }>({
  code: 'H503',
  severity: 'error',
  title: 'malformed manifest of a .hep file',
  explain:
    'The entry manifest.json says what the file holds. It is missing, is no JSON, or has a field that is missing, ' +
    'unknown, or out of range.',
  message: ({ reason }) => `the manifest is malformed: ${reason}`,
  notes: () => [copyAgain],
});

export const badHepEntry = defineDiagnostic<{ reason: string }>({
  code: 'H504',
  severity: 'error',
  title: 'missing, unknown or altered entry of a .hep file',
  explain:
    'The manifest lists every other entry of the file with its SHA-256. An entry that is missing, that is not listed, ' +
    'or whose bytes differ means that the file was damaged or edited.',
  message: ({ reason }) => reason,
  notes: () => [copyAgain],
});

export const badHepArray = defineDiagnostic<{ expected: string; got: string }>({
  code: 'H505',
  severity: 'error',
  title: 'array of the wrong type or shape in a .hep file',
  explain: 'Each array of a .hep file has one data type and one shape that fits the others.',
  message: ({ expected, got }) => `the array is ${got}; expected ${expected}`,
  notes: () => [copyAgain],
});

export const inconsistentHep = defineDiagnostic<{ reason: string }>({
  code: 'H506',
  severity: 'error',
  title: 'parts of a .hep file that contradict one another',
  explain:
    'What the client part says of inputs, outputs and keys must be what the program does, and the statistics must be ' +
    'those of the program. Otherwise client and server would compute something else than they think.',
  message: ({ reason }) => reason,
  notes: () => [copyAgain],
});

export const clientHep = defineDiagnostic({
  code: 'H507',
  severity: 'error',
  title: 'the client part where a whole plan is needed',
  explain:
    'A .hep file can be split: its client part has parameters and encodings and suffices to make keys, encrypt and ' +
    'decrypt, but has no program and no weights. Evaluation, inspection and binding need the whole plan.',
  message: () => 'the file has only the client part of a plan',
  notes: () => ['Use the .hep file that `hepc compile` wrote.'],
});

export const tooManyKeys = defineDiagnostic<{ keys: number; bytes: number; limit: number }>({
  code: 'H508',
  severity: 'error',
  title: 'more keys than a file can hold',
  explain:
    'Each rotation step of a plan has a Galois key, which the client makes and saves in one file for the server. Such a ' +
    'file has less than 4 GiB, and engines have no more memory. A plan that asks for more cannot be run, and would only ' +
    'keep its client busy.',
  message: ({ keys, bytes, limit }) =>
    `the plan asks for ${keys} keys, which take ${(bytes / 2 ** 30).toFixed(2)} GiB; at most ${limit / 2 ** 30} GiB can be saved`,
  notes: () => ['Ask whoever made the plan to compile it again with a limit on Galois keys.'],
});

export const inputOutOfRange = defineDiagnostic<{
  input: string;
  bounds: readonly [least: number, most: number];
  /** Whether other elements leave it less than it could have alone. */
  isShared: boolean;
  count: number;
  sample: number;
  element: number;
  value: number;
}>({
  code: 'H510',
  severity: 'error',
  title: 'input values beyond the range of the plan',
  explain:
    'A plan is compiled for the range of its calibration samples with some headroom: activations are approximated ' +
    'there, and parameters are chosen for it. Other values would give a wrong answer, and nobody could see it before ' +
    'decryption. Where features differ in scale, each group of elements of equal scale has a range of its own; what several ' +
    'groups exceed theirs by adds up, so that a value may be refused beside others that it would be accepted without. Features that ' +
    'only comparisons with thresholds read, as in trees, are clipped and not refused, whatever finite numbers they are.',
  message: ({ input, bounds: [least, most], isShared, count, sample, element, value }) => {
    const [got, bound] = apart(value, value < least ? least : most);
    const ends = value < least ? [bound, short(most)] : [short(least), bound];
    const range = least === -most ? `±${bound.replace('-', '')}` : ends.join(' to ');
    return (
      `input "${input}": element ${element} of sample ${sample} is ${got}, the plan was compiled for ${range}` +
      (isShared ? ' beside the other values of this sample' : '') +
      (count > 1 ? `; ${count - 1} other values are out of range too` : '')
    );
  },
  notes: () => [
    'Check that the data are preprocessed as those for calibration were (for example divided by 255).',
    'Compile with calibration samples that cover these values.',
  ],
});

export const unlikeSample = defineDiagnostic<{
  input: string;
  sample: number;
  unlike: readonly {
    readonly statistic: 'mean' | 'norm' | 'deviation' | 'roughness';
    readonly figure: number;
    readonly range: readonly [number, number];
  }[];
}>({
  code: 'H511',
  severity: 'warning',
  title: 'a sample unlike those of calibration',
  explain:
    'Each value is within the range of the plan, but all of them together are not like any calibration sample: their mean, ' +
    'their norm (the root of the sum of squares), the norm of their differences from the mean, or that of the differences ' +
    'between neighbours (the roughness) is outside of what calibration has shown by more than a quarter of its width and a ' +
    'hundredth of the largest norm. Inside of the network values may then leave the ranges that activations are ' +
    'approximated on, and the answer is wrong without a sign of it. Noise and inverted images are noticed, a sample that ' +
    'is alike in these four numbers is not.',
  message: ({ input, sample, unlike }) =>
    `input "${input}" of sample ${sample} is unlike the calibration samples: ` +
    unlike
      .map(
        ({ statistic, figure, range: [least, most] }) =>
          `${statistic} ${short(figure)}, which showed ${short(least)} to ${short(most)}`,
      )
      .join('; '),
  notes: () => [
    'Do not rely on the answer. Check that the data are preprocessed as those for calibration were.',
    'Compile with calibration samples that include such data.',
  ],
});

export const unlikeAnswer = defineDiagnostic<{ output: string; sample: number; figure: number; largest: number }>({
  code: 'H512',
  severity: 'warning',
  title: 'an answer larger than those of calibration',
  explain:
    'The largest absolute value of the answer exceeds the largest of the model on the calibration samples by more than a ' +
    'quarter and twice the error of the plan. Either the sample was unlike those of calibration, and the answer is wrong, ' +
    'or calibration has not shown all that there is. An answer of the usual size may be wrong as well.',
  message: ({ output, sample, figure, largest }) =>
    `output "${output}" of sample ${sample} is as large as ${short(figure)}; calibration showed up to ${short(largest)}`,
  notes: () => [
    'Do not rely on the answer. Check that the data are preprocessed as those for calibration were.',
    'Compile with calibration samples that include such data.',
  ],
});

export const weakModulus = defineDiagnostic<{ degree: number; bits: number; limit: number; security: number }>({
  code: 'H513',
  severity: 'warning',
  title: 'a plan with less than 128 bits of security',
  explain:
    'The larger the modulus is for its ring, the easier ciphertexts are to break. Plans were once made by the limits of the ' +
    "HE standard of 2018 (109, 218, 438 and 881 bits), which today's estimates of the known attacks put at some 126 bits of " +
    'security. Moduli of at most 107, 214, 430 and 868 bits have 128. Such a plan is run, but should be replaced: who breaks ' +
    'a key reads all that was encrypted under it.',
  message: ({ degree, bits, limit, security }) =>
    `the modulus has ${bits} bits, which at N = ${degree} is about ${security} bits of security; 128 take at most ${limit}`,
  notes: () => ['Compile the model again with this version of hepc, and make new keys.'],
});

/** Two numbers that differ, in as many digits as show it, at least four. */
function apart(a: number, b: number): readonly [string, string] {
  for (let digits = 4; digits < 17; digits++) {
    const [left, right] = [a, b].map((x) => String(Number(x.toPrecision(digits))));
    if (left !== undefined && right !== undefined && left !== right) return [left, right];
  }
  return [String(a), String(b)];
}

function short(figure: number): string {
  return String(Number(figure.toPrecision(4)));
}
