/** Diagnostics H7xx: the command line. */
import { defineDiagnostic } from './diagnostic.ts';

export const badUsage = defineDiagnostic<{ reason: string; suggestion?: string | undefined; help: string }>({
  code: 'H701',
  severity: 'error',
  title: 'a command line that hepc does not understand',
  explain:
    'A command, option or argument is unknown, missing, or one too many. `hepc help` lists the commands, `hepc help ' +
    'COMMAND` the options of one. The exit code is 2.',
  message: ({ reason }) => reason,
  notes: ({ suggestion, help }) => [
    ...(suggestion === undefined ? [] : [`Did you mean ${suggestion}?`]),
    `See \`${help}\`.`,
  ],
});

export const badOptionValue = defineDiagnostic<{ option: string; got: string; reason: string; help: string }>({
  code: 'H702',
  severity: 'error',
  title: 'an option with a value that it does not take',
  explain: 'The value of an option is no number, out of range, or none of its choices. The exit code is 2.',
  message: ({ option, got, reason }) => `${option}: ${reason}, got ${JSON.stringify(got)}`,
  notes: ({ help }) => [`See \`${help}\`.`],
});

export const unknownName = defineDiagnostic<{
  what: string;
  name: string;
  suggestion: string | undefined;
  list: string;
}>({
  code: 'H703',
  severity: 'error',
  title: 'no pass or diagnostic of this name',
  explain: 'Passes are listed by `hepc passes`, diagnostics by `hepc explain`.',
  message: ({ what, name }) => `there is no ${what} ${JSON.stringify(name)}`,
  notes: ({ suggestion, list }) => [
    ...(suggestion === undefined ? [] : [`Did you mean ${suggestion}?`]),
    `\`${list}\` lists all.`,
  ],
});

export const unreadableFile = defineDiagnostic<{ reason: string }>({
  code: 'H710',
  severity: 'error',
  title: 'a file that cannot be read',
  explain: 'The file does not exist, is a folder, or may not be read by this user.',
  message: ({ reason }) => `cannot read the file: ${reason}`,
  notes: () => ['Check the path, and the working directory.'],
});

export const fileTooLarge = defineDiagnostic<{ what: string; limit: number }>({
  code: 'H711',
  severity: 'error',
  title: 'a file that is too large',
  explain:
    'Every file is read up to a bound on its size, which is far above what hepc writes and what can be evaluated under ' +
    'encryption. A larger file is not what the argument stands for.',
  message: ({ what, limit }) => `the file is larger than ${limit} bytes, the most that ${what} may take`,
  notes: () => ['Check that the arguments are in the right order.'],
});

export const unwritableOutput = defineDiagnostic<{ reason: string }>({
  code: 'H720',
  severity: 'error',
  title: 'an output that cannot be written',
  explain:
    'Before long work starts, hepc checks that it could write the output. Files are written beside their place and then ' +
    'moved there, so their folder has to exist and be writable; what stood there before is replaced in one step.',
  message: ({ reason }) => `cannot write the output: ${reason}`,
  notes: () => ['Choose another place with -o, or make the folder first.'],
});

export const badAnswerFile = defineDiagnostic<{ reason: string }>({
  code: 'H723',
  severity: 'error',
  title: 'answers in a format that hepc does not write',
  explain:
    'The ending of the name says how answers are written: .npy holds one array, .npz several by name, .json nested lists by ' +
    'the names of outputs, .csv a row for each sample. Without an ending one output is written as .npy, several as .npz.',
  message: ({ reason }) => `cannot write the answers: ${reason}`,
  notes: () => ['End the name with .npy (one output), .npz, .json or .csv.'],
});

export const keysExist = defineDiagnostic<{ found: readonly string[] }>({
  code: 'H721',
  severity: 'error',
  title: 'a folder that already has keys',
  explain:
    'Whoever overwrites a secret key can never again decrypt what was encrypted under it, and keys of different sets are of ' +
    'no use together. So keygen overwrites keys only when told to.',
  message: ({ found }) => `the folder already has keys: ${found.join(', ')}`,
  notes: () => ['Use them, choose another folder, or overwrite the keys with --force.'],
});

export const noKeysFor = defineDiagnostic<{
  file: string;
  set: string;
  sets: readonly string[];
  /** Of the plan. */
  needs: { readonly degree: number; readonly primes: number; readonly steps: number };
  plan: string;
  folder: string;
}>({
  code: 'H724',
  severity: 'error',
  title: 'a folder without keys for the plan',
  explain:
    'A folder holds the keys of one set of encryption parameters and rotation steps, or several such sets in folders of ' +
    'their own, whose names are computed from both. None of them is that of this plan. `hepc keygen` adds a set to a folder ' +
    'and leaves the others as they are.',
  message: ({ file, set, sets, needs: { degree, primes, steps } }) =>
    `the folder has no ${file} for N = ${degree}, ${primes} primes and ${steps} rotation steps, which would be in ${set}` +
    (sets.length === 0 ? '' : `; it has ${sets.join(', ')}, for other parameters or rotation steps`),
  notes: ({ plan, folder }) => [`The client makes these keys by \`hepc keygen ${word(plan)} -o ${word(folder)}\`.`],
});

/** A file as it could be typed. */
function word(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : JSON.stringify(path);
}

export const keysBusy = defineDiagnostic({
  code: 'H722',
  severity: 'error',
  title: 'a folder to which another keygen is writing',
  explain:
    'The keys of a set belong together, so only one keygen at a time writes to a folder. One that has been killed does not ' +
    'hold up the next, unless it ran on another machine or in another container.',
  message: () => 'another keygen is writing keys to this folder',
  notes: () => [
    'Choose another folder, or wait until the other one is done.',
    'Where no other one runs, remove the folder .hepc-keygen in it.',
  ],
});

export const boundPlan = defineDiagnostic({
  code: 'H731',
  severity: 'error',
  title: 'a plan that is bound to the key of a client',
  explain:
    'A bound plan holds its weights encrypted under the public key of one client, and only that client can decrypt what ' +
    'it computes. `hepc run` and `hepc verify` make keys of their own and so need the plan before it was bound.',
  message: () => 'the weights of the plan are encrypted under the key of a client, which this command does not have',
  notes: () => [
    'Use the plan that `hepc compile` wrote.',
    'To evaluate the bound plan, use `hepc encrypt`, `hepc eval` and `hepc decrypt` with the keys that it is bound to.',
  ],
});

export const plainWeights = defineDiagnostic({
  code: 'H732',
  severity: 'error',
  title: 'nothing to bind',
  explain:
    'Binding encrypts the weights of a plan that was compiled with --weights encrypted. This one has plain weights.',
  message: () => 'the plan has plain weights, so there is nothing to bind',
  notes: () => ['Compile with --weights encrypted, or give the plan to the server as it is.'],
});

export const otherModel = defineDiagnostic<{ reason: string }>({
  code: 'H733',
  severity: 'error',
  title: 'a model that the plan was not compiled from',
  explain: 'Answers can be compared only if the inputs and outputs of model and plan have the same names and shapes.',
  message: ({ reason }) => `the plan was compiled from another model: ${reason}`,
  notes: () => ['Give the model that the plan was compiled from, or compile this one.'],
});

export const inaccurate = defineDiagnostic<{ error: number; allowed: number }>({
  code: 'H734',
  severity: 'error',
  title: 'answers that are less accurate than the plan promises',
  explain:
    'The largest error on these samples is above the --max-error that the plan was compiled with. Most often the samples ' +
    'differ from those for calibration, so that activations are approximated or values are scaled for another range.',
  message: ({ error, allowed }) =>
    `the largest error is ${error.toPrecision(3)}, above the ${allowed.toPrecision(3)} that the plan was compiled for`,
  notes: () => [
    'Compile with calibration samples that are like these, or more of them.',
    'Compile with a smaller --max-error, so that parameters leave more room.',
  ],
});

export const wrongLevel = defineDiagnostic<{ pass: string; expected: string; got: string }>({
  code: 'H740',
  severity: 'error',
  title: 'a pass for another level of the IR',
  explain: 'Each pass works on one level: tensor, tile or he. `hepc passes` shows which.',
  message: ({ pass, expected, got }) => `${pass} takes modules of level ${expected}; this one is of level ${got}`,
  notes: () => ['`hepc passes` shows the level of every pass.'],
});

export const badPassOptions = defineDiagnostic<{ pass: string; reason: string }>({
  code: 'H741',
  severity: 'error',
  title: 'options that a pass does not take',
  explain:
    'Options are a JSON object. For a single --pass it holds the options of that pass; for several it holds one object ' +
    'for each, by the name of the pass.',
  message: ({ pass, reason }) => `options of ${pass}: ${reason}`,
  notes: ({ pass }) => [`\`hepc passes ${pass}\` describes them.`],
});

export const noSuchText = defineDiagnostic<{ level: string }>({
  code: 'H742',
  severity: 'error',
  title: 'a plan without the text of this level',
  explain:
    'hepc compile stores the tensor and tile levels as text in the plan. A bound plan does not have them, because they ' +
    'may show weights.',
  message: ({ level }) => `the plan has no text of level ${level}`,
  notes: () => ['Inspect the plan that `hepc compile` wrote.'],
});

export const noSearchReport = defineDiagnostic({
  code: 'H743',
  severity: 'error',
  title: 'a plan without the report of the search',
  explain:
    'hepc compile stores in the plan what it tried. A bound plan does not have that, because it may show where weights ' +
    'are zero; nor does one of an earlier version.',
  message: () => 'the plan does not say what the search tried',
  notes: () => ['Inspect the plan that `hepc compile` wrote.'],
});

export const notTrace = defineDiagnostic<{ reason: string }>({
  code: 'H744',
  severity: 'error',
  title: 'a file that is no trace of a run of this plan',
  explain:
    '`hepc inspect --html --trace` takes a file that `hepc run --trace` wrote when it ran the same plan: JSON with the times ' +
    'of keys, encryption, evaluation and decryption. This file is something else, of another plan, or has been edited.',
  message: ({ reason }) => `this is no trace of a run of the plan: ${reason}`,
  notes: () => ['Run the plan again: `hepc run PLAN.hep --input X.npz --trace TRACE.json`.'],
});
