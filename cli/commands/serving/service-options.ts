/** What `serve` and `worker` both let the operator decide. */
import { defaultSettings } from '../../../service/base/settings.ts';
import { logLevels } from '../../../service/base/log-levels.ts';
import { option } from '../../parsing/command.ts';
import { byteSize, choice, maxThreads, text, wholeNumber } from '../../parsing/option-values.ts';
import { duration } from './durations.ts';

const day = 86_400;

export const nats = option(text.optional(), {
  doc: 'where a fleet keeps its state: NATS JetStream, servers with commas between; HEPC_NATS if not given',
  value: 'nats://HOST:PORT',
});
export const natsCreds = option(text.optional(), {
  doc: 'credentials for NATS, as nsc makes them',
  value: 'FILE.creds',
});
export const natsCa = option(text.optional(), {
  doc: "certificates that NATS's is checked by, in PEM, in place of the system's; TLS is then required",
  value: 'CA.pem',
});
export const lease = option(duration(3600).optional(), {
  doc: "how long a worker that is not heard of keeps its tasks; the fleet's if not given, at first 30s",
  value: 'TIME',
});
export const natsStore = option(byteSize().optional(), {
  doc: 'most bytes of the state of a fleet, which NATS reserves; 16GiB if not given. The same for all of a fleet',
  value: 'SIZE',
});
export const natsReplicas = option(wholeNumber(1, 5).default(1), {
  doc: 'servers of a NATS cluster that hold each stream',
  value: 'N',
});
export const cache = option(text.optional(), {
  doc: "folder for what has been read of a fleet's state, of one process at a time; one of the temporary files if not given",
  value: 'DIR',
});
export const memory = option(byteSize().optional(), {
  doc: 'memory for plans and keys; 4GiB if not given',
  value: 'SIZE',
});
export const threads = option(wholeNumber(1, maxThreads).default(defaultSettings.threads), {
  doc: 'workers that share a run',
  value: 'T',
});
export const maxAttempts = option(wholeNumber(1, 100).default(defaultSettings.maxAttempts), {
  doc: 'how often a task is begun before it is given up',
  value: 'N',
});
export const drain = option(duration(day).optional(), {
  doc: 'how long what is under way may take when the service is told to stop; 30s if not given',
  value: 'TIME',
});
export const log = option(text.optional(), {
  doc: 'write a log there, a JSON object a line; - is the standard error',
  value: 'FILE',
});
export const logLevel = option(choice(logLevels).default('info'), { doc: 'the least that is logged', value: 'LEVEL' });
