/** What is measured, and what IBM HElayers 1.5.5.4 needs for the same networks. */

export interface BenchModel {
  /** Of the file in `examples/models/`. */
  readonly name: string;
  readonly maxError: number;
  /** Counts of HElayers' default optimisation for latency; absent where it was not measured. */
  readonly helayers?: {
    readonly rotations: number;
    readonly multiplyPlain: number;
    readonly polyModulusDegree: number;
  };
}

export const benchModels: readonly BenchModel[] = [
  {
    name: 'ae-784-64-784',
    maxError: 0.001,
    helayers: { rotations: 49, multiplyPlain: 28, polyModulusDegree: 8192 },
  },
  {
    name: 'mlp-784-128-128-10',
    maxError: 0.01,
    helayers: { rotations: 40, multiplyPlain: 20, polyModulusDegree: 16384 },
  },
  {
    name: 'cryptonets',
    maxError: 0.01,
    helayers: { rotations: 128, multiplyPlain: 106, polyModulusDegree: 16384 },
  },
  {
    name: 'ae-784-128-32-128-784',
    maxError: 0.001,
    helayers: { rotations: 117, multiplyPlain: 30, polyModulusDegree: 16384 },
  },
  { name: 'ae-784-256-64-256-784', maxError: 0.001 },
];
