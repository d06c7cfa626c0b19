/**
 * `hepc/service`: a service in a program of one's own, as `hepc serve` runs it: state in a folder, evaluation in a process
 * beside this one. For Node. Importing has no side effects.
 */
import '../runtime/base/supported-node.ts';
import { hostname } from 'node:os';
import type { Plan } from '../ir/plan/plan.ts';
import { defaultSettings, type ServiceSettings } from './base/settings.ts';
import { checkMemory } from './evaluation/plan-memory.ts';
import { requireProtection } from './http/address.ts';
import type { LogOptions } from './http/base/log.ts';
import { Tokens } from './http/base/tenants.ts';
import { Service } from './serve.ts';
import { openLocalBackend } from './stores/local/open.ts';

export { formatDiagnostic, HepcError, InternalError } from '../ir/diagnostics/diagnostic.ts';
export type { Diagnostic, NodeRef, Place, Severity } from '../ir/diagnostics/diagnostic.ts';
export type { Plan } from '../ir/plan/plan.ts';
export type { ServiceSettings } from './base/settings.ts';
export type { LogOptions } from './http/base/log.ts';

export interface StartServiceOptions {
  /** Files of plans, each served under its name without the ending. */
  readonly plans: readonly string[];
  /** Folder of keys and jobs, made where it is missing. */
  readonly store: string;
  /** The loopback unless told; an address that others can reach needs `tokens`, and `tls` or `behindProxy`. */
  readonly host?: string;
  /** A free one unless told. */
  readonly port?: number;
  /** Lines of a tenant's name and its token, or `sha256:` and its digest. Without them there is one tenant. */
  readonly tokens?: string;
  /** Certificate with its chain and private key, in PEM. */
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly behindProxy?: boolean;
  readonly settings?: Partial<ServiceSettings>;
  readonly log?: LogOptions;
}

export interface RunningService {
  /** Without a slash at the end. */
  readonly url: string;
  /** Takes nothing new, finishes what is under way for at most so many seconds (30), and frees everything. */
  stop(seconds?: number): Promise<void>;
}

const defaultDrainSeconds = 30;

/**
 * Listens when it resolves. To be stopped.
 *
 * @example
 * const service = await startService({ plans: ['mlp.hep'], store: 'store' });
 * const model = await RemoteModel.open(service.url, 'mlp'); // of hepc/client
 * const [answer] = await model.infer([{ input: pixels }]);
 * await service.stop();
 *
 * Rejects with `HepcError` for plans that cannot be served or do not fit the memory, a store that is in use or damaged, and
 * an address that is taken or unprotected (H867, H869).
 */
export async function startService(options: StartServiceOptions): Promise<RunningService> {
  const { plans, store, host = '127.0.0.1', port = 0, tls, behindProxy = false, log } = options;
  const settings = { ...defaultSettings, ...options.settings };
  const address = { host, port };
  const tokens = options.tokens === undefined ? undefined : new Tokens(options.tokens, 'tokens');
  requireProtection(address, { hasTokens: tokens !== undefined, hasTls: tls !== undefined, behindProxy });
  const backend = await openLocalBackend(store);
  try {
    const service = await Service.start({
      ...{ backend, plans, settings, address, tokens, tls, works: true },
      name: `${hostname()}-${process.pid}`,
      version: '',
      maxConnections: 1024,
      log: log ?? { to: '-', level: 'silent' },
      check: (plan: Plan) => {
        checkMemory(plan, settings);
      },
    });
    return {
      url: service.url,
      stop: async (seconds = defaultDrainSeconds) => {
        await service.stop(seconds);
        await backend.close();
      },
    };
  } catch (error) {
    await backend.close();
    throw error;
  }
}
