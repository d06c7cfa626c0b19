/**
 * Both sides of a service in one program, by the library alone: a plan is compiled and served, and a client that holds the
 * only secret key asks it about handwritten digits.
 *
 *   node scripts/launch.mjs examples/service-app.ts
 *
 * In a project of one's own the imports are `hepc`, `hepc/service` and `hepc/client`.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compile, listSamples, loadSamples } from '../index.ts';
import { RemoteModel } from '../runtime/client-library.ts';
import { startService } from '../service/library.ts';

const models = join(import.meta.dirname, 'models');
const images = new Uint8Array(readFileSync(join(models, 'mnist-test256.npz')));
const folder = mkdtempSync(join(tmpdir(), 'hepc-service-app-'));

// The model owner: from an ONNX file to a plan.
const { hep, plan } = compile(new Uint8Array(readFileSync(join(models, 'mlp-784-128-128-10.onnx'))), {
  calibration: (inputs) => listSamples(loadSamples(images, 'mnist-test256.npz', inputs)),
});
writeFileSync(join(folder, 'digits.hep'), hep);

// The operator: a token for each tenant, state in a folder. It sees ciphertexts and evaluation keys.
const token = 'a-token-of-alice-which-is-random';
const service = await startService({
  plans: [join(folder, 'digits.hep')],
  store: join(folder, 'store'),
  tokens: `alice ${token}`,
});

// The client: makes its keys, uploads the evaluation keys, and keeps the secret one.
const model = await RemoteModel.open(service.url, 'digits', { token });
const samples = listSamples(loadSamples(images, 'mnist-test256.npz', plan.client.inputs)).slice(0, 3);
for (const sample of samples) {
  const [answer] = await model.infer([sample], {
    onProgress: (step, part) => {
      if (part === 1) process.stderr.write(`${step} `);
    },
  });
  const scores = Float64Array.from(answer?.values().next().value as ArrayLike<number>);
  process.stdout.write(`the digit is ${scores.indexOf(Math.max(...scores))}\n`);
}
const { sentBytes, receivedBytes } = model.lastTraffic;
process.stdout.write(`${sentBytes} bytes went there, ${receivedBytes} came back, all of them encrypted\n`);

await model.close();
await service.stop();
rmSync(folder, { recursive: true });
