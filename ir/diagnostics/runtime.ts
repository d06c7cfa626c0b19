/** Diagnostics H6xx: keys, ciphertexts and evaluation. */
import { defineDiagnostic } from './diagnostic.ts';

/** Without an article. */
export type NamedFile =
  | 'secret key'
  | 'public key'
  | 'evaluation keys'
  | 'encrypted inputs'
  | 'encrypted outputs'
  | 'bound weights'
  | 'values to be refreshed'
  | 'refreshed values'
  | 'paused evaluation';

function isPlural(what: NamedFile): boolean {
  return what.endsWith('s');
}

function were(what: NamedFile): string {
  return isPlural(what) ? 'were' : 'was';
}

const copyAgain = 'Copy or download the file again; compare its size with the original.';

export const notAnEnvelope = defineDiagnostic<{ expected: string; got: string | undefined }>({
  code: 'H601',
  severity: 'error',
  title: 'not a file of keys or ciphertexts',
  explain:
    'Keys, inputs and outputs are files of their own format, which begin with "HEPC". This one does not: it may be ' +
    'a plan, a model, samples, or something from another program.',
  message: ({ expected, got }) =>
    `expected ${expected}, but the ${got === undefined ? 'bytes are no file of keys or ciphertexts' : `file is ${got}`}`,
  notes: () => ['Check that the arguments are in the right order.'],
});

export const unknownEnvelopeVersion = defineDiagnostic<{ got: number; known: number }>({
  code: 'H602',
  severity: 'error',
  title: 'file of keys or ciphertexts of another format version',
  explain:
    'The format has a version number. A file of a later version than this hepc knows is refused rather than guessed at.',
  message: ({ got, known }) => `the file has format version ${got}; this version of hepc reads version ${known}`,
  notes: ({ got, known }) => [
    got > known ? 'Update hepc on this machine.' : 'Make the file again with this version of hepc.',
  ],
});

export const wrongKindOfFile = defineDiagnostic<{ expected: string; got: string }>({
  code: 'H603',
  severity: 'error',
  title: 'a file of another kind',
  explain:
    'There are these kinds: the secret key, which stays with the client; the public key, which binds weights; the ' +
    'evaluation keys, for the server; encrypted inputs; encrypted outputs; and, of plans with refreshes, values to be refreshed, ' +
    'refreshed values, and the paused evaluation, which stays with the server.',
  message: ({ expected, got }) => `expected ${expected}, got ${got}`,
  notes: ({ got }) =>
    got === 'a secret key'
      ? ['Never give the secret key to a server; whoever has it decrypts everything.']
      : ['Check that the arguments are in the right order.'],
});

export const damagedFile = defineDiagnostic<{ reason: string }>({
  code: 'H604',
  severity: 'error',
  title: 'damaged file of keys or ciphertexts',
  explain:
    'The file states its own size and a SHA-256 digest of its content. They do not agree with what is there: the file ' +
    'is cut short, has something after its end, or was changed.',
  message: ({ reason }) => `the file is damaged: ${reason}`,
  notes: () => [copyAgain],
});

export const otherParameters = defineDiagnostic<{ what: NamedFile }>({
  code: 'H605',
  severity: 'error',
  title: 'keys for other parameters',
  explain:
    'Keys belong to one set of encryption parameters and one set of rotation steps. Two plans share keys only if they ' +
    'agree in both; compiling again with other options usually changes them.',
  message: ({ what }) =>
    `the ${what} ${were(what)} made for other encryption parameters or rotation steps than those of this plan`,
  notes: () => ['Generate keys from this plan (`hepc keygen` adds them to a folder), and encrypt again under them.'],
});

export const otherKey = defineDiagnostic<{ what: NamedFile; got: string; expected: string }>({
  code: 'H606',
  severity: 'error',
  title: 'encrypted under another key',
  explain:
    'Every set of keys has an identity, a digest of its public key, which inputs, outputs and bound weights carry. What ' +
    'was encrypted under one key and computed with another decrypts to noise, so it is refused.',
  message: ({ what, got, expected }) =>
    `the ${what} belong${isPlural(what) ? '' : 's'} to key ${got.slice(0, 16)}…, but the key in use is ${expected.slice(0, 16)}…`,
  notes: () => ['Use the keys that were generated together, and data encrypted under them.'],
});

export const otherEncoding = defineDiagnostic<{ what: NamedFile }>({
  code: 'H607',
  severity: 'error',
  title: 'ciphertexts of another plan',
  explain:
    'Ciphertexts hold values in an order and at a scale that the plan prescribes. These were packed for another plan, ' +
    'even though its keys fit.',
  message: ({ what }) => `the ${what} ${were(what)} packed for another plan than this one`,
  notes: () => ['Encrypt with the client part of the very plan that is evaluated.'],
});

export const malformedSealData = defineDiagnostic<{ what: string; reason: string }>({
  code: 'H608',
  severity: 'error',
  title: 'malformed SEAL data',
  explain:
    'Every key and ciphertext is checked field by field before the SEAL library reads it: its header, version, size, ' +
    'and that it is not compressed. This one is not what SEAL 4.1 writes.',
  message: ({ what, reason }) => `${what} is malformed: ${reason}`,
  notes: () => ['Make the file again; if it was made by another program, save without compression.'],
});

export const wrongSealParameters = defineDiagnostic<{ what: string; field: string; expected: string; got: string }>({
  code: 'H609',
  severity: 'error',
  title: 'SEAL data of other parameters',
  explain:
    'A key or ciphertext carries the identity of its encryption parameters, its level, size, degree, scale and form. The ' +
    'plan says what each of them must be; anything else would be computed with wrongly.',
  message: ({ what, field, expected, got }) => `${what}: expected ${field} ${expected}, got ${got}`,
  notes: () => ['Encrypt with the client part of the very plan that is evaluated.'],
});

export const sealRefuses = defineDiagnostic<{ what: string; reason: string }>({
  code: 'H610',
  severity: 'error',
  title: 'data that SEAL refuses',
  explain:
    'The header is in order, but SEAL refuses the content. Most likely a residue is not below its prime: the data were ' +
    'changed after they were written.',
  message: ({ what, reason }) => `SEAL refuses ${what}: ${reason}`,
  notes: () => [copyAgain],
});

export const residueTooLarge = defineDiagnostic<{ what: string; index: number }>({
  code: 'H613',
  severity: 'error',
  title: 'a residue beyond its prime',
  explain:
    'The polynomials of keys and ciphertexts are residues modulo the primes of the plan. Each is compared with its prime ' +
    'before it is computed with. This one is too large: the data were changed after they were written.',
  message: ({ what, index }) => `${what} has a residue that is not below its prime, at coefficient ${index}`,
  notes: () => [copyAgain],
});

export const wrongGaloisKeys = defineDiagnostic<{ missing: readonly number[]; unexpected: readonly number[] }>({
  code: 'H611',
  severity: 'error',
  title: 'Galois keys of the wrong steps',
  explain:
    'Each rotation step of a plan has a Galois key of its own. The set in the file is not the one that the plan needs.',
  message: ({ missing, unexpected }) => {
    const parts = [
      ...(missing.length > 0 ? [`no Galois key for step ${list(missing)}`] : []),
      ...(unexpected.length > 0 ? [`Galois keys that the plan does not use, at index ${list(unexpected)}`] : []),
    ];
    return `the evaluation keys have ${parts.join(', and ')}`;
  },
  notes: () => ['Generate keys from this plan.'],
});

export const wrongCount = defineDiagnostic<{ what: string; expected: number; got: number }>({
  code: 'H612',
  severity: 'error',
  title: 'wrong number of parts',
  explain:
    'The plan says how many ciphertexts a run takes and gives, and which keys there are. The file has more or fewer.',
  message: ({ what, expected, got }) => `expected ${expected} ${what}, got ${got}`,
  notes: () => ['Make the file again from this plan.'],
});

export const noSamplesToEncrypt = defineDiagnostic<{ got: number; limit: number }>({
  code: 'H622',
  severity: 'error',
  title: 'no samples, or too many at once',
  explain: 'A file of inputs holds at least one sample, and a limited number, so that the server can bound its memory.',
  message: ({ got, limit }) => `expected 1 to ${limit} samples, got ${got}`,
  notes: () => ['Encrypt in several portions.'],
});

export const unboundWeights = defineDiagnostic<{ plan: string }>({
  code: 'H630',
  severity: 'error',
  title: 'encrypted weights that are not bound',
  explain:
    'A plan with encrypted weights runs only after the model owner has encrypted them under the public key of the client.',
  message: ({ plan }) => `the weights of plan ${JSON.stringify(plan)} are not bound to a key`,
  notes: () => ['Let the model owner run `hepc bind` with the public key of the client.'],
});

export const tooLittleMemory = defineDiagnostic<{
  needed: number;
  limit: number;
  keys: number;
  ciphertexts: number;
  plaintexts: number;
}>({
  code: 'H631',
  severity: 'error',
  title: 'a plan too large for the engine',
  explain:
    'Keys, living ciphertexts and at least one encoded weight must fit into the memory of the engine: of `seal-wasm` 4 GiB for ' +
    'each worker, of `simd` 16 GiB for all. This is computed before anything starts.',
  message: ({ needed, limit, keys, ciphertexts, plaintexts }) =>
    `one worker needs ${mebibytes(needed)} (keys ${mebibytes(keys)}, ciphertexts ${mebibytes(ciphertexts)}, weights ` +
    `${mebibytes(plaintexts)}), more than ${mebibytes(limit)}`,
  notes: () => ['Compile with a memory limit, or for fewer rotation steps, so that keys and ciphertexts take less.'],
});

/** Without a worker where memory is asked for before anything is computed, by a server or a client. */
export const outOfMemory = defineDiagnostic<{ worker?: number }>({
  code: 'H632',
  severity: 'error',
  title: 'out of memory',
  explain:
    'The machine does not give the memory that a server or a client asks for before it starts; then nothing is lost. Or a worker of a ' +
    'server has run out of memory in spite of the estimate: its state is lost, and with it all sessions of the server, which ' +
    'have to be opened again.',
  message: ({ worker }) =>
    worker === undefined ? 'there is not as much memory as is needed' : `worker ${worker} ran out of memory`,
  notes: ({ worker }) => [
    worker === undefined
      ? 'Give the process more memory, or close what else takes it. A server needs less with a lower memory budget for encoded weights, or fewer threads.'
      : 'Lower the memory budget for encoded weights, or use fewer threads.',
  ],
});

export const keysNotLoaded = defineDiagnostic<{ what: string }>({
  code: 'H633',
  severity: 'error',
  title: 'no keys',
  explain: 'Evaluation needs evaluation keys, encryption and decryption the secret key. They have to be loaded first.',
  message: ({ what }) => `${what} without keys`,
  notes: () => ['Load or generate keys first.'],
});

export const badThreads = defineDiagnostic<{ got: number; limit: number }>({
  code: 'H634',
  severity: 'error',
  title: 'impossible number of threads',
  explain: 'An evaluation is shared among one or more worker threads.',
  message: ({ got, limit }) => `expected 1 to ${limit} threads, got ${got}`,
  notes: () => ['Use as many threads as the machine has cores, or fewer.'],
});

export const engineUnfit = defineDiagnostic<{ reason: string }>({
  code: 'H635',
  severity: 'error',
  title: 'kernels that cannot run here',
  explain:
    'The engine simd and the cryptography of clients compute by kernels that need relaxed SIMD in WebAssembly, a processor that ' +
    'multiplies and adds with one rounding, and primes below 2^48; the engine needs memories of the shared kind besides. They ' +
    'test the arithmetic before they start. Where one of these is missing they do not run, or their results would be wrong. ' +
    'SEAL needs none of them, and gives the same answers, in clients and as the engine seal-wasm; of pages in browsers that ' +
    'engine takes those that are cross-origin isolated (see H637). But SEAL has one special prime, and N up to 32768.',
  message: ({ reason }) => `the kernels of simd cannot run: ${reason}`,
  notes: () => [
    'Use --engine seal-wasm, or leave the engine out, so that hepc chooses. A plan with several special primes or N = 65536 has to ' +
      'be compiled with --engine seal-wasm first, for its client too.',
  ],
});

export const engineReplaced = defineDiagnostic<{ used: string; reason: string }>({
  code: 'H636',
  severity: 'warning',
  title: 'another engine takes over',
  explain:
    'Where no engine is asked for by name, simd runs if it can and seal-wasm if not (see H635). The answers are the same, ' +
    'and take several times as long.',
  message: ({ used, reason }) => `${used} takes over, for the engine simd cannot run: ${reason}`,
});

export const oneThread = defineDiagnostic<{ asked: number }>({
  code: 'H637',
  severity: 'warning',
  title: 'one thread in place of several',
  explain:
    'Threads work on memory that they share. Browsers allow that in pages that are cross-origin isolated: served with ' +
    'the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp, over HTTPS or ' +
    'from localhost. In any other page one thread evaluates; the answers are the same.',
  message: ({ asked }) => `${asked} threads were asked for; this page cannot share memory with workers, so one runs`,
  notes: () => ['Serve the page cross-origin isolated, or ask for one thread.'],
});

export const noSharedMemory = defineDiagnostic<{ engine: string }>({
  code: 'H638',
  severity: 'error',
  title: 'an engine that needs shared memory',
  explain:
    'The engine seal-wasm hands values between threads in memory that they share, even if it has one thread beside the ' +
    'page. Browsers allow that in pages that are cross-origin isolated (see H637). The engine simd can do without.',
  message: ({ engine }) => `the engine ${engine} cannot run: this page cannot share memory with workers`,
  notes: () => ['Serve the page cross-origin isolated.'],
});

export const weightsBeyondBudget = defineDiagnostic<{ needed: number; limit: number }>({
  code: 'H639',
  severity: 'error',
  title: 'encrypted weights that have to be in memory at once',
  explain:
    'Encrypted weights beyond the memory budget are read from the file while the plan runs, through memory that the ' +
    'reader shares with a worker. In a page that is not cross-origin isolated (see H637) there is none, so that all ' +
    'weights have to fit the budget.',
  message: ({ needed, limit }) =>
    `the encrypted weights take ${mebibytes(needed)}, more than the budget of ${mebibytes(limit)}; this page cannot ` +
    'share memory with workers, through which they would come one by one',
  notes: () => ['Serve the page cross-origin isolated, or raise the memory budget.'],
});

export const isClosed = defineDiagnostic<{ what: string }>({
  code: 'H640',
  severity: 'error',
  title: 'a server or session that is closed',
  explain:
    'Closing a server or a session finishes what was asked for before. It takes nothing new from then on: its memory is ' +
    'given back.',
  message: ({ what }) => `${what} is closed`,
  notes: () => ['Open another one, or close it later.'],
});

export const sessionLost = defineDiagnostic<{ reason: string }>({
  code: 'H641',
  severity: 'error',
  title: 'a session that has ended with others',
  explain:
    'The sessions of a server share its workers. Where these fail, by want of memory or an error, nobody knows what their ' +
    'memory holds, and all sessions end. The server starts new workers for the next session.',
  message: ({ reason }) => `the workers of the server have ended: ${reason}`,
  notes: () => ['Open the session again.'],
});

export const unknownEngine = defineDiagnostic<{
  got: string;
  suggestion?: string | undefined;
  known: readonly string[];
}>({
  code: 'H642',
  severity: 'error',
  title: 'unknown engine',
  explain:
    'An engine evaluates a plan on encrypted data. A server is told which one, or chooses the fastest that runs.',
  message: ({ got, known }) => `there is no engine ${JSON.stringify(got)}; known are ${known.join(', ')}`,
  notes: ({ suggestion }) => (suggestion === undefined ? [] : [`Did you mean ${suggestion}?`]),
});

export const badMemoryBudget = defineDiagnostic<{ got: string }>({
  code: 'H643',
  severity: 'error',
  title: 'impossible memory budget',
  explain: 'The memory budget is a number of bytes, 0 or more, for encoded weights and keys.',
  message: ({ got }) => `expected a number of bytes as the memory budget, got ${got}`,
});

export const notBytes = defineDiagnostic<{ what: string; got: string }>({
  code: 'H644',
  severity: 'error',
  title: 'not bytes',
  explain:
    'Plans, keys and ciphertexts are passed as the bytes of their files: a Uint8Array, of which a Buffer is one kind.',
  message: ({ what, got }) => `expected the bytes of ${what}, got ${got}`,
  notes: () => ['Pass a Uint8Array.'],
});

function list(values: readonly number[]): string {
  const shown = values.slice(0, 8).join(', ');
  return values.length > 8 ? `${shown} and ${values.length - 8} more` : shown;
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)} MiB`;
}

export const sealUnsupported = defineDiagnostic<{ reason: string }>({
  code: 'H645',
  severity: 'error',
  title: 'a browser or Node that does not run SEAL',
  explain:
    "SEAL's code uses exceptions of WebAssembly by reference, which browsers have from Chrome 137, Firefox 131 and Safari " +
    '18.4 on, and Node in its releases from 22.19 and 24.15 on.',
  message: ({ reason }) => `SEAL cannot be compiled here: ${reason}`,
  notes: () => ['Use a newer browser.'],
});

export const workerNotStarted = defineDiagnostic<{ reason: string }>({
  code: 'H646',
  severity: 'error',
  title: 'a worker that a page does not start',
  explain:
    'In a page the library starts workers from scripts that it holds, by blob: URLs, which the content security policy of the ' +
    'page has to allow. A WorkerClient can have a worker whose script is served like any other of the page: ' +
    '`WorkerClient.create(file, { worker })`, of hepc/client-worker/worker.',
  message: ({ reason }) => `a worker cannot be started: ${reason}`,
  notes: () => [
    'Add blob: to worker-src of the content security policy, or pass `worker` to WorkerClient.create.',
    'Where `worker` is passed, check its URL; the console of the browser says what was refused.',
  ],
});

export const wasmForbidden = defineDiagnostic<{ reason: string }>({
  code: 'H647',
  severity: 'error',
  title: 'a content security policy without WebAssembly',
  explain:
    'Where a page has a content security policy, WebAssembly is compiled only if its script-src has ' +
    "'wasm-unsafe-eval', which allows nothing else. Workers from blob: URLs have the policy of the page; one whose script is " +
    'served has the policy that comes with its script.',
  message: ({ reason }) => `SEAL cannot be compiled here: ${reason}`,
  notes: () => [
    "Add 'wasm-unsafe-eval' to script-src of the content security policy, of the page or of the worker's script.",
  ],
});

export const notRead = defineDiagnostic<{ expected: string; reader: string; got: string }>({
  code: 'H648',
  severity: 'error',
  title: 'a plan that is not read',
  explain:
    'Client and Server take a plan, or its client part, as `readPlan` and `readClientPart` give it, and not the bytes of a ' +
    'file; a WorkerClient takes the bytes.',
  message: ({ expected, got }) => `expected ${expected}, got ${got}`,
  notes: ({ reader }) => [`Read the file first: \`${reader}(bytes, fileName)\`.`],
});

export const wrongRuns = defineDiagnostic<{ first: number; end: number; runs: number }>({
  code: 'H649',
  severity: 'error',
  title: 'runs that a file does not have',
  explain:
    'A file of encrypted inputs has its samples in runs of up to the batch of the plan. Some of them may be evaluated alone: from ' +
    'the first to before the last, both of them whole numbers.',
  message: ({ first, end, runs }) => `there are no runs ${first} to ${end} in a file of ${runs}`,
});

export const partsUnlike = defineDiagnostic<{ part: number; reason: string }>({
  code: 'H650',
  severity: 'error',
  title: 'files that are not parts of one',
  explain:
    'Encrypted outputs of consecutive runs can be put together into one file. They must be of the same plan and key, and all ' +
    'runs but the last must be full.',
  message: ({ part, reason }) => `file ${part} of the outputs does not follow the ones before: ${reason}`,
});

export const noSuchPlace = defineDiagnostic<{ place: number; samples: number; batch: number }>({
  code: 'H651',
  severity: 'error',
  title: 'no such place in a run',
  explain:
    'A run takes as many samples as the batch of the plan. Files of a few samples each can share it, each from a place of its ' +
    'own on, which is a whole number from 0 on; all samples of such a file are in this one run.',
  message: ({ place, samples, batch }) =>
    `there is no room for ${samples} samples from place ${place} on in a run of ${batch}`,
  notes: () => ['Leave the place out: a file without one may have any number of samples.'],
});

export const notTogether = defineDiagnostic<{ file: number; reason: string }>({
  code: 'H652',
  severity: 'error',
  title: 'inputs that cannot be evaluated together',
  explain:
    'Files of encrypted inputs of one key can be evaluated in one run if each says at which places of it its samples are, and no ' +
    'two are at the same place. The noise of their encryption adds up, so there is a limit to their number.',
  message: ({ file, reason }) => `file ${file} of the inputs cannot be evaluated with the others: ${reason}`,
  notes: () => ['Evaluate the files one by one.'],
});

export const malformedSwitchingKeys = defineDiagnostic<{ what: string; reason: string }>({
  code: 'H653',
  severity: 'error',
  title: 'malformed evaluation keys',
  explain:
    'Evaluation keys of plans with several special primes have a format of their own. The plan says which keys there are, in ' +
    'which order, for which levels, digits and primes, and so how many bytes they take. Each of these is compared before ' +
    'anything is computed.',
  message: ({ what, reason }) => `${what} is malformed: ${reason}`,
  notes: () => ['Generate keys from this plan.'],
});

export const repeatedSeed = defineDiagnostic<{ what: string; other: string }>({
  code: 'H654',
  severity: 'error',
  title: 'two evaluation keys of one seed',
  explain:
    'Half of every evaluation key is made of a random seed. Two keys of one seed would be encryptions with the same ' +
    'randomness, whose difference tells of the secret key. No client makes such keys: the file is not what it should be, or ' +
    'the random generator of the machine that made it is broken.',
  message: ({ what, other }) => `${what} has the seed of ${other}`,
  notes: () => ['Generate keys anew, on another machine if it happens again.'],
});

export const malformedSecretKey = defineDiagnostic<{ reason: string }>({
  code: 'H655',
  severity: 'error',
  title: 'malformed secret key',
  explain:
    'The secret key of a plan with several special primes is a file of its own format: a head, and the coefficients −1, 0 ' +
    'and 1 of a polynomial, two bits each.',
  message: ({ reason }) => `the secret key is malformed: ${reason}`,
  notes: () => [copyAgain],
});

export const noWideMemory = defineDiagnostic<{ needed: number }>({
  code: 'H657',
  severity: 'error',
  title: 'memory beyond 4 GiB, which there is not here',
  explain:
    'A plan that was compiled with more than 4 GiB of memory (--max-memory) runs on a memory of WebAssembly with 64-bit ' +
    'addresses (memory64). Node has it from 24 on, Chrome and Edge from 133, Firefox from 134. This is found out before ' +
    'anything is read.',
  message: ({ needed }) => `the plan needs ${mebibytes(needed)}, and WebAssembly has no more than 4 GiB here`,
  notes: () => [
    'Evaluate on Node 24, in Chrome 133 or in Firefox 134 or later, or compile with --max-memory 3.5GiB or less.',
  ],
});

export const notForEngine = defineDiagnostic<{ engine: string; reason: string }>({
  code: 'H656',
  severity: 'error',
  title: 'a plan that an engine does not run',
  explain:
    'Plans for the engine simd switch keys with several special primes where that makes them faster, and their keys are of a ' +
    'format that SEAL does not have; and only simd takes N = 65536. A plan that was compiled for seal-wasm has one special ' +
    'prime and N up to 32768, and runs on either.',
  message: ({ engine, reason }) => `the engine ${engine} does not run this plan: ${reason}`,
  notes: ({ engine }) => [`Run it with --engine simd, or compile it with --engine ${engine}.`],
});
