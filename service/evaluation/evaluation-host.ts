/** What the process that evaluates does with questions. Knows nothing of messages. */
import { open, readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { HepcError } from '../../ir/diagnostics/diagnostic.ts';
import { unlikeAnnounced } from '../../ir/diagnostics/service/stores.ts';
import { sha256HexOf } from '../../ir/digest.ts';
import { fileAccess } from '../../runtime/format/file-access.ts';
import { openClientPart } from '../../runtime/hep/client-part.ts';
import { readEvaluationKeys } from '../../runtime/cipher/key-files.ts';
import { evaluateFiles, type RunOptions } from './evaluate-files.ts';
import type { EvaluationRequest, EvaluationResult, EvaluatorUsage } from './evaluator.ts';
import { loadsAtOnce, requestsAtOnce } from './plan-memory.ts';
import { PlanShelf } from './plan-shelf.ts';
import { PlanTurns } from './plan-turns.ts';
import type { EvaluatorSettings, FromEvaluator } from './protocol.ts';

/** Sessions that are open, of all plans; a session without keys in memory takes next to nothing. */
const maxSessions = 1024;

export class EvaluationHost {
  private readonly settings: EvaluatorSettings;
  private readonly shelf: PlanShelf;
  private readonly turns: PlanTurns;
  private readonly loads = new PlanTurns(loadsAtOnce);

  constructor(settings: EvaluatorSettings) {
    this.settings = settings;
    this.turns = new PlanTurns(requestsAtOnce(settings.threads));
    this.shelf = new PlanShelf(settings);
  }

  get holds(): Extract<FromEvaluator, { readonly kind: 'holds' }>['plans'] {
    return this.shelf.plans.map((plan) => ({ plan: plan.digest, keys: plan.keysInMemory }));
  }

  get usage(): Omit<EvaluatorUsage, 'crashes'> {
    return { budgetBytes: this.settings.memoryBytes, plans: this.shelf.plans.map(({ usage }) => usage) };
  }

  /** Rejects with `HepcError`, the reason of the signal, and errors of ours and of the system. */
  async evaluate(
    request: Pick<EvaluationRequest, 'plan' | 'keys' | 'inputs' | 'outputs' | 'staged'>,
    options: RunOptions,
  ): Promise<EvaluationResult> {
    const ends = [await this.turns.take(request.plan.digest)];
    try {
      options.signal.throwIfAborted();
      const start = performance.now();
      const plan = await this.shelf.take(request.plan.digest, request.plan.path);
      if (!plan.keysInMemory.includes(request.keys.digest)) ends.push(await this.loads.take(request.plan.digest));
      options.signal.throwIfAborted();
      const session = await plan.session(request.keys.digest, request.keys.path);
      await this.shelf.keepSessions(maxSessions, plan);
      const openMs = performance.now() - start;
      try {
        return { ...(await evaluateFiles(session, request, options)), openMs };
      } catch (error) {
        // A failure of the engine has ended all sessions of the plan; the next request opens them again.
        if (!options.signal.aborted && isFailureOfEngine(error)) await plan.dropSessions();
        throw error;
      }
    } finally {
      for (const end of ends) end();
    }
  }

  /** Identity of keys of this SHA-256 that fit a plan. Rejects with `HepcError`. */
  async checkKeys(plan: EvaluationRequest['plan'], keys: string, digest: string): Promise<string> {
    const part = this.shelf.find(plan.digest)?.plan.client ?? (await readClientPart(plan.path));
    const bytes = await readFile(keys);
    // Not on this thread, which evaluations wait for.
    const got = await sha256HexOf(bytes);
    if (got !== digest) throw new HepcError([unlikeAnnounced({ what: 'the keys', expected: digest, got })]);
    return readEvaluationKeys(bytes, part).keyId;
  }

  async forget(keys: string): Promise<void> {
    await Promise.all(this.shelf.plans.map((plan) => plan.forget(keys)));
  }

  close(): Promise<void> {
    return this.shelf.close();
  }
}

async function readClientPart(path: string) {
  const file = await open(path);
  try {
    return await openClientPart(fileAccess(file, (await file.stat()).size), basename(path));
  } finally {
    await file.close();
  }
}

/** Sessions that were lost with others, no memory, and all that is no refusal. */
function isFailureOfEngine(error: unknown): boolean {
  return !(error instanceof HepcError) || error.diagnostics.some(({ code }) => code === 'H632' || code === 'H641');
}
