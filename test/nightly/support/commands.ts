/** Commands that write something, with sound inputs, for tests of what may happen to processes. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readClientPart } from '../../../runtime/hep/client-part.ts';
import { readHep } from '../../../runtime/hep/read.ts';
import { readNpy } from '../../../runtime/format/npy.ts';
import { readCiphertexts } from '../../../runtime/seal/bytes/ciphertext-files.ts';
import { readPublicKey } from '../../../runtime/cipher/key-files.ts';
import { denseModel, runCli, sampleFile } from '../../support/cli.ts';

export interface Command {
  readonly name: string;
  /** Its file that a fault happens to, and the arguments with another file in the place of that. */
  readonly input: string;
  readonly args: (input: string, output: string) => readonly string[];
  /** Throws unless the output is whole. */
  readonly check: (output: string) => void;
  /** Whether the output is a folder of files. */
  readonly isFolder?: true;
}

export interface Setting {
  readonly folder: string;
  readonly commands: readonly Command[];
}

/** Compiles, makes keys, encrypts and evaluates once, so that each command has what it takes. */
export async function prepareCommands(): Promise<Setting> {
  const folder = mkdtempSync(join(tmpdir(), 'hepc-faults-'));
  const at = (name: string): string => join(folder, name);
  const [model, samples, plan, secret] = [at('m.onnx'), at('x.npy'), at('p.hep'), at('s.hep')];
  const [client, keys, inputs, outputs] = [at('c.hep'), at('keys'), at('in.ct'), at('out.ct')];
  writeFileSync(model, denseModel(1));
  writeFileSync(samples, sampleFile(8));
  const compile = (input: string, output: string) => ['compile', input, '-o', output, '--calibrate', samples, '-q'];
  const steps = [
    compile(model, plan),
    [...compile(model, secret), '--weights', 'encrypted'],
    ['client-part', plan, '-o', client],
    ['keygen', client, '-o', keys],
    ['encrypt', client, '--keys', keys, '--input', samples, '-o', inputs],
    ['eval', plan, '--keys', join(keys, 'eval.keys'), '--input', inputs, '-o', outputs, '-q'],
    ['keygen', secret, '-o', at('other')],
  ];
  for (const args of steps) {
    const { exitCode, stderr } = await runCli(...args);
    if (exitCode !== 0) throw new Error(`${args.join(' ')}: ${stderr}`);
  }
  const bytes = (path: string): Uint8Array => new Uint8Array(readFileSync(path));
  const part = readClientPart(bytes(client), client);
  const { keyId } = readPublicKey(bytes(join(keys, 'public.key')), part);
  const publicKey = join(at('other'), 'public.key');
  return {
    folder,
    commands: [
      { name: 'compile', input: model, args: compile, check: (path) => readHep(bytes(path), path) },
      {
        name: 'client-part',
        input: plan,
        args: (input, output) => ['client-part', input, '-o', output],
        check: (path) => readClientPart(bytes(path), path),
      },
      {
        name: 'keygen',
        input: client,
        args: (input, output) => ['keygen', input, '-o', output],
        check: (path) => {
          for (const name of ['secret.key', 'public.key', 'eval.keys']) bytes(join(path, name));
        },
        isFolder: true,
      },
      {
        name: 'encrypt',
        input: samples,
        args: (input, output) => ['encrypt', client, '--keys', keys, '--input', input, '-o', output],
        check: (path) => readCiphertexts(bytes(path), 'inputs', part, keyId),
      },
      {
        name: 'eval',
        input: inputs,
        args: (input, output) => [
          'eval',
          plan,
          '--keys',
          join(keys, 'eval.keys'),
          '--input',
          input,
          '-o',
          output,
          '-q',
        ],
        check: (path) => readCiphertexts(bytes(path), 'outputs', part, keyId),
      },
      {
        name: 'decrypt',
        input: outputs,
        args: (input, output) => ['decrypt', client, '--keys', keys, '--input', input, '-o', output],
        check: (path) => readNpy(bytes(path), { file: path }),
      },
      {
        name: 'bind',
        input: secret,
        args: (input, output) => ['bind', input, '--public-key', publicKey, '-o', output, '-q'],
        check: (path) => readHep(bytes(path), path),
      },
    ],
  };
}
