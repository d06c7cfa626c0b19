/** What the page of the browser test does. The test bundles it with the library as it is published, and calls it. */
import { Client, HepcError } from '../../../runtime/client-library.ts';
import { readPlan, Server, type ServerOptions, type ServerSession } from '../../../runtime/server-library.ts';

export interface PageTask {
  readonly options: ServerOptions;
  /** A sample: values by the name of the input. */
  readonly sample: Readonly<Record<string, readonly number[]>>;
}

export interface PageResult {
  readonly isIsolated: boolean;
  readonly engine: string;
  /** Codes of the server's remarks. */
  readonly remarks: readonly string[];
  /** What became of an evaluation that was aborted at its first sign of progress, and how far that had come. */
  readonly aborted: string;
  readonly abortedAt: number;
  /** Of an evaluation after that one. */
  readonly outputs: Readonly<Record<string, readonly number[]>>;
}

/** Keys, encryption, an evaluation that is aborted and one that is not, decryption. A `HepcError` as its codes. */
async function evaluateInPage({ options, sample }: PageTask): Promise<PageResult | readonly string[]> {
  const response = await fetch('plan.hep');
  const plan = readPlan(new Uint8Array(await response.arrayBuffer()), 'plan.hep');
  const client = await Client.create(plan.client);
  let server: Server | undefined;
  try {
    server = await Server.create(plan, options);
    const session = await server.openSession(client.generateKeys().evaluationKeys);
    const values = Object.entries(sample).map(([name, own]) => [name, Float64Array.from(own)] as const);
    const inputs = client.encrypt([new Map(values)]);
    const abort = await abortEvaluation(session, inputs);
    const [outputs = new Map<string, Float64Array>()] = client.decrypt((await session.evaluate(inputs)).outputs, {
      raw: true,
    });
    return {
      isIsolated: crossOriginIsolated,
      engine: server.engineName,
      remarks: server.remarks.map(({ code }) => code),
      ...abort,
      outputs: Object.fromEntries(Array.from(outputs, ([name, own]) => [name, [...own]])),
    };
  } catch (error) {
    if (error instanceof HepcError) return error.diagnostics.map(({ code }) => code);
    throw error;
  } finally {
    client.close();
    await server?.close();
  }
}

async function abortEvaluation(
  session: ServerSession,
  inputs: Uint8Array,
): Promise<Pick<PageResult, 'aborted' | 'abortedAt'>> {
  const controller = new AbortController();
  let abortedAt = 0;
  const onProgress = (fraction: number): void => {
    abortedAt = fraction;
    controller.abort('enough');
  };
  try {
    await session.evaluate(inputs, { signal: controller.signal, onProgress });
    return { aborted: 'not at all', abortedAt };
  } catch (reason) {
    return { aborted: String(reason), abortedAt };
  }
}

Object.assign(globalThis, { evaluateInPage });
