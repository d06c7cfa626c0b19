/** The plans of the submission: of one image with the least latency, of many in batches. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readMnist } from '../../bench/mnist.ts';
import { compile, writeClientPart } from '../../index.ts';
import { type Instance, pixelsPerImage } from './instance.ts';
import type { NetworkName } from './networks/networks.ts';

/** Of MNIST's training set. */
const calibrationImages = 512;

/**
 * As a fraction of the median over images of the largest score. Polynomials for ReLU within a hundredth would take
 * N = 32768; within this, labels stay (`bench/stages.md`).
 */
const maxErrors: Readonly<Record<NetworkName, number>> = { squares: 0.01, relu: 0.1 };

/** Compiles a network for the images of an instance. */
export function compileFor(network: NetworkName, { samples }: Pick<Instance, 'samples'>) {
  const onnx = readFileSync(join(import.meta.dirname, 'networks', `${network}.onnx`));
  const { images } = readMnist('train', calibrationImages);
  const calibration = Array.from({ length: calibrationImages }, (_, k) => ({
    pixels: images.subarray(pixelsPerImage * k, pixelsPerImage * (k + 1)),
  }));
  const { hep, plan } = compile(onnx, {
    calibration,
    maxError: maxErrors[network],
    ...(samples === 1 ? {} : { optimize: 'throughput', batch: samples }),
  });
  return { hep, clientPart: writeClientPart(plan.client), plan };
}
