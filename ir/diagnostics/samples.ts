/** Diagnostics H62x: samples that a caller of the library gives. */
import { defineDiagnostic } from './diagnostic.ts';

export const missingInput = defineDiagnostic<{ input: string; sample: number; found: readonly string[] }>({
  code: 'H620',
  severity: 'error',
  title: 'no values for an input',
  explain:
    'A sample is a map, or a plain object, from the names of the model inputs to their values. One of the names is not in it.',
  message: ({ input, sample, found }) =>
    `sample ${sample} has no values for input ${JSON.stringify(input)}; it has ${found.map((name) => JSON.stringify(name)).join(', ') || 'none'}`,
  notes: ({ input }) => [`Give an array under the name ${JSON.stringify(input)}.`],
});

export const wrongInputLength = defineDiagnostic<{
  input: string;
  sample: number;
  expected: readonly number[];
  got: number;
}>({
  code: 'H621',
  severity: 'error',
  title: 'an input of the wrong length',
  explain: 'The values of an input are a flat array, row-major, of as many elements as the shape of one sample has.',
  message: ({ input, sample, expected, got }) =>
    `input ${JSON.stringify(input)} of sample ${sample} has ${got} values; the shape [${expected.join(', ')}] has ` +
    `${expected.reduce((product, extent) => product * extent, 1)}`,
  notes: () => ['Give one array for each sample, without the axis of samples.'],
});

export const badSampleList = defineDiagnostic<{ got: string }>({
  code: 'H623',
  severity: 'error',
  title: 'not a list of samples',
  explain:
    'Samples are a list, each of them a map or a plain object from the names of the inputs to their values. `listSamples` ' +
    'makes such a list of what `loadSamples` reads.',
  message: ({ got }) => `expected a list of samples, got ${got}`,
  notes: () => ['Give a list, of a single sample too: [sample].'],
});

export const badSample = defineDiagnostic<{ sample: number; got: string }>({
  code: 'H624',
  severity: 'error',
  title: 'not a sample',
  explain:
    'A sample is a map or a plain object from the names of the inputs to their values, which are a typed array or nested ' +
    'lists of numbers.',
  message: ({ sample, got }) => `sample ${sample} is ${got}; expected a map or an object of arrays by input name`,
  notes: () => ['Give { name: values }, with the name of the input.'],
});

export const wrongInputShape = defineDiagnostic<{
  input: string;
  sample: number;
  expected: readonly number[];
  got: string;
}>({
  code: 'H625',
  severity: 'error',
  title: 'an input that is not an array of numbers of its shape',
  explain:
    'The values of an input are numbers: a typed array or a list of them, flat and row-major, or lists in lists as the shape ' +
    'says. Something else stands in it.',
  message: ({ input, sample, expected, got }) =>
    `input ${JSON.stringify(input)} of sample ${sample} has ${got} in it; expected numbers of the shape [${expected.join(', ')}]`,
  notes: () => ['Give one array for each sample, without the axis of samples.'],
});
