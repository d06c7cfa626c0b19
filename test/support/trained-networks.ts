/** The networks of `test/models/`: of kinds that the examples are not. `test/models/README.md` describes them. */
import { readFileSync } from 'node:fs';
import type { Sample } from '../../ir/interface.ts';
import { listSamples, loadSamples } from '../../runtime/samples.ts';

export interface TrainedNetwork {
  readonly name: string;
  readonly maxError: number;
  readonly classifies: boolean;
  /** Shape of the input `input`, without its axis of samples. */
  readonly inputShape: readonly number[];
  /** From the root of the project: 256 samples. */
  readonly sampleFile: string;
  /** Whether it compiles in seconds, so that every run of the tests takes it. */
  readonly quick: boolean;
}

const digits = { inputShape: [1, 28, 28], sampleFile: 'examples/models/mnist-test256.npz' };
const heartbeats = { inputShape: [1, 192], sampleFile: 'test/models/ecg-test256.npz' };

/** Approximated activations are held to a few hundredths, for which polynomials of degree below 16 do. */
export const trainedNetworks: readonly TrainedNetwork[] = [
  { name: 'conv-autoencoder', maxError: 0.001, classifies: false, quick: true, ...digits },
  { name: 'lenet5-average-pools', maxError: 0.01, classifies: true, quick: false, ...digits },
  { name: 'batchnorm-relu', maxError: 0.05, classifies: true, quick: false, ...digits },
  { name: 'resnet', maxError: 0.01, classifies: true, quick: false, ...digits },
  { name: 'ecg-1d', maxError: 0.02, classifies: true, quick: true, ...heartbeats },
];

const root = new URL('../../', import.meta.url);

export function networkBytes({ name }: TrainedNetwork): Uint8Array {
  return readFileSync(new URL(`test/models/${name}.onnx`, root));
}

/** 256 samples that the network was not trained on. */
export function networkSamples({ inputShape, sampleFile }: TrainedNetwork): Sample[] {
  const spec = { name: 'input', shape: inputShape, hasBatchAxis: true };
  return listSamples(loadSamples(readFileSync(new URL(sampleFile, root)), sampleFile, [spec]));
}
