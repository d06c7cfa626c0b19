/** Signals as plain messages of NATS, which nobody keeps. */
import type { NatsConnection } from '@nats-io/transport-node';

import { checkDottedName } from '../names.ts';
import type { Json } from '../registry.ts';
import type { Signals } from '../signals.ts';
import type { Link } from './link.ts';
import { readJson } from './registry.ts';

export class NatsSignals implements Signals {
  readonly #link: Link;
  readonly #prefix: string;

  constructor(link: Link, prefix: string) {
    this.#link = link;
    this.#prefix = `${prefix}.signals`;
  }

  get #nc(): NatsConnection {
    return this.#link.nc;
  }

  send(subject: string, message: Json): void {
    checkDottedName(subject);
    if (!this.#link.isClosed) this.#nc.publish(`${this.#prefix}.${subject}`, JSON.stringify(message));
  }

  async listen(subject: string, onMessage: (message: Json) => void): Promise<() => void> {
    checkDottedName(subject);
    const subscription = this.#nc.subscribe(`${this.#prefix}.${subject}`, {
      callback: (error, { data }) => {
        if (error === null) onMessage(readJson(subject, data));
      },
    });
    try {
      await this.#link.call(`listening to ${subject}`, () => this.#nc.flush());
    } catch (error) {
      subscription.unsubscribe();
      throw error;
    }
    return () => subscription.unsubscribe();
  }
}
