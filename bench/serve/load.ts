/** Clients that ask a service at the same time, each its requests one after another. */
import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { mediaTypes, keysHeader } from '../../runtime/protocol/media-types.ts';
import { MemoryKeyKeeper } from '../../runtime/remote/key-keeper.ts';
import { Connection } from '../../runtime/remote/connection.ts';
import { uploadKeys } from '../../runtime/remote/upload-keys.ts';
import { type BenchClient, bytesOf } from './clients.ts';

export interface LoadFigures {
  readonly seconds: number;
  /** By the request's file. */
  readonly answers: ReadonlyMap<string, Uint8Array>;
  /** How often a client was told to come again. */
  readonly retries: number;
  /** Refusals of another kind, with what they say. */
  readonly refusals: readonly string[];
  /** Milliseconds from the first try of each request to its answer. */
  readonly latencies: readonly number[];
}

interface Posted {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Uint8Array;
}

export async function uploadAll(url: string, model: string, clients: readonly BenchClient[]): Promise<void> {
  const connection = new Connection(url, {});
  const keeper = new MemoryKeyKeeper();
  for (const { keysFile, digest } of clients)
    await uploadKeys(connection, { bytes: bytesOf(keysFile), digest, model }, keeper);
}

/** @param retry 429 and 503 are tried again when the service says, or after `retryMs` if that is sooner */
export async function load(
  url: string,
  model: string,
  clients: readonly BenchClient[],
  { rounds = 1, retryMs = Infinity }: { readonly rounds?: number; readonly retryMs?: number } = {},
): Promise<LoadFigures> {
  const answers = new Map<string, Uint8Array>();
  const refusals: string[] = [];
  const latencies: number[] = [];
  let retries = 0;
  const agent = new Agent({ keepAlive: true });
  // Clients have the cores of the service, and so take as little of them as may be: `fetch` takes several times as much.
  const post = (digest: string, body: Uint8Array): Promise<Posted> =>
    new Promise((resolve, reject) => {
      const headers = {
        ...{ 'content-type': mediaTypes.ciphertexts, 'content-length': body.length },
        [keysHeader]: digest,
      };
      const sent = request(`${url}/v1/models/${model}/infer`, { method: 'POST', agent, headers }, (response) => {
        const pieces: Buffer[] = [];
        response.on('data', (piece: Buffer) => pieces.push(piece));
        response.once('error', reject);
        response.once('end', () => {
          resolve({ status: response.statusCode ?? 0, headers: response.headers, bytes: Buffer.concat(pieces) });
        });
      });
      sent.once('error', reject);
      sent.end(body);
    });
  const ask = async (digest: string, file: string): Promise<void> => {
    const body = bytesOf(file);
    const first = performance.now();
    for (;;) {
      const { status, headers, bytes } = await post(digest, body);
      if (status === 200) {
        answers.set(file, bytes);
        latencies.push(performance.now() - first);
        return;
      }
      if (status !== 429 && status !== 503) {
        refusals.push(`${status}: ${new TextDecoder().decode(bytes)}`);
        return;
      }
      retries++;
      const asked = 1000 * Number(headers['retry-after'] ?? 1);
      await new Promise((resolve) => setTimeout(resolve, Math.min(asked, retryMs) * (0.5 + Math.random())));
    }
  };
  const start = performance.now();
  await Promise.all(
    clients.map(async ({ digest, requests }) => {
      for (let round = 0; round < rounds; round++) for (const { file } of requests) await ask(digest, file);
    }),
  );
  agent.destroy();
  return { seconds: (performance.now() - start) / 1000, answers, retries, refusals, latencies };
}
