/**
 * The rooms of the sources and what each may import: dependency-cruiser's rules and the picture in ARCHITECTURE.md are
 * made from this table.
 *
 * A house is a folder at the root. Its rooms are the folders in it, without what is in folders below these, or named
 * files. A room may import the rooms of its house that it names, whatever is in the houses that its house may import,
 * and nothing else of ours. Rooms and houses name only what stands above them, so that no import runs upwards.
 */

/**
 * @typedef {object} Room
 * @property {string} name folder within the house; `.` is the house itself, `.#…` some of its files
 * @property {readonly string[]} imports names of rooms of the same house
 * @property {readonly string[]} [files] names without `.ts`, where the room is not all that its folder holds
 *
 * @typedef {object} House
 * @property {string} name
 * @property {string} holds one line for the picture
 * @property {readonly string[]} imports names of houses
 * @property {readonly Room[]} rooms
 */

/** @type {(name: string, imports?: string, files?: string) => Room} */
function room(name, imports = '', files) {
  const list = imports.split(' ').filter(Boolean);
  return files === undefined ? { name, imports: list } : { name, imports: list, files: files.split(' ') };
}

const diagnostics = 'diagnostics/refresh diagnostics/service diagnostics/pruning diagnostics';
const values = `.#values maths ${diagnostics}`;

/** @type {readonly House[]} */
export const houses = [
  {
    name: 'ir',
    holds: 'types, ops, layouts, interpreters, verifiers, text, diagnostics',
    imports: [],
    rooms: [
      room('maths'),
      room('files'),
      room('diagnostics#diagnostic', '', 'diagnostic'),
      room('diagnostics/pruning', 'diagnostics#diagnostic'),
      room('diagnostics/refresh', 'diagnostics#diagnostic'),
      room('diagnostics/service', 'diagnostics#diagnostic'),
      room('diagnostics', 'maths diagnostics#diagnostic diagnostics/service diagnostics/pruning diagnostics/refresh'),
      room('ckks#security', '', 'security'),
      room(
        '.#values',
        `ckks#security maths diagnostics#diagnostic ${diagnostics}`,
        'attributes constant digest given-samples graph interface module op parameters random reports suggestion',
      ),
      room('ckks', '.#values maths'),
      room('tensor/schemes', `${values} diagnostics#diagnostic`),
      room('tensor', `tensor/schemes ${values} diagnostics#diagnostic`),
      room('tile', `tensor ${values} diagnostics#diagnostic`),
      room('he', `ckks tile ${values} diagnostics#diagnostic`),
      room('client', `tensor ${values} diagnostics#diagnostic`),
      room('plan', `ckks client he tile tensor ${values} diagnostics#diagnostic`),
      room('.', `plan client he tile tensor ${values} diagnostics#diagnostic`),
      room('interpret', `. ckks plan client he tile tensor ${values} diagnostics#diagnostic`),
      room('text/syntax', `. ckks he tile tensor ${values} diagnostics#diagnostic`),
      room('text/print', `text/syntax . plan he tile ${values} diagnostics#diagnostic`),
      room('text/read', `text/print text/syntax . plan he tile ${values} diagnostics#diagnostic`),
      room('text', `text/read text/print text/syntax . plan ${values} diagnostics#diagnostic`),
    ],
  },
  { name: 'costs', holds: 'what operations, programs and plans cost', imports: ['ir'], rooms: [room('.')] },
  {
    name: 'passes',
    holds: 'one optimisation a file, the manager; pruning',
    imports: ['costs', 'ir'],
    rooms: [
      room('base'),
      room('tensor/linear', 'base'),
      room('tensor/dead-elements'),
      room('tensor/polynomials', 'base'),
      room('tensor/comparisons', 'base'),
      room('tensor/approximation', 'tensor/comparisons base'),
      room(
        'tensor',
        'tensor/linear tensor/dead-elements tensor/polynomials tensor/approximation tensor/comparisons base',
      ),
      room('tile', 'base'),
      room('he/scales', 'base'),
      room('he', 'he/scales base'),
      room('he/bootstrapping', 'he he/scales base'),
      room('he/scheduling', 'he base'),
      room('pruning/statistics', 'base'),
      room('pruning/neurons', 'pruning/statistics base'),
      room('pruning/regression', 'pruning/statistics base'),
      room('pruning/orders', 'pruning/statistics base'),
      room('pruning/tiles', 'pruning/orders pruning/statistics'),
      room('pruning', 'pruning/tiles pruning/orders pruning/regression pruning/neurons pruning/statistics base'),
      room('.', 'pruning he/scheduling he/bootstrapping he tile tensor base'),
    ],
  },
  {
    name: 'training',
    holds: 'gradients and export as ONNX graphs, onnxruntime',
    imports: ['ir'],
    rooms: [room('onnx'), room('gradients', 'onnx'), room('.', 'gradients onnx')],
  },
  {
    name: 'compiler',
    holds: 'ONNX import, kernels, layouts, lowering, parameters, search',
    imports: ['passes', 'costs', 'ir'],
    rooms: [
      room('onnx/proto'),
      room('onnx/patterns', 'onnx/proto'),
      room('onnx/emission', 'onnx/proto'),
      room('onnx/rules', 'onnx/emission onnx/proto'),
      room('onnx/rules/einsum', 'onnx/rules onnx/emission onnx/proto'),
      room('onnx/rules/comparisons', 'onnx/rules onnx/emission onnx/proto'),
      room('onnx/rules/quantization', 'onnx/rules onnx/emission onnx/proto'),
      room('onnx/rules/sampling', 'onnx/rules onnx/emission onnx/proto'),
      room('onnx/rules/recurrent', 'onnx/rules onnx/emission onnx/proto'),
      room('onnx/rules/positions', 'onnx/rules onnx/emission onnx/proto'),
      room('onnx/rules/signal', 'onnx/rules onnx/emission onnx/proto'),
      room('onnx/rules/constants', 'onnx/rules onnx/emission onnx/proto'),
      room('onnx/rules/functions', 'onnx/rules onnx/emission onnx/proto'),
      room('onnx/rules/microsoft', 'onnx/rules/positions onnx/rules onnx/emission onnx/proto'),
      room('onnx/rules/ml', 'onnx/rules onnx/emission onnx/proto'),
      room('onnx/rules/ml/trees', 'onnx/rules/ml onnx/rules onnx/emission onnx/proto'),
      room('onnx/client', 'onnx/rules onnx/emission onnx/proto'),
      room('onnx/client/rules', 'onnx/client onnx/rules onnx/emission onnx/proto'),
      room(
        'onnx/client/rules/ml',
        'onnx/client/rules onnx/client onnx/rules/ml/trees onnx/rules/ml onnx/rules onnx/emission onnx/proto',
      ),
      room('onnx/batch', 'onnx/client onnx/emission onnx/proto'),
      room(
        'onnx',
        'onnx/batch onnx/client/rules/ml onnx/client/rules onnx/client onnx/rules/ml/trees onnx/rules/ml ' +
          'onnx/rules/functions onnx/rules/microsoft onnx/rules/constants onnx/rules/signal onnx/rules/positions onnx/rules/sampling ' +
          'onnx/rules/einsum onnx/rules/comparisons onnx/rules/quantization onnx/rules/recurrent onnx/rules ' +
          'onnx/patterns onnx/emission onnx/proto',
      ),
      room('kernels/parts'),
      room('kernels/families', 'kernels/parts'),
      room('kernels', 'kernels/families kernels/parts'),
      room('layouts', 'kernels kernels/families kernels/parts'),
      room('lowering', 'layouts kernels/parts'),
      room('parameters'),
      room('search', 'parameters lowering layouts kernels/parts'),
      room('measuring', 'parameters'),
      room('headroom'),
      room('.', 'headroom measuring search parameters lowering layouts kernels/parts onnx'),
    ],
  },
  {
    name: 'pruning',
    holds: 'policies, schemes, search, from ONNX to pruned ONNX',
    imports: ['compiler', 'passes', 'costs', 'training', 'ir'],
    rooms: [room('.')],
  },
  {
    name: 'runtime',
    holds: 'plan files, samples, client, server, engines',
    imports: ['costs', 'ir'],
    rooms: [
      room('base'),
      room('csv'),
      room('format', 'csv'),
      room('seal/bytes', 'format base'),
      room('seal/library', 'base'),
      room('seal', 'seal/library seal/bytes base'),
      room('rns/kernels/assembly#modular', '', 'modular addresses'),
      room('rns/kernels/assembly/streams', 'rns/kernels/assembly#modular'),
      room('rns/kernels/assembly', 'rns/kernels/assembly/streams rns/kernels/assembly#modular'),
      room('rns/kernels', 'seal/library base'),
      room('rns#team', '', 'team'),
      room('rns/memory', 'rns/kernels rns#team'),
      room('rns', 'rns/memory'),
      room('cipher/randomness'),
      room('cipher', 'cipher/randomness rns rns#team rns/memory rns/kernels seal seal/library seal/bytes base'),
      room('refresh', 'cipher cipher/randomness rns/memory seal/bytes base'),
      room('hep', 'cipher seal format base'),
      room('engines/threads', 'base'),
      room('engines/exchange', 'engines/threads seal seal/bytes'),
      room('engines/sessions', 'engines/exchange engines/threads seal/library base'),
      room('engines/seal-wasm/tasks'),
      room(
        'engines/seal-wasm',
        'engines/seal-wasm/tasks engines/sessions engines/exchange engines/threads seal seal/bytes seal/library base',
      ),
      room('engines/seal-wasm/probe', 'engines/seal-wasm engines/exchange seal seal/library'),
      room('engines/simd/operations', 'rns rns#team rns/memory'),
      room(
        'engines/simd/program',
        'engines/simd/operations rns rns#team rns/memory engines/exchange engines/threads seal seal/bytes',
      ),
      room(
        'engines/simd/bytes',
        'engines/simd/program engines/simd/operations rns rns#team rns/memory engines/exchange cipher seal/bytes',
      ),
      room(
        'engines/simd/session',
        'engines/simd/bytes engines/simd/program engines/simd/operations rns rns#team rns/memory rns/kernels ' +
          'engines/sessions engines/exchange engines/threads seal seal/bytes base',
      ),
      room('engines/simd/probe', 'engines/simd/bytes engines/simd/operations rns rns#team rns/memory rns/kernels'),
      room('engines', 'engines/simd/session engines/seal-wasm base'),
      room('measuring', 'engines/simd/probe engines/seal-wasm/probe cipher seal/library seal/bytes base'),
      room('.', 'engines hep refresh cipher format seal seal/library seal/bytes base'),
      room('worker-client', '. engines/sessions engines/threads hep cipher format seal seal/library base'),
      room('protocol'),
      room('remote', 'protocol worker-client . hep cipher format seal seal/library seal/bytes base'),
      room(
        '.#client-library',
        'remote protocol . hep cipher format seal seal/library seal/bytes base',
        'client-library',
      ),
    ],
  },
  {
    name: 'service',
    holds: 'stores, keys, jobs, HTTP',
    imports: ['runtime', 'costs', 'ir'],
    rooms: [
      room('base'),
      room('stores', 'base'),
      room('stores/local', 'stores base'),
      room('stores/nats', 'stores/local stores base'),
      room('evaluation', 'base'),
      room('models', 'stores base'),
      room('keys', 'models stores base'),
      room('jobs', 'keys models stores base'),
      room('worker', 'jobs evaluation stores base'),
      room('site'),
      room('page/session', 'site'),
      room('page/models', 'page/session site'),
      room('page/parts', 'page/session site'),
      room('page/views', 'page/parts page/session site'),
      room('page', 'page/views page/parts page/models page/session site'),
      room('http/base', 'site keys jobs models evaluation stores base'),
      room('http/routes', 'http/base site keys jobs models base'),
      room('http', 'http/routes http/base site worker base'),
      room('.', 'http http/base site worker jobs keys models evaluation stores stores/local base'),
    ],
  },
  {
    name: 'cli',
    holds: 'commands as data, parsing, help, rendering',
    imports: ['service', 'pruning', 'compiler', 'passes', 'costs', 'training', 'runtime', 'ir'],
    rooms: [
      room('render'),
      room('files'),
      room('files/keys', 'files'),
      room('shell', 'files render'),
      room('parsing', 'shell files render'),
      room('answers', 'shell files render'),
      room('report/figures', 'render'),
      room('report/drawing', 'report/figures'),
      room('report/sections', 'report/drawing report/figures render'),
      room('report', 'report/sections report/drawing report/figures'),
      room('commands/options', 'answers parsing'),
      room('commands/looking', 'commands/options parsing'),
      room('commands/making', 'commands/options parsing'),
      room('commands/running', 'commands/options files/keys files parsing'),
      room('commands/serving', 'commands/options parsing'),
      room('actions/looking', 'commands/looking parsing report files shell render'),
      room(
        'actions/making',
        'commands/making commands/options parsing report report/drawing files/keys files shell render',
      ),
      room('actions/running', 'commands/running parsing answers files/keys files shell render'),
      room('actions/serving/demo', 'files shell render'),
      room(
        'actions/serving',
        'actions/serving/demo commands/serving parsing answers report files/keys files shell render',
      ),
      room(
        'commands',
        'actions/looking actions/making actions/running actions/serving ' +
          'commands/looking commands/making commands/running commands/serving parsing',
      ),
      room('.', 'commands parsing shell files'),
    ],
  },
];

/** Package name (a regular expression) to the only path in the sources that may import it. */
export const homes = {
  'onnx-proto': '^(compiler|training)/onnx/',
  chevrotain: '^ir/text/syntax/',
  'node-seal': '^runtime/(engines/seal-wasm|seal)/',
  '@dagrejs/graphlib': '^ir/graph\\.ts$',
  fflate: '^runtime/format/zip\\.ts$',
  npyjs: '^runtime/format/npy\\.ts$',
  'onnxruntime-(web|common)': '^training/load-onnxruntime\\.ts$',
  '@observablehq/plot': '^cli/report/',
  linkedom: '^cli/report/',
  commander: '^cli/',
  'cli-progress': '^cli/',
  'pure-rand': '^ir/random\\.ts$',
  'ml-matrix': '^(passes/(tensor/approximation|pruning/(regression|neurons))/|runtime/measuring/fit-cost)',
  '@noble/hashes': '^ir/digest\\.ts$',
  '(fastify|fastify-type-provider-zod|@fastify|@tus|prom-client|pino)': '^service/http/',
  '@nats-io': '^service/stores/nats/',
  '(tus-js-client|eventsource-parser|idb)': '^runtime/remote/',
};

/** @param {string} text */
const escaped = (text) => text.replace(/[.\\]/g, '\\$&');

/**
 * What matches the files of a room.
 *
 * @param {House} house
 * @param {Room} at
 */
export function patternOf(house, { name, files }) {
  const [folder = ''] = name.split('#');
  const path = folder === '.' ? house.name : `${house.name}/${folder}`;
  return `^${escaped(path)}/(${files === undefined ? '[^/]+' : files.map(escaped).join('|')})\\.ts$`;
}

/** What matches all files of a house. @param {string} name */
export const houseOf = (name) => `^${name}/`;

/** The rooms of a house by name. @param {House} house */
function byName(house) {
  return new Map(house.rooms.map((each) => [each.name, each]));
}

/**
 * For each room: what matches its files, and what it may import. A room without `files` yields the files of other rooms
 * in the same folder. Throws where a house or room names one that does not stand above it.
 */
export function roomRules() {
  /** @type {Set<string>} */
  const above = new Set();
  return houses.flatMap((house) => {
    for (const other of house.imports)
      if (!above.has(other)) throw new Error(`${house.name} imports ${other}, which does not stand above it`);
    above.add(house.name);
    const known = byName(house);
    /** @type {Set<string>} */
    const earlier = new Set();
    return house.rooms.map((each) => {
      const allowed = each.imports.map((name) => {
        const other = known.get(name);
        if (other === undefined || !earlier.has(name))
          throw new Error(`${house.name}/${each.name} imports ${name}, which does not stand above it`);
        return patternOf(house, other);
      });
      earlier.add(each.name);
      const [folder] = each.name.split('#');
      const inSameFolder = house.rooms.filter((other) => other !== each && other.name.split('#')[0] === folder);
      return {
        name: `${house.name}/${each.name}`,
        own: patternOf(house, each),
        besides: each.files === undefined ? inSameFolder.map((other) => patternOf(house, other)) : [],
        allowed: [...allowed, ...house.imports.map(houseOf)],
        comment: [...each.imports, ...house.imports.map((name) => `${name}/`)].join(', '),
      };
    });
  });
}
