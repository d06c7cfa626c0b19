/** Which room may import which, and the one home of each third-party package. */
import { builtinModules } from 'node:module';

const sources = '^(index\\.ts$|(ir|compiler|passes|runtime|pruning|cli)/)';

/** Package name (a regular expression) to the only path in the sources that may import it. */
const homes = {
  'onnx-proto': '^(compiler|runtime)/onnx/',
  chevrotain: '^ir/text/',
  'node-seal': '^runtime/(engines/seal-wasm|seal)/',
  '@dagrejs/graphlib': '^ir/graph\\.ts$',
  fflate: '^runtime/format/zip\\.ts$',
  npyjs: '^runtime/format/npy\\.ts$',
  'onnxruntime-(web|common)': '^runtime/(onnxruntime\\.ts$|training/)',
  '@observablehq/plot': '^cli/report/',
  linkedom: '^cli/report/',
  commander: '^cli/',
  'cli-progress': '^cli/',
  'pure-rand': '^ir/random\\.ts$',
  'ml-matrix': '^(passes/(approximation|pruning)/|runtime/fit-cost)',
  '@noble/hashes': '^ir/digest\\.ts$',
};

/** Modules that a page or a worker of it begins with. */
const browserEntries = '^runtime/((client|server)-library|engines/(simd|seal-wasm)/worker)\\.ts$';

const nodeModules = `^(node:)?(${builtinModules.join('|')})$`;

/** Room to the paths that it may import besides itself. */
const mayImport = {
  'ir/': [],
  'passes/': ['ir/'],
  'compiler/': ['passes/', 'ir/', 'package\\.json$'],
  'runtime/': ['ir/'],
  'pruning/': ['compiler/', 'passes/', 'runtime/', 'ir/'],
  'cli/': ['pruning/', 'compiler/', 'passes/', 'runtime/', 'ir/', 'index\\.ts$', 'package\\.json$'],
  'index\\.ts$': ['pruning/', 'compiler/', 'passes/', 'runtime/', 'ir/'],
};

/** @type {import('dependency-cruiser').DependencyType[]} */
const ours = ['local'];

const error = /** @type {const} */ ('error');

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...Object.entries(mayImport).map(([room, others]) => ({
      name: `${room.replace(/\W.*/, '')}-imports`,
      comment: `may import ${others.length === 0 ? 'nothing else of ours' : `of ours only ${others.join(', ')}`}`,
      severity: error,
      from: { path: `^${room}` },
      to: { pathNot: `^(${[room, ...others].join('|')})`, dependencyTypes: ours },
    })),
    ...Object.entries(homes).map(([name, home]) => ({
      name: `home-of-${name.replace(/\W+/g, '-')}`,
      comment: `only ${home} may import ${name}`,
      severity: error,
      from: { path: sources, pathNot: home },
      to: { path: `(^|/)node_modules/${name}/` },
    })),
    {
      name: 'browsers-reach-no-node',
      comment: 'what runs in browsers imports no module of Node; it asks the process for them (runtime/environment.ts)',
      severity: error,
      from: { path: browserEntries },
      to: { path: nodeModules, reachable: true },
    },
    { name: 'no-cycles', severity: error, from: {}, to: { circular: true } },
    { name: 'no-unresolvable', severity: error, from: {}, to: { couldNotResolve: true } },
    {
      name: 'sources-import-no-tools',
      comment: 'what is published depends on nothing that is not',
      severity: error,
      from: { path: sources },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|coverage)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['types', 'import', 'node', 'default'] },
  },
};
