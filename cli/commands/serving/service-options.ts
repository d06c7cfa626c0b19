/** What `serve` and `worker` both let the operator decide, by the headings of their help. */
import { defaultSettings } from '../../../service/base/settings.ts';
import { logLevels } from '../../../service/base/log-levels.ts';
import { option } from '../../parsing/command.ts';
import { byteSize, choice, maxThreads, text, wholeNumber } from '../../parsing/option-values.ts';
import { duration } from './durations.ts';

const day = 86_400;

export const fleetOptions = {
  nats: option(text.optional(), {
    doc: 'where a fleet keeps its state: NATS JetStream, servers with commas between; HEPC_NATS if not given',
    value: 'nats://HOST:PORT',
  }),
  natsCreds: option(text.optional(), {
    doc: 'credentials for NATS, as nsc makes them',
    value: 'FILE.creds',
  }),
  natsNkey: option(text.optional(), { doc: 'seed of an nkey for NATS, in place of credentials', value: 'FILE.nk' }),
  natsCa: option(text.optional(), {
    doc: "certificates that NATS's is checked by, in PEM, in place of the system's; TLS is then required",
    value: 'CA.pem',
  }),
  natsCert: option(text.optional(), {
    doc: 'certificate to show NATS, where it asks for one, in PEM',
    value: 'CERT.pem',
  }),
  natsKey: option(text.optional(), { doc: 'its private key, in PEM', value: 'KEY.pem' }),
  natsStore: option(byteSize().optional(), {
    doc: 'most bytes of the state of a fleet, which NATS reserves; 16GiB if not given. The same for all of a fleet',
    value: 'SIZE',
  }),
  natsReplicas: option(wholeNumber(1, 5).default(1), {
    doc: 'servers of a NATS cluster that hold each stream',
    value: 'N',
  }),
  lease: option(duration(3600).optional(), {
    doc: "how long a worker that is not heard of keeps its tasks; the fleet's if not given, at first 30s",
    value: 'TIME',
  }),
  cache: option(text.optional(), {
    doc: "folder for what has been read of a fleet's state, of one process at a time; one of the temporary files if not given",
    value: 'DIR',
  }),
};

export const workOptions = {
  memory: option(byteSize().optional(), {
    doc: 'memory for plans and keys; 4GiB if not given',
    value: 'SIZE',
  }),
  threads: option(wholeNumber(1, maxThreads).default(defaultSettings.threads), {
    doc: 'workers that share a run',
    value: 'T',
  }),
  maxAttempts: option(wholeNumber(1, 100).default(defaultSettings.maxAttempts), {
    doc: 'how often a task is begun before it is given up',
    value: 'N',
  }),
};

export const operationOptions = {
  drain: option(duration(day).optional(), {
    doc: 'how long what is under way may take when the service is told to stop; 30s if not given',
    value: 'TIME',
  }),
  log: option(text.optional(), {
    doc: 'write a log there, a JSON object a line; - is the standard error',
    value: 'FILE',
  }),
  logLevel: option(choice(logLevels).default('info'), { doc: 'the least that is logged', value: 'LEVEL' }),
};

/** For headings of help. */
export function keysOf<T extends object>(options: T): (keyof T & string)[] {
  return Object.keys(options) as (keyof T & string)[];
}
