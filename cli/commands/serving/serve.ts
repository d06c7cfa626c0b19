import { z } from 'zod';
import { defaultSettings } from '../../../service/base/settings.ts';
import { declareCommand, option } from '../../parsing/command.ts';
import { byteSize, flag, text, wholeNumber } from '../../parsing/option-values.ts';
import { json, quiet } from '../options/options.ts';
import { duration } from './durations.ts';
import { fleetOptions, keysOf, operationOptions, workOptions } from './service-options.ts';

const year = 366 * 86_400;
const most = Number.MAX_SAFE_INTEGER;

export const serve = declareCommand({
  details: [
    'Serves plans to clients over HTTP: `hepc infer`, RemoteModel of hepc/client, and whatever speaks the protocol that ' +
      'docs/guide/service-api.md describes. A plan is served under the name of its file.',
    'Keys, jobs and results are in --store and survive a restart. With --nats they are in NATS JetStream, where any number ' +
      'of these fronts share them, and `hepc worker` does the work; without plans a front serves those that others were ' +
      'given. An address with a password is better in the variable HEPC_NATS, so that no list of processes shows it.',
    'Listens at an address that others can reach only with --tokens, and with a certificate, unless --behind-proxy says ' +
      'that something in front does TLS. Each line of the file of tokens is a name and a token, or sha256: and its digest; ' +
      'SIGHUP reads it again. The tenant of the name `metrics` reads /metrics and nothing else.',
    '--demo needs no plan: it serves a page with three models, which are compiled into --store at the first start. The page ' +
      'encrypts a digit that is drawn, an image with noise or the measurements of a patient, and shows what leaves the browser. ' +
      'It has no token, and browsers encrypt in pages of this machine or of https: alone.',
    'SIGTERM and Ctrl-C stop it: nothing new is taken, what is under way is finished for --drain, jobs that were accepted ' +
      'for later go on at the next start. A second signal ends it at once.',
  ],
  options: z.strictObject({
    plans: option(z.array(text).default([]), { doc: 'the plans', argument: true, value: 'PLAN.hep' }),
    listen: option(text.default('127.0.0.1:8750'), {
      doc: 'where to listen; port 0 is a free one',
      value: 'HOST:PORT',
    }),
    store: option(text.default('hepc-store'), {
      doc: 'folder of keys and jobs, made where it is missing',
      value: 'DIR',
    }),
    ...fleetOptions,
    tokens: option(text.optional(), { doc: 'file of tokens: a name and a token in each line', value: 'FILE' }),
    tlsCert: option(text.optional(), { doc: 'certificate with its chain, in PEM', value: 'CERT.pem' }),
    tlsKey: option(text.optional(), { doc: 'its private key, in PEM', value: 'KEY.pem' }),
    behindProxy: option(flag, { doc: 'something in front does TLS, or the network is trusted' }),
    ...workOptions,
    maxQueue: option(wholeNumber(1, 1_000_000).default(defaultSettings.maxQueue), {
      doc: 'requests that wait; who comes then is told to come again',
      value: 'N',
    }),
    deadline: option(duration(year).optional(), {
      doc: 'how long a request may take; 5min if not given',
      value: 'TIME',
    }),
    keepResults: option(duration(year).optional(), {
      doc: 'how long results of jobs are kept; 1h if not given',
      value: 'TIME',
    }),
    keepKeys: option(duration(10 * year).optional(), {
      doc: 'how long keys are kept after they were last used; 30d if not given',
      value: 'TIME',
    }),
    tenantKeys: option(byteSize().optional(), {
      doc: 'most bytes of keys of a tenant; 16GiB if not given',
      value: 'SIZE',
    }),
    maxInput: option(byteSize().optional(), {
      doc: 'most bytes of the encrypted inputs of a request; 1GiB if not given',
      value: 'SIZE',
    }),
    runsPerPart: option(wholeNumber(1, 65_536).default(defaultSettings.runsPerPart), {
      doc: 'runs of a job that are done in one piece',
      value: 'N',
    }),
    stall: option(duration(86_400).optional(), {
      doc: 'how long a body may stand still; 30s if not given',
      value: 'TIME',
    }),
    maxConnections: option(wholeNumber(1, most).default(1024), { doc: 'connections at once', value: 'N' }),
    ...operationOptions,
    demo: option(flag, { doc: 'serve a page that asks three models of its own, encrypted: digits, noise, patients' }),
    openapi: option(flag, { doc: 'print the description of the interface (OpenAPI) and do nothing else' }),
    json,
    quiet,
  }),
  headings: {
    Access: ['listen', 'tokens', 'tlsCert', 'tlsKey', 'behindProxy'],
    State: ['store', 'keepResults', 'keepKeys', 'tenantKeys'],
    'A fleet': keysOf(fleetOptions),
    Limits: [...keysOf(workOptions), 'maxQueue', 'deadline', 'maxInput', 'runsPerPart', 'stall', 'maxConnections'],
    Operation: ['demo', ...keysOf(operationOptions), 'openapi'],
  },
  examples: [
    'serve --demo',
    'serve mlp.hep',
    'serve mlp.hep --listen 127.0.0.1:0 --store /tmp/hepc-store --threads 2 --memory 2GiB',
  ],
});
