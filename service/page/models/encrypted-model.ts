/** A model of the server as the page uses it: keys beforehand, one question at a time, and what each has taken. */
import type { Answer } from '../../../ir/interface.ts';
import { afterDecryption } from '../../../ir/interpret/client.ts';
import type { KeyKeeper } from '../../../runtime/remote/key-keeper.ts';
import { RemoteModel } from '../../../runtime/remote/remote-model.ts';
import type { DemoModelData } from '../../site/demo-data.ts';
import type { Asked, ModelStatus, Times } from '../session/protocol.ts';
import { ClearModel } from './clear-model.ts';
import { digestOf } from './digest-of.ts';
import { shadesOf } from './shades.ts';
import { StepTimes } from './step-times.ts';
import { Wire } from './wire.ts';

export class EncryptedModel {
  private readonly data: DemoModelData;
  private readonly remote: RemoteModel;
  private readonly clear: Promise<ClearModel>;
  private readonly onStatus: (status: ModelStatus) => void;
  private readonly wire: Wire;
  private keyTimes: Times = {};
  /** Keys made or loaded, and uploaded; undefined after that has failed. */
  private ready: Promise<void> | undefined;
  private asking: AbortController | undefined;

  /** Begins to make keys. Rejects as `RemoteModel.open`. */
  static async open(
    data: DemoModelData,
    keeper: KeyKeeper,
    onStatus: (status: ModelStatus) => void,
  ): Promise<EncryptedModel> {
    onStatus({ step: 'keys', fraction: 0 });
    const wire = new Wire();
    const worker = (): Worker => new Worker('worker.js', { type: 'module' });
    const pin = await digestOf(data.id);
    const remote = await RemoteModel.open(location.origin, data.id, { keeper, worker, pin, fetch: wire.fetch });
    return new EncryptedModel(data, remote, wire, onStatus);
  }

  private constructor(data: DemoModelData, remote: RemoteModel, wire: Wire, onStatus: (status: ModelStatus) => void) {
    this.data = data;
    this.remote = remote;
    this.wire = wire;
    this.onStatus = onStatus;
    this.clear = ClearModel.fetch(data);
    // The status says what fails.
    this.prepare().catch(() => undefined);
  }

  /** The answer in place of that to any question before, which rejects. */
  async ask(values: Float64Array): Promise<Asked> {
    this.asking?.abort();
    const { signal } = (this.asking = new AbortController());
    const { remote, wire } = this;
    await this.prepare();
    signal.throwIfAborted();
    const clear = (await this.clear).evaluate(values);
    const watch = new StepTimes(this.onStatus);
    const [answer] = await remote.infer([{ [this.data.input]: values }], { signal, onProgress: watch.onProgress });
    this.onStatus({ step: 'ready', fraction: 1 });
    if (answer === undefined) throw new Error('there is no answer in what the server sent');
    return {
      decrypted: this.numbersOf(answer),
      clear: this.numbersOf(afterDecryption(remote.part, new Map([[this.data.network, clear]]))),
      times: { ...this.keyTimes, ...watch.times, ...wire.serverTime },
      ...remote.lastTraffic,
      shades: shadesOf(wire.sent),
    };
  }

  private prepare(): Promise<void> {
    this.ready ??= this.prepareNow().catch((error: unknown) => {
      this.ready = undefined;
      throw error;
    });
    return this.ready;
  }

  private async prepareNow(): Promise<void> {
    const watch = new StepTimes(this.onStatus);
    try {
      await this.remote.prepare({ onProgress: watch.onProgress });
      this.keyTimes = watch.times;
      // The server reads weights and keys at the first question, which need not be the user's.
      if (this.asking === undefined) await this.askNothing();
      this.onStatus({ step: 'ready', fraction: 1 });
    } catch (error) {
      this.onStatus({ step: 'failed', fraction: 0, problem: error instanceof Error ? error.message : String(error) });
      throw error;
    }
  }

  private async askNothing(): Promise<void> {
    const size = this.data.layers[0]?.inputs ?? 0;
    await this.remote.infer([{ [this.data.input]: new Float64Array(size) }]);
  }

  private numbersOf(answer: Answer): Float64Array {
    const value = answer.get(this.data.output);
    if (value instanceof Float64Array) return value;
    throw new Error(`the answer has no numbers by the name ${this.data.output}`);
  }
}
