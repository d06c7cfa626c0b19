/** H121 to H124: what the importer cannot leave to the client. H515, H516: samples that client steps cannot take. */
import { defineDiagnostic } from './diagnostic.ts';

export const stepInsideNetwork = defineDiagnostic<{ opType: string; reader: string; reason: string }>({
  code: 'H121',
  severity: 'error',
  title: 'a client step inside the network',
  explain:
    'Some operators have no encrypted form: they pick places or labels by encrypted values, or round. At the end of a ' +
    'model the client computes them on decrypted values. Inside the network it cannot: the layers that follow have the ' +
    "server's weights, and their operand would have to go back to be encrypted again.",
  message: ({ opType, reader, reason }) =>
    `${opType} stands inside the network: ${reader} reads its result, and ${reason}`,
  notes: () => [
    'Replace it by a supported activation and retrain, or end the encrypted part before it: --outputs NAME.',
  ],
});

export const unknownOutput = defineDiagnostic<{ name: string; similar: string | undefined; found: readonly string[] }>({
  code: 'H122',
  severity: 'error',
  title: 'an output that the model does not have',
  explain: '`--outputs` takes names of values of the graph: its outputs, or results of its nodes.',
  message: ({ name }) => `there is no value "${name}" in the graph`,
  notes: ({ similar, found }) => [
    similar === undefined
      ? `Its outputs are ${found.slice(0, 10).join(', ')}.`
      : `Did you mean "${similar}"? Its outputs are ${found.slice(0, 10).join(', ')}.`,
  ],
});

export const nothingEncrypted = defineDiagnostic<{ name: string; reason: string }>({
  code: 'H123',
  severity: 'error',
  title: 'an output that nothing encrypted leads to',
  explain:
    'The answers of a plan are computed from encrypted values. A text of the input never leaves the client, and so cannot ' +
    'come back with the answer; a constant needs no server.',
  message: ({ name, reason }) => `output "${name}" ${reason}`,
  notes: () => ['Drop it with --outputs, which names the outputs to keep.'],
});

export const textOperand = defineDiagnostic<{ what: string; opType: string }>({
  code: 'H124',
  severity: 'error',
  title: 'texts where numbers are due',
  explain:
    'Only numbers can be encrypted. Texts are categories, which LabelEncoder, CategoryMapper or OneHotEncoder turn into numbers at the client.',
  message: ({ what, opType }) => `${opType} gets texts as ${what}`,
  notes: () => ['Encode the texts first, with OneHotEncoder, OrdinalEncoder or LabelEncoder.'],
});

export const unknownCategory = defineDiagnostic<{
  sample: number;
  item: number | string;
  known: readonly (number | string)[];
}>({
  code: 'H515',
  severity: 'error',
  title: 'a category that the encoder does not know',
  explain: 'The model turns categories into numbers by a list that it was trained with. Others have no number.',
  message: ({ sample, item, known }) =>
    `sample ${sample} has ${JSON.stringify(item)}, which is none of ${known.length} categories`,
  notes: ({ known }) => [
    `Known are ${known
      .slice(0, 10)
      .map((label) => JSON.stringify(label))
      .join(', ')}${known.length > 10 ? ', …' : ''}.`,
  ],
});

export const placeOutside = defineDiagnostic<{ sample: number; place: number; extent: number }>({
  code: 'H516',
  severity: 'error',
  title: 'an index that is outside',
  explain: 'The model picks an element by a number that it computes or gets as an input, and there is no such element.',
  message: ({ sample, place, extent }) => `sample ${sample} picks element ${place} of ${extent}`,
  notes: () => ['Indices count from 0; negative ones count from the end.'],
});
