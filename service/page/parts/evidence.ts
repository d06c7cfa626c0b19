/** What left the browser for the last answer, and how long each step took. */
import { byId, create, paint } from './elements.ts';
import type { Asked, Times } from '../session/protocol.ts';

const stripWidth = 256;

const steps: readonly (readonly [string, (times: Times) => number | undefined])[] = [
  ['Make keys, once', ({ keys }) => keys],
  ['Upload keys, once', ({ upload }) => upload],
  ['Encrypt here', ({ encrypt }) => encrypt],
  ['Evaluate on the server', ({ server, evaluate }) => server ?? evaluate],
  ['Network and waiting', ({ server, evaluate }) => server && evaluate && Math.max(0, evaluate - server)],
  ['Decrypt here', ({ decrypt }) => decrypt],
];

export class Evidence {
  private readonly section = byId('evidence', HTMLElement);
  private readonly summary = byId('evidence-summary', HTMLElement);
  private readonly strip = byId('strip', HTMLCanvasElement);
  private readonly times = byId('times', HTMLTableSectionElement);

  show({ shades, sentBytes, receivedBytes, times }: Asked, what: string): void {
    this.section.hidden = false;
    this.summary.textContent =
      `${formatBytes(sentBytes)} of ciphertext for ${what}, and ${formatBytes(receivedBytes)} came back. ` +
      'This is one byte of each of its first numbers, as a pixel:';
    paint(this.strip, shades, stripWidth);
    this.times.replaceChildren(
      ...steps.flatMap(([name, timeOf]) => {
        const time = timeOf(times);
        if (time === undefined) return [];
        const head = create('th', { text: name });
        head.scope = 'row';
        return [create('tr', {}, head, create('td', { className: 'number', text: formatTime(time) }))];
      }),
    );
  }

  hide(): void {
    this.section.hidden = true;
  }
}

function formatBytes(bytes: number): string {
  return bytes < 1e6 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

function formatTime(milliseconds: number): string {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}
