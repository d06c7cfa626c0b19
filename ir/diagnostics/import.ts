/** Diagnostics H1xx: the ONNX importer. */
import { defineDiagnostic } from './diagnostic.ts';

/** What is wrong, as a clause without a full stop; the place names the node. */
interface Wrong {
  readonly reason: string;
}

/** What is wrong and what the user can do instead, a sentence. */
interface Refusal extends Wrong {
  readonly instead: string;
}

export const notOnnx = defineDiagnostic<Wrong>({
  code: 'H101',
  severity: 'error',
  title: 'not an ONNX file',
  explain:
    'The file is no ONNX model, or it was cut off. An ONNX file is a protocol buffer with a graph in it; ' +
    'text, archives, TorchScript and SavedModel files must be exported to ONNX first.',
  message: ({ reason }) => `not an ONNX file, or truncated: ${reason}`,
  notes: () => ['Export the model again, for example with torch.onnx.export, and copy it in binary mode.'],
});

export const malformedGraph = defineDiagnostic<Wrong>({
  code: 'H102',
  severity: 'error',
  title: 'the graph of the model is malformed',
  explain:
    'Every name of a graph is defined once, by an input, an initializer or a node; nodes read defined names only and ' +
    'form no cycle. `onnx.checker.check_model` finds the same faults. Names are shown to people, so they hold no control ' +
    'characters, which a terminal would obey, and are of at most 1024 characters.',
  message: ({ reason }) => reason,
  notes: () => ['Run onnx.checker.check_model on the file; export the model again.'],
});

export const unsupportedOpset = defineDiagnostic<{
  title: string;
  found: number | undefined;
  oldest: number;
  newest: number;
}>({
  code: 'H103',
  severity: 'error',
  title: 'an operator set that hepc does not know',
  explain:
    'The meaning of an operator depends on the operator set that the model imports. hepc reads a range of them and ' +
    'does not guess at others.',
  message: ({ title, found, oldest, newest }) =>
    `the model uses ${found === undefined ? `operators of ${title}, and says no version of them` : `${title} ${found}`}; ` +
    `hepc reads ${title} ${oldest === newest ? newest : `${oldest} to ${newest}`}`,
  notes: ({ title, found, oldest, newest }) => [
    found === undefined
      ? `Add its version to opset_import, ${newest} at most.`
      : found < oldest
        ? `Export with ${title} ${oldest} or newer, or use onnx.version_converter.`
        : `Export with ${title} ${newest} or older, or use onnx.version_converter.`,
  ],
});

export const unsupportedOperator = defineDiagnostic<Refusal & { opType: string; count?: number }>({
  code: 'H104',
  severity: 'error',
  title: 'an operator that cannot run on encrypted values',
  explain:
    'Encrypted values can be added, multiplied and rotated. Whatever is affine in them is exact, functions and comparisons ' +
    'are approximated by polynomials; what picks places or makes results by encrypted values has no useful encrypted form.',
  message: ({ opType, reason, count = 1 }) =>
    `${opType} is not supported${count === 1 ? '' : ` (${count} nodes, the first is named)`}: ${reason}`,
  notes: ({ instead }) => [instead],
});

export const unsupportedForm = defineDiagnostic<Refusal>({
  code: 'H105',
  severity: 'error',
  title: 'an operator used in a way that cannot run on encrypted values',
  explain:
    'The operator is supported, but not with these operands or attributes: some operands must be constants of the ' +
    'model (weights, shapes, indices), and some modes exist for training only.',
  message: ({ reason }) => reason,
  notes: ({ instead }) => [instead],
});

export const invalidNode = defineDiagnostic<Wrong>({
  code: 'H106',
  severity: 'error',
  title: 'a node that ONNX does not allow',
  explain:
    'The operands or attributes of the node break the definition of its operator: shapes that do not fit, an axis ' +
    'out of range, an operand that is missing.',
  message: ({ reason }) => reason,
  notes: () => ['Check that the model runs in onnxruntime; onnx.shape_inference often finds the place.'],
});

export const badTensor = defineDiagnostic<Wrong & { tensor: string }>({
  code: 'H107',
  severity: 'error',
  title: 'a constant of the model that cannot be read',
  explain:
    'An initializer or attribute has an element type that hepc does not read, or its bytes do not fit its shape. ' +
    'Read are float, double, float16, bfloat16, floats of 8 and 4 bits, bool and integers of 2 to 64 bits, dense.',
  message: ({ tensor, reason }) => `${tensor}: ${reason}`,
});

export const nonFiniteWeights = defineDiagnostic<{ tensor: string; value: number; index: number }>({
  code: 'H108',
  severity: 'error',
  title: 'a weight that is infinite or not a number',
  explain:
    'Weights must be finite: one NaN makes every answer NaN. Usually training has diverged. Minus infinity is understood where ' +
    'it is added to the scores of a softmax, or stands in their place, as masks of attention have it.',
  message: ({ tensor, value, index }) => `${tensor} holds ${value} at element ${index}`,
  notes: () => ['Look for the step at which training diverged; or clamp the weights.'],
});

export const badExternalData = defineDiagnostic<Wrong & { tensor: string }>({
  code: 'H109',
  severity: 'error',
  title: 'external data of the model that cannot be read',
  explain:
    'Large models keep their weights in files next to the .onnx file. Those must lie in the folder of the model or ' +
    'below it, and hold as many bytes as the model says.',
  message: ({ tensor, reason }) => `external data of ${tensor}: ${reason}`,
  notes: () => ['Copy the data files with the model, or save it as one file with onnx.save_model.'],
});

export const dynamicAxis = defineDiagnostic<{ input: string; axis: number; label: string }>({
  code: 'H110',
  severity: 'error',
  title: 'an input with a dynamic axis that is not the first',
  explain:
    'A plan is made for exact shapes. One axis of each input may be dynamic: it counts samples, and the plan is for one ' +
    'of them. It is mostly the first. Another one has to be the only dynamic axis, of the same name in all inputs, and ' +
    'samples must not depend on each other along it.',
  message: ({ input, axis, label }) =>
    axis < 0 ? `input "${input}" has no shape` : `axis ${axis} of input "${input}" is dynamic (${label})`,
  notes: () => ['Fix the axis: export with a static shape, or use onnxruntime.tools.make_dynamic_shape_fixed.'],
});

export const mixedSamples = defineDiagnostic<Wrong>({
  code: 'H111',
  severity: 'error',
  title: 'an operator that mixes samples',
  explain:
    'The first axis of the input is dynamic, so it counts samples. Each sample is computed by itself: that axis may ' +
    'move and be merged with others, but every output has to have it as an axis of its own, and nothing may reduce it, ' +
    'index it or depend on its size. The node is the first that moves it.',
  message: ({ reason }) => reason,
  notes: () => [
    'If the first axis is no batch, give it a fixed size in the export.',
    'If a fixed batch size was traced into the model, use -1 or x.size(0) instead of the number.',
  ],
});

export const modelTooLarge = defineDiagnostic<{ what: string; size: number; limit: number }>({
  code: 'H112',
  severity: 'error',
  title: 'a model that is too large',
  explain: 'hepc bounds the tensors that it builds while it imports, far above what can run on encrypted values.',
  message: ({ what, size, limit }) => `${what}: ${size}, at most ${limit} allowed`,
  notes: () => ['Use a smaller model or smaller inputs.'],
});

export const tooManyComparisons = defineDiagnostic<{
  leaves: number;
  length: number;
  rows: number;
  slots: number;
  most: number;
}>({
  code: 'H126',
  severity: 'error',
  title: 'trees that compare more than can be decided at once',
  explain:
    'All comparisons of all trees are decided side by side: each different leaf takes a slot for each of its comparisons, as many for all ' +
    'of them as the longest has, rounded up to a power of two. Leaves beyond the slots of one ciphertext take more ' +
    'of these, each of which is evaluated through the whole depth of a comparison; there is a limit to how many are worth while.',
  message: ({ leaves, length, rows, slots, most }) => {
    const each = rows === 1 ? '' : ` for each of ${rows} rows`;
    return (
      `the trees have ${leaves} different leaves, each with up to ${length} comparisons${each}: ${leaves * length * rows} slots, ` +
      `where the largest ring has ${slots} and hepc takes at most ${most}`
    );
  },
  notes: () => [
    'Train fewer or shallower trees (n_estimators, max_depth, max_leaf_nodes): boosting reaches the same with far fewer leaves than a forest.',
    'Make leaves alike (min_samples_leaf, rounded values): those that do not differ are one, and one kind of each tree costs nothing.',
  ],
});

export const badInterfaceType = defineDiagnostic<{ name: string; found: string }>({
  code: 'H113',
  severity: 'error',
  title: 'an input that is not a tensor of numbers or texts',
  explain:
    'Numbers are encrypted as reals, integers and booleans too. Texts are categories, which the client turns into numbers ' +
    'before it encrypts. Sequences, maps and complex numbers have no place in a plan.',
  message: ({ name, found }) => `input "${name}" is ${found}; expected a tensor of numbers or texts`,
  notes: () => ['Export the model with tensors as inputs.'],
});

export const constantOutput = defineDiagnostic<{ name: string; value: string }>({
  code: 'H114',
  severity: 'error',
  title: 'outputs that do not depend on any input',
  explain:
    'All outputs are constants of the model, or have no elements; there is nothing to compute on encrypted values. Beside an output that depends on an input they may stand: the client gives them itself.',
  message: ({ name, value }) => `output "${name}" does not depend on any input: it is always ${value}`,
  notes: () => [
    'Nothing needs to be encrypted for it. Where another value of the graph is wanted, --outputs takes its name.',
  ],
});

export const unusedInput = defineDiagnostic<{ name: string }>({
  code: 'H115',
  severity: 'warning',
  title: 'an input that no output depends on',
  explain: 'The client still has to give the input, for nothing.',
  message: ({ name }) => `no output depends on input "${name}"`,
  notes: () => ['Remove the input from the model.'],
});

export const onnxruntimeMissing = defineDiagnostic<{ command: string }>({
  code: 'H117',
  severity: 'error',
  title: 'onnxruntime is not installed',
  explain:
    'verify and prune run the model itself in onnxruntime-web. It is many times as large as hepc, and clients, servers and ' +
    'the compiler do without it: so it is installed by those alone who need it.',
  message: () => 'this needs onnxruntime-web, which is not installed',
  notes: ({ command }) => [`Install it beside hepc: ${command}`],
});

export const referenceFailed = defineDiagnostic<Wrong>({
  code: 'H116',
  severity: 'error',
  title: 'onnxruntime cannot run the model',
  explain:
    'hepc compares its answers with those of onnxruntime, which has refused the model or the sample. The model may ' +
    'use a newer operator set than this onnxruntime, or its shapes may not fit.',
  message: ({ reason }) => `onnxruntime cannot run the model: ${reason}`,
  notes: () => ['Check the model with onnx.checker.check_model, and with onnxruntime in Python.'],
});

export const recursiveFunction = defineDiagnostic<{ name: string }>({
  code: 'H120',
  severity: 'error',
  title: 'a function of the model that calls itself',
  explain:
    'A model may define operators as functions of others. hepc puts the nodes of a function in the place of those that ' +
    'call it, which has no end where a function calls itself, directly or by others.',
  message: ({ name }) => `the function ${name} calls itself`,
  notes: () => ['Rename the function if it is meant to call the operator of its name; unroll it otherwise.'],
});

export const referenceDeviates = defineDiagnostic<{ reason: string }>({
  code: 'H125',
  severity: 'warning',
  title: 'a node that onnxruntime computes in another way than ONNX says',
  explain:
    'hepc computes what the standard says. Where onnxruntime is known to do something else, `verify`, which compares with it, ' +
    'says so: the difference is not an error of the plan.',
  message: ({ reason }) => `onnxruntime deviates from ONNX: ${reason}`,
  notes: () => ['Compare with the framework that the model comes from, or export the node in another way.'],
});
