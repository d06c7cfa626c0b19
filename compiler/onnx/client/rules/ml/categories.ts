/** Categories as numbers and numbers as labels: OneHotEncoder, LabelEncoder, CategoryMapper; and ZipMap. */
import { textOperand } from '../../../../../ir/diagnostics/client.ts';
import { ImportFailure, invalid } from '../../../proto/failure.ts';
import type { ClientTerm } from '../../../proto/term.ts';
import type { ClientOperation, StepRule } from '../../client-operation.ts';
import { classLabels, type LabelList, listAttribute, numberList, textList } from './label-lists.ts';

/** Reals are truncated to integers first. What is no category is all zeros, unless `zeros` is 0. */
export const oneHotEncoder: StepRule = (op) => {
  const x = op.value(0);
  const texts = x.elements === 'string';
  const { labels: categories } = texts
    ? textList(op.strings('cats_strings') ?? [])
    : numberList(op.ints('cats_int64s') ?? []);
  if (categories.length === 0) throw invalid(`OneHotEncoder has no categories for ${texts ? 'texts' : 'numbers'}`);
  const strict = !op.flag('zeros', true);
  return [op.steps.apply('one-hot', texts ? x : op.steps.cast(x, 'integer'), { categories, strict })];
};

/**
 * A key that stands twice has its first value. Where the model has no default, keys that it does not know are errors of the
 * sample: exporters leave the default out where their library refuses such a key, and −1 would be a category like another.
 */
export const labelEncoder: StepRule = (op) => {
  if (op.opset === 1) return [textsOrPlaces(op)];
  const [keys, values] = [listAttribute(op, 'keys'), listAttribute(op, 'values')];
  if (keys.labels.length !== values.labels.length)
    throw invalid(`${keys.labels.length} keys for ${values.labels.length} values`);
  return [lookedUp(op, backwards(keys), backwards(values), defaultOf(op, values))];
};

/** Version 1: the place of a text in a list, or the text at a place. */
function textsOrPlaces(op: ClientOperation): ClientTerm {
  const texts = op.strings('classes_strings') ?? [];
  return betweenTextsAndNumbers(op, texts, [...texts.keys()]);
}

/** The number of a text or the text of a number; of one that stands twice, the last. */
export const categoryMapper: StepRule = (op) => [
  betweenTextsAndNumbers(op, op.strings('cats_strings') ?? [], op.ints('cats_int64s') ?? []),
];

function betweenTextsAndNumbers(op: ClientOperation, texts: readonly string[], numbers: readonly number[]): ClientTerm {
  if (texts.length !== numbers.length) throw invalid(`${texts.length} texts for ${numbers.length} numbers`);
  const [from, to] =
    op.value(0).elements === 'string' ? [textList(texts), numberList(numbers)] : [numberList(numbers), textList(texts)];
  return lookedUp(op, from, to, defaultOf(op, to));
}

function lookedUp(
  op: ClientOperation,
  keys: LabelList,
  { labels: values, elements }: LabelList,
  otherwise: number | string | undefined,
): ClientTerm {
  const x = op.value(0);
  const { opType } = op;
  if (x.elements === 'string' && keys.elements !== 'string')
    throw new ImportFailure((at) => textOperand({ what: 'operand 0', opType }, at));
  if (x.elements !== 'string' && keys.elements === 'string') throw invalid(`${opType} looks numbers up among texts`);
  const attrs = { keys: keys.labels, values, elements, ...(otherwise !== undefined && { otherwise }) };
  return op.steps.apply('look-up', x, attrs);
}

/** Later entries of a look-up overrule earlier ones. */
function backwards({ elements, labels }: LabelList): LabelList {
  return elements === 'string'
    ? textList(labels.map(String).toReversed())
    : numberList(labels.map(Number).toReversed(), elements === 'real' ? 'real' : 'integer');
}

function defaultOf(op: ClientOperation, { elements }: LabelList): number | string | undefined {
  const tensor = op.labels('default_tensor');
  if (tensor !== undefined) return tensor.data[0];
  if (elements === 'string') return op.text('default_string');
  const name = elements === 'integer' ? 'default_int64' : 'default_float';
  if (!op.has(name)) return undefined;
  return elements === 'integer' ? op.int(name, 0) : op.float(name, 0);
}

/** The entries of a row with the names of their classes. */
export const zipMap: StepRule = (op) => {
  const x = op.reals(0);
  const { labels: keys } = classLabels(op);
  const width = x.shape.at(-1) ?? 1;
  if (keys.length !== width) throw invalid(`ZipMap has ${keys.length} keys for ${width} numbers`);
  return [{ ...x, keys }];
};
