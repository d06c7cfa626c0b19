import { stat } from 'node:fs/promises';
import { badOptionValue, badUsage } from '../../../ir/diagnostics/cli.ts';
import { formatDiagnostic } from '../../../ir/diagnostics/diagnostic.ts';
import { openTokens } from '../../../ir/diagnostics/service/http.ts';
import { program, version } from '../../shell/version.ts';
import { parseAddress, requireProtection } from '../../../service/http/address.ts';
import { checkMemory } from '../../../service/evaluation/plan-memory.ts';
import { openApiDocument } from '../../../service/http/app.ts';
import { Tokens } from '../../../service/http/base/tenants.ts';
import { Service } from '../../../service/serve.ts';
import { readInputFile } from '../../files/input-file.ts';
import { formatBytes, plural } from '../../render/units.ts';
import { toJson } from '../../render/json.ts';
import { failureOf, UsageError } from '../../shell/failure.ts';
import { createProgress } from '../../shell/progress.ts';
import type { CommandContext } from '../../shell/context.ts';
import type { Action } from '../../parsing/declaration.ts';
import type { serve } from '../../commands/serving/serve.ts';
import { natsServers, openFleetStore, openFolderStore, processName } from './backends.ts';
import { defaultDrainSeconds, settingsOf } from './service-settings.ts';
import { untilStopped } from './until-stopped.ts';

const help = 'hepc help serve';
const smallFile = { what: 'a file of tokens or a certificate', maxBytes: 2 ** 20 };

export const runServe: Action<typeof serve> = async (options, context) => {
  if (options.openapi) {
    context.print(toJson(await openApiDocument(version)));
    return;
  }
  const { listen, demo } = options;
  const address = parseAddress(listen);
  if (address === undefined)
    throw new UsageError([badOptionValue({ option: '--listen', got: listen, reason: 'expected HOST:PORT', help })]);
  const nats = natsServers(options.nats);
  if (options.plans.length === 0 && !demo && nats === undefined)
    throw new UsageError([badUsage({ reason: 'there is no plan to serve', help })]);
  if (demo && options.tokens !== undefined)
    throw new UsageError([
      badUsage({ reason: 'the page of --demo has no token to show, so there are no --tokens', help }),
    ]);
  const tokens = options.tokens === undefined ? undefined : await readTokens(options.tokens, context);
  const tls = await readTls(options.tlsCert, options.tlsKey);
  const protection = { hasTokens: tokens !== undefined, hasTls: tls !== undefined, behindProxy: options.behindProxy };
  requireProtection(address, protection);

  const settings = settingsOf(options);
  const stopped = untilStopped();
  const backend =
    nats === undefined ? await openFolderStore(options.store, context) : await openFleetStore({ ...options, nats });
  try {
    const shown = demo ? await showDemo(options) : undefined;
    const plans = [...options.plans, ...(shown?.plans ?? [])];
    const { renderReport } = await import('../../report/page.ts');
    const service = await Service.start({
      ...{ backend, plans, settings, address, version, tokens, tls },
      site: shown?.site,
      works: nats === undefined,
      name: processName(),
      maxConnections: options.maxConnections,
      log: { to: options.log ?? '-', level: options.log === undefined ? 'silent' : options.logLevel },
      check: (plan) => {
        checkMemory(plan, settings);
      },
      renderReport: (plan) => renderReport(plan, { madeBy: program }),
      onWarning: (warning) => {
        context.remark(formatDiagnostic(warning));
      },
    });
    try {
      greet(service, { ...options, nats }, context);
      await stopped;
    } finally {
      await service.stop(options.drain ?? defaultDrainSeconds);
    }
  } finally {
    await backend.close();
  }
};

async function showDemo({ store, json, quiet }: Pick<Greeting, 'store' | 'json' | 'quiet'>) {
  const { demoPage, openDemo } = await import('./demo/demo.ts');
  const progress = createProgress(json || quiet);
  try {
    return await openDemo({ store, page: demoPage(progress) }, progress);
  } finally {
    progress.end();
  }
}

/** Reads the file again at each SIGHUP. */
async function readTokens(path: string, { remark }: CommandContext): Promise<Tokens> {
  const read = async (): Promise<string> => {
    const { mode } = await stat(path).catch(() => ({ mode: 0 }));
    if ((mode & 0o077) !== 0 && process.platform !== 'win32') remark(formatDiagnostic(openTokens({}, { file: path })));
    return Buffer.from(await readInputFile(path, smallFile)).toString('utf8');
  };
  const tokens = new Tokens(await read(), path);
  process.on('SIGHUP', () => {
    read()
      .then((text) => {
        tokens.replace(text, path);
      })
      .catch((error: unknown) => {
        remark(failureOf(error, false).text.trimEnd());
      });
  });
  return tokens;
}

async function readTls(cert: string | undefined, key: string | undefined) {
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined)
    throw new UsageError([badUsage({ reason: '--tls-cert and --tls-key belong together', help })]);
  const [certificate, privateKey] = [await readInputFile(cert, smallFile), await readInputFile(key, smallFile)];
  return { cert: Buffer.from(certificate), key: Buffer.from(privateKey) };
}

interface Greeting {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly store: string;
  readonly nats: string | undefined;
  readonly demo: boolean;
}

function greet(service: Service, options: Greeting, { print }: CommandContext): void {
  const { url, models } = service;
  const ids = models.map(({ id }) => id);
  if (options.json) {
    // One line, which a script can wait for.
    print(`${JSON.stringify({ url, models: ids, pid: process.pid })}\n`);
    return;
  }
  if (options.quiet) return;
  const { memoryBytes, threads } = service.settings;
  const work =
    options.nats === undefined
      ? `up to ${formatBytes(memoryBytes)} for plans and keys, ${plural(threads, 'worker')}; state in ${options.store}`
      : 'state in NATS; `hepc worker --nats` does the work';
  print(
    `${url} serves ${ids.length === 0 ? 'no model yet' : ids.join(', ')}\n  ${work}\n` +
      (options.demo ? `  ${url}/ is the page of the demo\n` : '') +
      `  hepc infer ${url} --model ${ids[0] ?? 'ID'} --input X.npy\n  Ctrl-C stops it\n`,
  );
}
