/** Diagnostics H355 to H358: orders of neurons, as options and in the metadata of ONNX files. */
import { defineDiagnostic } from '../diagnostic.ts';

export const badOrders = defineDiagnostic<{ problem: string }>({
  code: 'H355',
  severity: 'error',
  title: 'orders of neurons that cannot be read',
  explain:
    'A pruned ONNX file keeps its neurons in their original order and says in its metadata how they are permuted before ' +
    'they are packed: JSON of the form {"version": 1, "orders": [{"axis": "rows:0", "order": [2, 0, 1]}]}. `rows:K` are the rows, or output ' +
    'channels, of the K-th layer with weights, `input:NAME` the elements of an input; each entry says which of them comes ' +
    'to stand there.',
  message: ({ problem }) => `the orders of neurons cannot be read: ${problem}`,
  notes: () => ['prune the model again, or remove the metadata, with which only the tiles of zeros would be lost'],
});

export const unknownAxis = defineDiagnostic<{ name: string; known: readonly string[] }>({
  code: 'H356',
  severity: 'error',
  title: 'an order for what cannot be permuted',
  explain:
    'Neurons can change places where everything that reads them is understood: dense, convolution and sparse layers ' +
    'through elementwise ops, sums, reshapes and concatenations. The order names a layer or input that the model does not ' +
    'have, or whose neurons have to stay.',
  message: ({ name, known }) =>
    `there is an order for ${name}, but ${known.length === 0 ? 'nothing' : `only ${known.join(', ')}`} can be permuted`,
  notes: () => ['the model may have been changed after it was pruned: prune it again'],
});

export const badOrder = defineDiagnostic<{ name: string; expected: number; problem: string }>({
  code: 'H357',
  severity: 'error',
  title: 'an order that is no permutation',
  explain: 'An order names each of the items of its axis once, by its index from 0.',
  message: ({ name, expected, problem }) =>
    `the order of ${name} must hold each of 0 to ${expected - 1} once; it ${problem}`,
  notes: () => ['the model may have been changed after it was pruned: prune it again'],
});

export const tiedOrders = defineDiagnostic<{ first: string; second: string }>({
  code: 'H358',
  severity: 'error',
  title: 'two orders for what moves together',
  explain:
    'A residual sum or a product ties the neurons of its operands: they are one axis under several names, which takes one ' +
    'order.',
  message: ({ first, second }) => `${first} and ${second} move together, but have different orders`,
  notes: ({ second }) => [`leave out the order of ${second}`],
});
