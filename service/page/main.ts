/** The demo page: opens a model for each view when that is first looked at, and says what is going on. */
import type { DemoModelName } from '../site/demo-data.ts';
import { denoiseView } from './views/denoise-view.ts';
import { digitView } from './views/digit-view.ts';
import { byId } from './parts/elements.ts';
import { Evidence } from './parts/evidence.ts';
import { patientView } from './views/patient-view.ts';
import type { Asked, ModelStatus } from './session/protocol.ts';
import { Session } from './session/session.ts';
import { Tabs } from './parts/tabs.ts';
import type { ViewParts } from './views/asking.ts';

const names = ['digit', 'denoise', 'patient'] as const satisfies readonly DemoModelName[];

const whats: Readonly<Record<DemoModelName, string>> = {
  digit: 'one drawing',
  denoise: 'one image',
  patient: 'one patient',
};

const sayings: Readonly<Record<ModelStatus['step'], string>> = {
  keys: 'Making keys in this browser',
  upload: 'Uploading the evaluation keys; the secret key stays here',
  encrypt: 'Encrypting',
  evaluate: 'The server evaluates',
  decrypt: 'Decrypting',
  ready: 'Ready: the server has the evaluation keys',
  failed: 'That did not work',
};

async function start(): Promise<void> {
  // Elsewhere they have no digests, which keys and plans are known by.
  if (!isSecureContext) throw new Error('browsers encrypt in pages of https:, or of the same machine, alone');
  const evidence = new Evidence();
  const status = byId('status', HTMLElement);
  const said = byId('said', HTMLElement);
  const bar = byId('progress', HTMLProgressElement);
  const statuses = new Map<DemoModelName, ModelStatus>();
  const answers = new Map<DemoModelName, Asked>();
  const isPrepared = new Set<DemoModelName>();
  let current: DemoModelName = 'digit';

  const showStatus = (): void => {
    const { step, fraction, problem } = statuses.get(current) ?? { step: 'keys', fraction: 0 };
    const text = problem === undefined ? sayings[step] : `${sayings[step]}: ${problem}`;
    // What a question goes through is for the eye: its answer is read out.
    status.ariaLive = step === 'failed' || !isPrepared.has(current) ? 'polite' : 'off';
    if (step === 'ready') isPrepared.add(current);
    if (status.textContent !== text) status.textContent = text;
    status.dataset['step'] = step;
    bar.value = fraction;
    bar.hidden = !(step === 'keys' || step === 'upload');
  };
  const showAnswer = (): void => {
    const asked = answers.get(current);
    if (asked === undefined) evidence.hide();
    else evidence.show(asked, whats[current]);
  };
  const session = new Session((name, each) => {
    statuses.set(name, each);
    showStatus();
  });
  const data = await session.data;
  const parts = (name: DemoModelName): ViewParts => ({
    ask: (values) => session.ask(name, values),
    say: (text) => (said.textContent = text),
    show: (asked) => {
      answers.set(name, asked);
      showAnswer();
    },
    fail: (error) => {
      statuses.set(name, { step: 'failed', fraction: 0, problem: messageOf(error) });
      showStatus();
    },
  });

  digitView(data, parts('digit'));
  const others = { denoise: denoiseView(data, parts('denoise')), patient: patientView(data, parts('patient')) };
  new Tabs(names, (name) => {
    current = name;
    said.textContent = '';
    session.open(name);
    if (name !== 'digit') others[name].open();
    showStatus();
    showAnswer();
  });
  session.open('digit');
}

start().catch((error: unknown) => {
  byId('status', HTMLElement).textContent = `The demo does not start: ${messageOf(error)}`;
});

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
