/** What is measured: the examples, beside native systems, and networks of other kinds that nothing was tuned to. */
import { trainedNetworks } from '../test/support/trained-networks.ts';
import { goldenFiles } from '../test/support/golden-counts.ts';

/**
 * What another system takes for the same ONNX file: one core of an AVX2 server, native code, plain weights, batch 1.
 * Counts marked `about` were derived from its report, not read off it.
 */
export interface Peer {
  readonly system: string;
  readonly seconds: number;
  /** Absent where it is not known. */
  readonly rotations?: number;
  readonly about?: boolean;
  readonly products?: number;
  readonly polyModulusDegree?: number;
}

export interface Targets {
  readonly rotations: number;
  readonly polyModulusDegree?: number;
}

export interface BenchModel {
  readonly name: string;
  /** From the root of the project. */
  readonly modelFile: string;
  readonly sampleFile: string;
  readonly inputShape: readonly number[];
  readonly maxError: number;
  readonly classifies: boolean;
  /** Seconds of evaluation for each number of threads, so that all models together stay within minutes. */
  readonly seconds: number;
  readonly goldens: URL;
  readonly peers: readonly Peer[];
  /** What the project set itself. */
  readonly targets?: Targets;
  /** Whether the memory of a server alone is measured, which takes a process and keys of its own. */
  readonly measuresServer: boolean;
}

// HElayers 1.5.5.4 on native SEAL, its default optimisation for latency; Orion on Lattigo with hoisting. Measured once,
// on the core that `reference-core.ts` describes.
const helayers = 'HElayers';
const orion = 'Orion';

function example(
  name: string,
  maxError: number,
  rest: { readonly peers?: readonly Peer[]; readonly targets?: Targets } = {},
): BenchModel {
  return {
    name,
    maxError,
    classifies: !name.startsWith('ae-'),
    seconds: 80,
    modelFile: `examples/models/${name}.onnx`,
    sampleFile: 'examples/models/mnist-test256.npz',
    inputShape: [1, 28, 28],
    goldens: goldenFiles.examplesOnSeal,
    measuresServer: rest.peers !== undefined,
    peers: [],
    ...rest,
  };
}

const examples: readonly BenchModel[] = [
  example('ae-784-64-784', 0.001, {
    peers: [
      { system: helayers, seconds: 0.1, rotations: 49, products: 28, polyModulusDegree: 8192 },
      { system: orion, seconds: 0.358, rotations: 88, about: true },
    ],
    targets: { rotations: 20, polyModulusDegree: 8192 },
  }),
  example('mlp-784-128-128-10', 0.01, {
    peers: [
      { system: helayers, seconds: 0.44, rotations: 40, products: 20, polyModulusDegree: 16384 },
      { system: orion, seconds: 0.329, polyModulusDegree: 8192 },
    ],
    targets: { rotations: 24, polyModulusDegree: 8192 },
  }),
  example('cryptonets', 0.01, {
    peers: [
      { system: helayers, seconds: 1.76, rotations: 128, products: 106, polyModulusDegree: 16384 },
      { system: orion, seconds: 0.325, rotations: 73, about: true, polyModulusDegree: 8192 },
    ],
    targets: { rotations: 30, polyModulusDegree: 8192 },
  }),
  example('ae-784-128-32-128-784', 0.001, {
    peers: [
      { system: helayers, seconds: 0.714, rotations: 117, products: 30, polyModulusDegree: 16384 },
      { system: orion, seconds: 2.27, rotations: 148, about: true },
    ],
    targets: { rotations: 40 },
  }),
  example('ae-784-256-64-256-784', 0.001),
];

const others: readonly BenchModel[] = trainedNetworks.map(({ name, maxError, classifies, inputShape, sampleFile }) => ({
  name,
  maxError,
  classifies,
  seconds: 20,
  inputShape,
  sampleFile,
  modelFile: `test/models/${name}.onnx`,
  goldens: goldenFiles.networksOnSeal,
  measuresServer: false,
  peers: [],
}));

export const benchModels: readonly BenchModel[] = [...examples, ...others];
