/** Requests to a service as its protocol has them, without the library's own client. */
import { afterAll, expect } from 'vitest';
import { sha256Hex } from '../../ir/digest.ts';
import { keysHeader, mediaTypes } from '../../runtime/protocol/media-types.ts';
import { problemSchema } from '../../runtime/protocol/problem.ts';
import { type JobStatus, jobStatusSchema } from '../../runtime/protocol/resources.ts';
import { Client } from '../../runtime/client.ts';
import type { KeySet } from '../../runtime/cipher/key-files.ts';
import { smallPlan } from '../fuzz/targets/small-plan.ts';

/** A client of the small plan, its keys, a request and what is expected in it. */
export interface SmallClient {
  readonly client: Client;
  readonly keys: KeySet;
  readonly digest: string;
  readonly inputs: Uint8Array;
}

export async function smallClient(): Promise<SmallClient> {
  const plan = smallPlan();
  const client = await Client.create(plan.client);
  const keys = client.generateKeys();
  const sample = new Map(plan.client.inputs.map(({ name }, k) => [name, new Float64Array(2048).fill((k + 1) / 4)]));
  return { client, keys, digest: sha256Hex(keys.evaluationKeys), inputs: client.encrypt([sample]) };
}

/** One for all tests of a file, which is closed with it. */
export async function fileClient(): Promise<SmallClient> {
  const small = await smallClient();
  afterAll(() => {
    small.client.close();
  });
  return small;
}

export interface Call {
  readonly url: string;
  readonly token?: string;
}

export const tusHeaders = { 'tus-resumable': '1.0.0' };

export function headersOf({ token }: Call, headers: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { ...headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) };
}

/** Begins an upload; its address, or the answer that refuses it. */
export async function beginUpload(call: Call, length: number, digest: string, model = 'small'): Promise<string> {
  const metadata = `digest ${btoa(digest)},model ${btoa(model)}`;
  const headers = headersOf(call, { ...tusHeaders, 'upload-length': String(length), 'upload-metadata': metadata });
  const response = await fetch(`${call.url}/v1/uploads`, { method: 'POST', headers });
  if (response.status !== 201) throw await problemIn(response);
  return new URL(response.headers.get('location') ?? '', call.url).href;
}

export async function sendPiece(call: Call, upload: string, offset: number, bytes: Uint8Array): Promise<number> {
  const headers = headersOf(call, {
    ...tusHeaders,
    'upload-offset': String(offset),
    'content-type': 'application/offset+octet-stream',
  });
  const response = await fetch(upload, { method: 'PATCH', headers, body: Buffer.from(bytes) });
  if (response.status !== 204) throw await problemIn(response);
  return Number(response.headers.get('upload-offset'));
}

/** What has arrived; undefined where there is no such upload. */
export async function offsetOf(call: Call, upload: string): Promise<number | undefined> {
  const response = await fetch(upload, { method: 'HEAD', headers: headersOf(call, tusHeaders) });
  return response.status === 200 ? Number(response.headers.get('upload-offset')) : undefined;
}

export async function uploadKeys(call: Call, bytes: Uint8Array, digest = sha256Hex(bytes), model = 'small') {
  await sendPiece(call, await beginUpload(call, bytes.length, digest, model), 0, bytes);
}

export function infer(
  call: Call,
  { digest, inputs }: Pick<SmallClient, 'digest' | 'inputs'>,
  { headers = {}, signal }: { headers?: Record<string, string>; signal?: AbortSignal } = {},
): Promise<Response> {
  return fetch(`${call.url}/v1/models/small/infer`, {
    method: 'POST',
    headers: headersOf(call, { 'content-type': mediaTypes.ciphertexts, [keysHeader]: digest, ...headers }),
    body: Buffer.from(inputs),
    ...(signal && { signal }),
  });
}

/** An answer that refuses. */
export class Refused extends Error {}

export async function problemIn(response: Response): Promise<Refused> {
  const text = await response.text();
  const { code = '' } = text === '' ? {} : problemSchema.parse(JSON.parse(text));
  return new Refused(`${response.status} ${code}`);
}

/** The state of a job. */
export async function jobIn(response: Response): Promise<JobStatus> {
  return jobStatusSchema.parse(await response.json());
}

/** What the outputs of the service say, of the first slots. */
export async function answersIn({ client }: SmallClient, response: Response): Promise<number[]> {
  expect(response.headers.get('content-type')).toBe(mediaTypes.ciphertexts);
  const [answer] = client.decrypt(new Uint8Array(await response.arrayBuffer()), { raw: true });
  return [...(answer?.values() ?? [])].map((values) => values[0] ?? NaN);
}

/** y0 = (x1 + rot(x0, 1) + rot(x0, 5)) · x1, y1 = 0.5 · rot(x0, 7), with x0 = 1/4 and x1 = 1/2. */
export function expectAnswers([first = NaN, second = NaN]: readonly number[]): void {
  expect(first).toBeCloseTo((0.5 + 0.25 + 0.25) * 0.5, 2);
  expect(second).toBeCloseTo(0.125, 2);
}
