/** The page's side of the worker in which it asks its models. */
import type { DemoData, DemoModelName } from '../../site/demo-data.ts';
import type { Asked, FromSession, ModelStatus, ToSession } from './protocol.ts';

export class Session {
  /** What the demo has; rejects where it cannot start. */
  readonly data: Promise<DemoData>;
  private readonly worker = new Worker('session.js', { type: 'module' });
  private readonly asked = new Map<number, PromiseWithResolvers<Asked>>();
  private last = 0;

  constructor(onStatus: (name: DemoModelName, status: ModelStatus) => void) {
    const data = Promise.withResolvers<DemoData>();
    this.data = data.promise;
    this.worker.addEventListener('error', () => {
      data.reject(new Error('the worker of the page does not start'));
    });
    this.worker.addEventListener('message', ({ data: message }: MessageEvent<FromSession>) => {
      switch (message.kind) {
        case 'data':
          data.resolve(message.data);
          break;
        case 'broken':
          data.reject(new Error(message.problem));
          break;
        case 'status':
          onStatus(message.name, message.status);
          break;
        case 'answer':
          this.take(message.number)?.resolve(message.asked);
          break;
        case 'refusal':
          this.take(message.number)?.reject(new Error(message.problem));
          break;
      }
    });
  }

  open(name: DemoModelName): void {
    this.send({ kind: 'open', name });
  }

  /** Rejects with what the status says too, and where another question about the same model came meanwhile. */
  ask(name: DemoModelName, values: Float64Array): Promise<Asked> {
    const number = ++this.last;
    const answer = Promise.withResolvers<Asked>();
    this.asked.set(number, answer);
    this.send({ kind: 'ask', name, number, values });
    return answer.promise;
  }

  private take(number: number): PromiseWithResolvers<Asked> | undefined {
    const found = this.asked.get(number);
    this.asked.delete(number);
    return found;
  }

  private send(message: ToSession): void {
    this.worker.postMessage(message);
  }
}
