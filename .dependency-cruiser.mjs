/** Which room may import which, and the one home of each third-party package: made from `scripts/rooms.mjs`. */
import { builtinModules } from 'node:module';
import { homes, houseOf, houses, roomRules } from './scripts/rooms.mjs';

const rules = roomRules();

const sources = '^(index\\.ts$|(ir|costs|compiler|passes|runtime|training|pruning|service|cli)/)';

/** Modules that a page or a worker of it begins with. */
const browserEntries =
  '^(runtime/((client|server)-library|worker-client/(library|worker)|engines/(simd/session|seal-wasm)/worker)|' +
  'service/page/(main|session-worker|worker))\\.ts$';

const nodeModules = `^(node:)?(${builtinModules.join('|')})$`;

/** @type {import('dependency-cruiser').DependencyType[]} */
const ours = ['local'];

const error = /** @type {const} */ ('error');

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-room',
      comment: 'every source file is in a room of scripts/rooms.mjs',
      severity: error,
      from: {},
      to: {
        path: houses.map(({ name }) => houseOf(name)),
        pathNot: rules.map(({ own }) => own),
        dependencyTypes: ours,
      },
    },
    ...rules.map(({ name, own, besides, allowed, comment }) => ({
      name: `${name.replace(/\W+/g, '-')}-imports`,
      comment: `may import ${comment || 'nothing else of ours'}`,
      severity: error,
      from: { path: own, pathNot: besides },
      to: { pathNot: [own, '^package\\.json$', ...allowed], dependencyTypes: ours },
    })),
    {
      name: 'index-imports',
      comment: 'the library is above all houses but the command line',
      severity: error,
      from: { path: houses.filter(({ name }) => name !== 'cli').map(({ name }) => houseOf(name)) },
      to: { path: '^index\\.ts$' },
    },
    ...Object.entries(homes).map(([name, home]) => ({
      name: `home-of-${name.replace(/\W+/g, '-')}`,
      comment: `only ${home} may import ${name}`,
      severity: error,
      from: { path: sources, pathNot: home },
      to: { path: `(^|/)node_modules/${name}/` },
    })),
    {
      name: 'browsers-reach-no-node',
      comment:
        'what runs in browsers imports no module of Node; it asks the process for them (runtime/base/environment.ts)',
      severity: error,
      from: { path: browserEntries },
      to: { path: nodeModules, reachable: true },
    },
    { name: 'no-cycles', severity: error, from: {}, to: { circular: true } },
    { name: 'no-unresolvable', severity: error, from: {}, to: { couldNotResolve: true } },
    {
      name: 'sources-import-no-tools',
      comment:
        'what is published depends on nothing that is not; onnxruntime is a peer, and for tests a development dependency',
      severity: error,
      from: { path: sources },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], pathNot: '(^|/)node_modules/onnxruntime-web/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(bin|dist|coverage)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['types', 'import', 'node', 'default'] },
  },
};
