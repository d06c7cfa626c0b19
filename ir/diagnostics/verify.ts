/** Diagnostics H25x and H261: modules that break an invariant of their level; and H260: that a pass does not take. */
import { defineDiagnostic } from './diagnostic.ts';

/** What is wrong, as a sentence without a full stop; the place names the value. */
interface Broken {
  readonly reason: string;
}

const editedByHand =
  'In an .ir text, mend the line. A module that hepc itself has made or read and that fails here is a bug: please report it.';

export const badValueOrder = defineDiagnostic<Broken>({
  code: 'H250',
  severity: 'error',
  title: 'a value is out of order or missing',
  explain:
    'The values of a module are numbered from 0 without gaps, and an op reads only values above it. An op has exactly ' +
    `the operands that it declares, and nothing reads an output. ${editedByHand}`,
  message: ({ reason }) => reason,
});

export const badAttributes = defineDiagnostic<Broken>({
  code: 'H251',
  severity: 'error',
  title: 'attributes that do not fit the op',
  explain: `Each op declares the names, types and ranges of its attributes; \`hepc ops\` lists them. ${editedByHand}`,
  message: ({ reason }) => reason,
});

export const badType = defineDiagnostic<Broken>({
  code: 'H252',
  severity: 'error',
  title: 'a type that does not follow from the operands',
  explain:
    'The type of a value (its shape, or its layout) follows from its operands and attributes. Either these do not fit ' +
    `together, or the type that is written is another one. At the tile level all layouts have the same slots. ${editedByHand}`,
  message: ({ reason }) => reason,
});

export const badInterface = defineDiagnostic<Broken>({
  code: 'H253',
  severity: 'error',
  title: 'inputs or outputs that cannot be told apart',
  explain:
    'A module has at least one output. At the graph levels inputs have different names, and so have outputs; an he ' +
    `program numbers its output ciphertexts 0, 1, … without gaps, and no two inputs have the same number. ${editedByHand}`,
  message: ({ reason }) => reason,
});

export const badPlaintext = defineDiagnostic<Broken>({
  code: 'H254',
  severity: 'error',
  title: 'a plaintext that cannot be used',
  explain:
    'A plaintext names a row of a packed constant of doubles, [tiles, period], each entry of which it repeats `inner` ' +
    'times; period times inner divides the number of slots. A product with a row of zeros would be a transparent ' +
    `ciphertext, which SEAL refuses and which needs no computing. ${editedByHand}`,
  message: ({ reason }) => reason,
});

export const badRotation = defineDiagnostic<Broken>({
  code: 'H255',
  severity: 'error',
  title: 'a rotation that is not possible',
  explain: `A rotation is by more than zero and less than all slots. ${editedByHand}`,
  message: ({ reason }) => reason,
});

export const badLevel = defineDiagnostic<Broken>({
  code: 'H256',
  severity: 'error',
  title: 'levels that do not match',
  explain:
    'The level of a value says how many primes are left. Operands of one op are at the same level, and only rescale ' +
    `and mod-switch lower it, by one; mod-raise goes from level 0 to the top. ${editedByHand}`,
  message: ({ reason }) => reason,
});

export const badScale = defineDiagnostic<Broken>({
  code: 'H257',
  severity: 'error',
  title: 'scales that do not match',
  explain:
    'Sums need equal scales, bit for bit; a product has the product of the scales; a rescale divides the scale by the ' +
    `prime that it drops, both but for rounding. A scale beyond the modulus would wrap values around. ${editedByHand}`,
  message: ({ reason }) => reason,
});

export const badSize = defineDiagnostic<Broken>({
  code: 'H258',
  severity: 'error',
  title: 'a ciphertext of the wrong size',
  explain:
    'A product of ciphertexts has three polynomials until it is relinearised. Only sums, rescales, mod-switches and ' +
    `operations with plaintexts may come before that. ${editedByHand}`,
  message: ({ reason }) => reason,
});

export const badSecret = defineDiagnostic<Broken>({
  code: 'H261',
  severity: 'error',
  title: 'a value under the wrong secret',
  explain:
    'A bootstrap goes to the sparse secret, raises the modulus and comes back: mod-raise reads nothing but to-sparse, to-dense ' +
    `nothing but mod-raise, and nobody else reads either. Any other op would compute with two secrets at once. ${editedByHand}`,
  message: ({ reason }) => reason,
});

export const badSchedule = defineDiagnostic<Broken>({
  code: 'H259',
  severity: 'error',
  title: 'a schedule that loses or keeps values',
  explain:
    'In a plan two values that are alive at once never share a buffer, a value is freed exactly where it is read for ' +
    `the last time, and groups are numbered without gaps. ${editedByHand}`,
  message: ({ reason }) => reason,
});

export const unmetRequirement = defineDiagnostic<{
  pass: string;
  fact: string;
  doc: string;
  reason: string;
  remedy: string;
}>({
  code: 'H260',
  severity: 'error',
  title: 'a module that the pass does not take',
  explain:
    'A pass may require more of a module than that it is sound; `hepc passes NAME` lists its facts. The compiler runs ' +
    'passes in an order in which each finds what it requires; `hepc opt` runs any pass on any module, and this one lacks ' +
    'one of the facts.',
  message: ({ pass, fact, doc, reason }) => `${pass} requires the fact ${fact} (${doc}): ${reason}`,
  notes: ({ remedy }) => [remedy],
});
