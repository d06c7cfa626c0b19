import { z } from 'zod';
import { declareCommand, option } from '../../parsing/command.ts';
import { text } from '../../parsing/option-values.ts';
import { json } from '../options/options.ts';
import {
  cache,
  drain,
  log,
  logLevel,
  maxAttempts,
  memory,
  natsReplicas,
  natsStore,
  threads,
} from './service-options.ts';

export const worker = declareCommand({
  details: [
    'Does the work of a fleet: takes jobs that fronts (`hepc serve --nats`) have accepted, those first whose plan and keys it ' +
      'holds, evaluates them and stores the results. Run as many as there are machines; none needs to know of another.',
    'SIGTERM and Ctrl-C stop it when what is under way is done; what it does not finish, another worker does.',
  ],
  options: z.strictObject({
    nats: option(text, {
      doc: 'NATS JetStream with the state of the fleet, servers with commas between',
      value: 'nats://HOST:PORT',
    }),
    natsStore,
    natsReplicas,
    cache,
    memory,
    threads,
    maxAttempts,
    drain,
    log,
    logLevel,
    json,
  }),
  headings: {
    Limits: ['memory', 'threads', 'maxAttempts'],
    Operation: ['natsStore', 'natsReplicas', 'cache', 'drain', 'log', 'logLevel'],
  },
  examples: ['worker --nats nats://127.0.0.1:4222 --threads 2'],
});
