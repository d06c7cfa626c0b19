/**
 * What the stages of the FHE benchmark take: compiles the plans, runs every stage in a process of its own, and compares
 * labels with those of onnxruntime on the same images.
 *
 *   npm run bench:stages [-- --network squares|relu] [--size NAME] [--write]
 *
 * With --write into `bench/stages.md`, all sizes of all networks unless some are named.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { circumstances, publish } from '../publish.ts';
import { compileFor } from '../../examples/fhe-benchmark/compile-for.ts';
import { type Instance, instances, pixelsPerImage } from '../../examples/fhe-benchmark/instance.ts';
import { type NetworkName, networkNames } from '../../examples/fhe-benchmark/networks/networks.ts';
import { ReferenceModel } from '../../training/onnxruntime.ts';
import { readMnist } from '../mnist.ts';
import { type MeasuredInstance, renderStages } from './render.ts';
import { readLabels, runStages, sentBytes, writePixels } from './run-stages.ts';

const root = join(import.meta.dirname, '..', '..');
const resultFile = join(root, 'bench', 'stages.md');

const { values } = parseArgs({
  options: { network: { type: 'string' }, size: { type: 'string' }, write: { type: 'boolean', default: false } },
});
const networks = networkNames.filter((name) => values.network === undefined || name === values.network);
const sizes = instances.filter(({ name }) => values.size === undefined || name === values.size);
if (networks.length === 0 || sizes.length === 0) {
  process.stderr.write('usage: npm run bench:stages [-- --network NAME] [--size NAME] [--write]\n');
  process.exitCode = 2;
} else {
  const measured: MeasuredInstance[] = [];
  for (const network of networks) for (const instance of sizes) measured.push(await measure(network, instance));
  const report = renderStages(measured, {
    ...circumstances(),
    cores: availableParallelism(),
  });
  await publish(resultFile, report, values.write);
}

async function measure(network: NetworkName, instance: Instance): Promise<MeasuredInstance> {
  const folder = mkdtempSync(join(tmpdir(), 'hepc-stages-'));
  try {
    process.stderr.write(`${network}, ${instance.name}\n`);
    const { hep, clientPart } = compileFor(network, instance);
    writeFileSync(join(folder, `${network}-${instance.name}.hep`), hep);
    writeFileSync(join(folder, `${network}-${instance.name}-client.hep`), clientPart);
    const { images, labels } = readMnist('t10k', instance.samples);
    writePixels(instance, images, folder);
    // Once beforehand, for what Node keeps of compiled code.
    if (instance.samples === 1) runStages(instance, { root: folder, plans: folder, network });
    const runs = runStages(instance, { root: folder, plans: folder, network });
    const got = readLabels(instance, folder);
    const expected = await labelsInTheClear(network, images);
    return {
      network,
      instance,
      runs,
      sent: sentBytes(instance, folder),
      asInTheClear: got.filter((label, k) => label === expected[k]).length,
      right: got.filter((label, k) => label === labels[k]).length,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function labelsInTheClear(network: NetworkName, images: Float32Array): Promise<number[]> {
  const model = await ReferenceModel.load(
    readFileSync(join(root, 'examples', 'fhe-benchmark', 'networks', `${network}.onnx`)),
  );
  const found: number[] = [];
  for (let at = 0; at < images.length; at += pixelsPerImage) {
    const answer = await model.run(new Map([['pixels', Float64Array.from(images.subarray(at, at + pixelsPerImage))]]));
    const scores = [...(answer.get('scores') ?? [])];
    found.push(scores.indexOf(Math.max(...scores)));
  }
  await model.close();
  return found;
}
