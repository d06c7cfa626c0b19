/**
 * The demonstration: compiles an MNIST network, and recognises a handwritten digit without seeing it.
 *
 *   npm run demo [-- NUMBER]      NUMBER: which of the first 128 test images, from 0
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { styleText } from 'node:util';

import { measureAccuracy } from '../cli/answers/accuracy.ts';
import { indexOfLargest } from '../ir/interpret/decisions.ts';
import { createProgress } from '../cli/shell/progress.ts';
import { renderFields } from '../cli/render/table.ts';
import { formatError, formatLimit } from '../ir/maths/error-unit.ts';
import { formatBytes, formatMilliseconds } from '../cli/render/units.ts';
import { Client, compile, listSamples, loadSamples, type Sample, Server } from '../index.ts';
import { ReferenceModel } from '../training/onnxruntime.ts';

const models = join(import.meta.dirname, 'models');
const modelFile = 'mlp-784-128-128-10.onnx';
const imageFile = 'mnist-test256.npz';
/** These images are for trying, the others for calibration. */
const tryable = 128;

const progress = createProgress(false);

function heading(text: string): void {
  progress.end();
  process.stdout.write(`\n${styleText('bold', text, { stream: process.stdout })}\n`);
}

function print(fields: readonly (readonly [string, string])[]): void {
  process.stdout.write(renderFields(fields));
}

const shades = ' .:-=+*#%@';

/** 28 rows of 28 pixels as 14 lines, for characters are twice as high as wide. */
function drawDigit(pixels: Float64Array): string[] {
  return Array.from({ length: 14 }, (_, row) =>
    Array.from({ length: 28 }, (_, column) => {
      const shade = Math.max(pixels[56 * row + column] ?? 0, pixels[56 * row + 28 + column] ?? 0);
      return shades[Math.round(shade * (shades.length - 1))] ?? ' ';
    }).join(''),
  );
}

/** One line for each class: its score, and a bar from the least score to the largest. */
function drawScores(scores: Float64Array): string[] {
  const [least, largest] = [Math.min(...scores), Math.max(...scores)];
  const winner = indexOfLargest(scores);
  return Array.from(scores, (score, digit) => {
    const bar = '#'.repeat(Math.round((26 * (score - least)) / (largest - least)));
    const line = `${digit} ${score.toFixed(2).padStart(8)} ${bar}`;
    return digit === winner ? styleText('bold', line, { stream: process.stdout }) : line;
  });
}

function sideBySide(left: readonly string[], right: readonly string[]): string {
  const top = Math.floor((left.length - right.length) / 2);
  return left.map((line, i) => `  |${line}|  ${right[i - top] ?? ''}`.trimEnd()).join('\n');
}

async function recognise(image: Sample, calibration: readonly Sample[], onnx: Uint8Array): Promise<void> {
  heading('1. Compile the model');
  const compiling = performance.now();
  const { hep, plan, statistics } = compile(onnx, { calibration, onStep: (step) => progress.step(step) });
  progress.end();
  print([
    ['model', `${modelFile}, calibrated on ${calibration.length} images`],
    ['plan', `${formatBytes(hep.length)}, in ${formatMilliseconds(performance.now() - compiling)}`],
    [
      'parameters',
      `N = ${statistics.polyModulusDegree}, primes of ${statistics.modulusBits.join(', ')} bits (128-bit security)`,
    ],
    [
      'rotations',
      `${statistics.rotations}, with ${statistics.galoisKeys} Galois keys (${formatBytes(statistics.galoisKeyBytes)})`,
    ],
    ['products', `${statistics.multiplyPlain} with weights, ${statistics.multiplyCipher} of ciphertexts`],
    ['ciphertexts', `${statistics.inputCiphertexts} in, ${statistics.outputCiphertexts} out`],
    ['peak memory', formatBytes(statistics.peakBytes)],
    ['error', `${formatError(statistics.predictedMaxError)} predicted, at most ${formatLimit(plan.client.maxError)}`],
  ]);

  heading('2. The client makes keys and encrypts an image');
  progress.step('making keys');
  const client = await Client.create(plan.client);
  progress.step('encoding weights');
  const encoding = performance.now();
  const server = await Server.create(plan);
  const encodingMs = performance.now() - encoding;
  progress.step('making keys');
  try {
    const makingKeys = performance.now();
    const keys = client.generateKeys();
    const encrypting = performance.now();
    const inputs = client.encrypt([image]);
    const encrypted = performance.now();
    progress.end();
    print([
      ['secret key', 'stays with the client'],
      [
        'evaluation keys',
        `${formatBytes(keys.evaluationKeys.length)}, in ${formatMilliseconds(encrypting - makingKeys)}`,
      ],
      ['encrypted image', `${formatBytes(inputs.length)}, in ${formatMilliseconds(encrypted - encrypting)}`],
    ]);

    heading('3. The server evaluates, without any secret key');
    progress.step('loading keys');
    const loading = performance.now();
    const session = await server.openSession(keys.evaluationKeys);
    const loadingMs = performance.now() - loading;
    progress.step('evaluating');
    const { outputs, timings } = await session.evaluate(inputs, { onProgress: (done) => progress.fraction(done) });
    progress.end();
    print([
      ['weights encoded', `in ${formatMilliseconds(encodingMs)}, once for all clients`],
      ['keys loaded', `in ${formatMilliseconds(loadingMs)}, once for all images of this client`],
      ['evaluated', `in ${formatMilliseconds(timings.evaluate)}, on one thread`],
      ['encrypted scores', formatBytes(outputs.length)],
    ]);

    heading('4. The client decrypts the scores');
    const [answer = new Map<string, Float64Array>()] = client.decrypt(outputs, { raw: true });
    const [scores = new Float64Array()] = answer.values();
    const [pixels = new Float64Array()] = image.values();
    process.stdout.write(`\n${sideBySide(drawDigit(pixels), drawScores(scores))}\n\n`);
    const reference = await ReferenceModel.load(onnx);
    const expected = await reference.run(image);
    await reference.close();
    const [exact = new Float64Array()] = expected.values();
    print([
      ['answer', `a ${indexOfLargest(scores)}; onnxruntime, which sees the image, says a ${indexOfLargest(exact)}`],
      ['error', `${formatError(measureAccuracy([answer], [expected]).maxError)} of the largest score`],
    ]);
  } finally {
    client.close();
    await server.close();
  }
}

const images = listSamples(
  loadSamples(readFileSync(join(models, imageFile)), imageFile, [
    { name: 'input', shape: [1, 28, 28], hasBatchAxis: true },
  ]),
);
const number = Number(process.argv[2] ?? 0);
const image = images[number];
if (image === undefined || number >= tryable) {
  process.stderr.write(`usage: npm run demo [-- NUMBER], NUMBER from 0 to ${tryable - 1}\n`);
  process.exitCode = 2;
} else {
  await recognise(image, images.slice(tryable), readFileSync(join(models, modelFile)));
}
