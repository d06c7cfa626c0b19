/** Diagnostics H4xx: samples, npy and npz files. */
import { defineDiagnostic } from './diagnostic.ts';

const saveWithNumpy = 'Save it from Python with numpy.save("x.npy", x) or numpy.savez("x.npz", x=x, y=labels).';

export const unknownDataFormat = defineDiagnostic<{ got: string | undefined }>({
  code: 'H401',
  severity: 'error',
  title: 'data file of unknown format',
  explain:
    'Samples come as a numpy array (.npy), several numpy arrays by name (.npz), or JSON: nested lists of numbers, or an ' +
    'object of them by input name; or as a table of numbers with a sample in each row, as CSV or as numpy.savetxt writes it. ' +
    'The format is recognised by the content of the file, whatever its name. Pickles, HDF5 and images have to be converted.',
  message: ({ got }) =>
    got === 'empty'
      ? 'the file is empty'
      : `the file is ${got === undefined ? '' : `${got}, `}neither a numpy array (.npy, .npz), nor JSON, nor a table of numbers (CSV)`,
  notes: () => [saveWithNumpy],
});

export const unreadableNpz = defineDiagnostic<{ reason: string }>({
  code: 'H402',
  severity: 'error',
  title: 'unreadable .npz archive',
  explain:
    'An .npz file is a ZIP archive of .npy files. This one is cut short, damaged, uses a ZIP feature that numpy does not ' +
    'write (encryption, zip64, splitting), or is larger than hepc accepts. Sizes and checksums are all verified.',
  message: ({ reason }) => `the .npz archive cannot be read: ${reason}`,
  notes: () => ['Copy or download the file again, or save it anew with numpy.savez.'],
});

export const badNpyHeader = defineDiagnostic<{ reason: string }>({
  code: 'H403',
  severity: 'error',
  title: 'malformed .npy header',
  explain:
    'A .npy file begins with a magic string, a version, and a header that gives data type, memory order and shape ' +
    '(numpy.lib.format). This header cannot be read.',
  message: ({ reason }) => `the .npy header is malformed: ${reason}`,
  notes: () => ['Copy or download the file again, or save it anew with numpy.save.'],
});

export const unsupportedDtype = defineDiagnostic<{ dtype: string; expected: string }>({
  code: 'H404',
  severity: 'error',
  title: 'unsupported data type',
  explain:
    'Arrays of samples hold real numbers: floats of 16, 32 or 64 bits, or integers of up to 64 bits. Booleans, complex ' +
    'numbers, strings, dates, Python objects and records are refused rather than converted by guess.',
  message: ({ dtype, expected }) => `the data type is ${JSON.stringify(dtype)}; expected ${expected}`,
  notes: () => ['Convert the array first, for example with x.astype(numpy.float32).'],
});

export const npySizeMismatch = defineDiagnostic<{ shape: readonly number[]; expected: number; got: number }>({
  code: 'H405',
  severity: 'error',
  title: '.npy data of the wrong size',
  explain:
    'The shape and data type in the header of a .npy file say how many bytes follow. Fewer mean that the file is cut ' +
    'short; more mean that it is damaged or that several arrays were written to one file.',
  message: ({ shape, expected, got }) =>
    `an array of shape ${formatShape(shape)} takes ${expected} bytes of data, but the file has ${got}`,
  notes: ({ expected, got }) => [
    got < expected ? 'The file is probably cut short: copy or download it again.' : 'Save one array per .npy file.',
  ],
});

export const badJson = defineDiagnostic<{ reason: string }>({
  code: 'H406',
  severity: 'error',
  title: 'unreadable JSON data',
  explain:
    'JSON samples are nested lists of numbers with equal lengths at each depth, or an object of such lists by input ' +
    'name. Null, NaN, strings and lists of unequal lengths are refused.',
  message: ({ reason }) => `the JSON data cannot be read: ${reason}`,
  notes: () => ['Write nested lists of numbers, [[…], […]], or an object of them by input name.'],
});

export const wrongShape = defineDiagnostic<{
  array: string;
  got: readonly number[];
  /** The shape of one sample. */
  expected: readonly number[];
  hasBatchAxis: boolean;
  /** The axis of `expected` that samples stand before. */
  batchAxis: number;
}>({
  code: 'H407',
  severity: 'error',
  title: 'array of the wrong shape',
  explain:
    'An array for a model input either has exactly the shape of one sample, or one axis more, the first, which ' +
    'holds samples, or that which is dynamic in the ONNX model. If the first dimension of the input is dynamic in the ONNX model, that dimension holds samples and is not ' +
    'part of the shape; a first dimension with a fixed size is a dimension like any other, even if it is 1.',
  message: ({ array, got, expected, batchAxis }) =>
    `array ${JSON.stringify(array)} has shape ${formatShape(got)}; expected ${formatShape(expected)} for one sample ` +
    `or ${formatShape([...expected.slice(0, batchAxis), 'n', ...expected.slice(batchAxis)])} for n samples`,
  notes: ({ got, expected, hasBatchAxis }) => [
    ...(got.includes(0) ? ['The array has no elements: it holds no sample.'] : reshapeHints(got, expected)),
    ...(hasBatchAxis || expected[0] !== 1
      ? []
      : ['The first dimension of this model input is fixed at 1, so samples go along one more axis before it.']),
  ],
});

export const missingArray = defineDiagnostic<{
  /** What the array may be called; the first is the input's name. */
  names: readonly [string, ...string[]];
  found: readonly string[];
}>({
  code: 'H408',
  severity: 'error',
  title: 'no data for a model input',
  explain:
    'In an .npz file or a JSON object, arrays are matched to model inputs by name. If the model has a single input, ' +
    'its array may also be called x. Labels are called y. Other arrays are ignored.',
  message: ({ names, found }) =>
    `there is no array for model input ${JSON.stringify(names[0])}; the file has ${found.length === 0 ? 'none' : listNames(found)}`,
  notes: ({ names }) => [`Name the array ${names.map((name) => JSON.stringify(name)).join(' or ')}.`],
});

export const oneArrayForSeveralInputs = defineDiagnostic<{ inputs: readonly string[] }>({
  code: 'H409',
  severity: 'error',
  title: 'one array for a model of several inputs',
  explain:
    'A .npy file or a JSON list holds one array without a name, which says nothing about a model of several inputs.',
  message: ({ inputs }) =>
    `the file holds a single array, but the model has ${inputs.length} inputs: ${listNames(inputs)}`,
  notes: () => ['Use an .npz file or a JSON object with one array for each input, by name.'],
});

export const nonFiniteValue = defineDiagnostic<{ array: string; index: readonly number[]; value: number }>({
  code: 'H410',
  severity: 'error',
  title: 'value that is not finite',
  explain:
    'Encrypted arithmetic has no NaN and no infinity: one of them makes every slot of a ciphertext meaningless. So they ' +
    'are refused where data enter.',
  message: ({ array, index, value }) => `${formatElement(array, index)} is ${value}; expected finite numbers`,
  notes: () => ['Remove or replace such values, for example with numpy.nan_to_num.'],
});

export const sampleCountMismatch = defineDiagnostic<{ counts: readonly { array: string; count: number }[] }>({
  code: 'H411',
  severity: 'error',
  title: 'arrays with different numbers of samples',
  explain: 'Sample i of every input, and label i, belong together; so all arrays have the same number of samples.',
  message: ({ counts }) =>
    `arrays have different numbers of samples: ${counts.map(({ array, count }) => `${JSON.stringify(array)} has ${count}`).join(', ')}`,
  notes: () => ['Give every array the same number of samples, along its first axis.'],
});

export const noSamples = defineDiagnostic<{ array: string; shape: readonly number[] }>({
  code: 'H412',
  severity: 'error',
  title: 'no samples',
  explain: 'The array has the right shape, but its first axis, which holds samples, has length 0.',
  message: ({ array, shape }) =>
    `array ${JSON.stringify(array)} has shape ${formatShape(shape)}, which is no sample at all`,
  notes: () => ['Give at least one sample.'],
});

export const badLabels = defineDiagnostic<{ array: string; reason: string }>({
  code: 'H413',
  severity: 'error',
  title: 'malformed labels',
  explain:
    'Labels are the array y: one integer per sample, the index of its class. One-hot vectors and names are refused.',
  message: ({ array, reason }) => `array ${JSON.stringify(array)} should hold one integer label per sample: ${reason}`,
  notes: () => ['Turn one-hot vectors into indices with y.argmax(axis=1), or rename the array if it holds no labels.'],
});

export const tooMuchData = defineDiagnostic<{ what: string; got: number; limit: number }>({
  code: 'H414',
  severity: 'error',
  title: 'more data than hepc takes at once',
  explain:
    'All samples of a file are held in memory as 64-bit floats. So that a small but malicious file cannot exhaust it, their ' +
    'number is limited. Calibration and verification need hundreds of samples, not millions.',
  message: ({ what, got, limit }) => `there are ${got} ${what}, more than the limit of ${limit}`,
  notes: () => ['Split the file, or take fewer samples: x[:1000].'],
});

export const badTable = defineDiagnostic<{ reason: string }>({
  code: 'H415',
  severity: 'error',
  title: 'unreadable table of samples',
  explain:
    'A table is text with a sample in each row: cells with commas, semicolons, tabs or spaces between them, as many in every ' +
    'row as in the first. The first row may name the columns: a column belongs to the input of its name, `x[3]` to the ' +
    'element of an input, `y` to the labels; where no column has the name of an input, all others are the only one.',
  message: ({ reason }) => `the table cannot be read: ${reason}`,
  notes: () => ['Write numbers with a point, one sample a row, the elements of an input in row-major order.'],
});

function formatShape(shape: readonly (number | string)[]): string {
  return `[${shape.join(', ')}]`;
}

function formatElement(array: string, index: readonly number[]): string {
  const name = `array ${JSON.stringify(array)}`;
  return index.length === 0 ? name : `${name} at ${formatShape(index)}`;
}

function listNames(names: readonly string[]): string {
  const shown = names.slice(0, 8).map((name) => JSON.stringify(name));
  return names.length > shown.length ? `${shown.join(', ')} and ${names.length - shown.length} more` : shown.join(', ');
}

/** The reshape that puts things right, if dimensions of size 1 are missing or superfluous, or axes are merged. */
function reshapeHints(got: readonly number[], expected: readonly number[]): string[] {
  const squeeze = (shape: readonly number[]): string => shape.filter((size) => size !== 1).join();
  const candidates = [expected, [got[0] ?? 1, ...expected]];
  const fitting = candidates.find((shape) => squeeze(shape) === squeeze(got));
  if (fitting !== undefined) return [`Only dimensions of size 1 differ: reshape the array to ${formatShape(fitting)}.`];
  const asMany = candidates.find((shape) => product(shape) === product(got));
  return asMany === undefined
    ? []
    : [`It has as many elements as ${formatShape(asMany)}: reshape it to that, if they are in this order.`];
}

function product(shape: readonly number[]): number {
  return shape.reduce((total, size) => total * size, 1);
}
