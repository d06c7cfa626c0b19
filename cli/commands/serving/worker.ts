import { z } from 'zod';
import { declareCommand } from '../../parsing/command.ts';
import { json, quiet } from '../options/options.ts';
import { fleetOptions, keysOf, operationOptions, workOptions } from './service-options.ts';

export const worker = declareCommand({
  details: [
    'Does the work of a fleet: takes jobs that fronts (`hepc serve --nats`) have accepted, those first whose plan and keys it ' +
      'holds, evaluates them and stores the results. Run as many as there are machines; none needs to know of another.',
    'An address with a password is better in the variable HEPC_NATS, so that no list of processes shows it.',
    'SIGTERM and Ctrl-C stop it when what is under way is done; what it does not finish, another worker does.',
  ],
  options: z.strictObject({ ...fleetOptions, ...workOptions, ...operationOptions, json, quiet }),
  headings: { 'A fleet': keysOf(fleetOptions), Limits: keysOf(workOptions), Operation: keysOf(operationOptions) },
  examples: ['worker --nats nats://127.0.0.1:4222 --threads 2'],
});
