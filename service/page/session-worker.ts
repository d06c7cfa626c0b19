/** Worker of the page: asks its models, so that nothing but drawing is done on the page's thread. */
import './jitless.ts';
import { IndexedDbKeyKeeper } from '../../runtime/remote/indexed-db-key-keeper.ts';
import { type DemoModelName, demoDataSchema } from '../site/demo-data.ts';
import { EncryptedModel } from './models/encrypted-model.ts';
import type { FromSession, ToSession } from './session/protocol.ts';

const started = start();
const models = new Map<DemoModelName, Promise<EncryptedModel>>();

addEventListener('message', ({ data: message }: MessageEvent<ToSession>) => {
  const model = open(message.name);
  // The status has said what is wrong.
  if (message.kind === 'open') model.catch(() => undefined);
  else void answer(model, message);
});

async function start() {
  try {
    const data = demoDataSchema.parse(await (await fetch('demo/demo.json')).json());
    send({ kind: 'data', data });
    return { data, keeper: await IndexedDbKeyKeeper.open('hepc-demo') };
  } catch (error) {
    send({ kind: 'broken', problem: messageOf(error) });
    throw error;
  }
}

/** The same model each time, but after a failure. */
function open(name: DemoModelName): Promise<EncryptedModel> {
  const known = models.get(name);
  if (known !== undefined) return known;
  const opened = started.then(({ data, keeper }) =>
    EncryptedModel.open(data.models[name], keeper, (status) => {
      send({ kind: 'status', name, status });
    }),
  );
  models.set(name, opened);
  opened.catch((error: unknown) => {
    models.delete(name);
    send({ kind: 'status', name, status: { step: 'failed', fraction: 0, problem: messageOf(error) } });
  });
  return opened;
}

async function answer(model: Promise<EncryptedModel>, { number, values }: ToSession & { readonly kind: 'ask' }) {
  try {
    send({ kind: 'answer', number, asked: await (await model).ask(values) });
  } catch (error) {
    send({ kind: 'refusal', number, problem: messageOf(error) });
  }
}

function send(message: FromSession): void {
  postMessage(message);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
