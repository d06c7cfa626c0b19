/** A plan in the memory of the process that evaluates, with the sessions of those who use it. */
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileAccess } from '../../runtime/format/file-access.ts';
import { openHep } from '../../runtime/hep/read.ts';
import type { Plan } from '../../ir/plan/plan.ts';
import { Server } from '../../runtime/server.ts';
import type { ServerSession } from '../../runtime/server-session.ts';

/** A plan that has been read, and not been prepared. To be closed. */
export class PlanFile {
  readonly plan: Plan;
  private readonly file: FileHandle;

  /** Throws `HepcError` for what is no plan. The file may go meanwhile. */
  static async open(path: string): Promise<PlanFile> {
    const file = await open(path);
    try {
      const { size } = await file.stat();
      return new PlanFile(await openHep(fileAccess(file, size), basename(path)), file);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  private constructor(plan: Plan, file: FileHandle) {
    this.plan = plan;
    this.file = file;
  }

  close(): Promise<void> {
    return this.file.close();
  }
}

interface Held {
  readonly session: Promise<ServerSession>;
  /** Where the keys are now: whoever asks for the session says it anew. */
  path: string;
}

export class HeldPlan {
  readonly digest: string;
  /** Bytes of the budget. */
  readonly share: number;
  private readonly file: PlanFile;
  private readonly server: Server;
  /** By the digest of the keys, the one that was used least recently first. */
  private readonly sessions = new Map<string, Held>();

  static async open(digest: string, file: PlanFile, share: number, budget: number, threads: number): Promise<HeldPlan> {
    const server = await Server.create(file.plan, { threads, memoryBudgetBytes: budget });
    return new HeldPlan(digest, file, server, share);
  }

  private constructor(digest: string, file: PlanFile, server: Server, share: number) {
    this.digest = digest;
    this.file = file;
    this.server = server;
    this.share = share;
  }

  get plan(): Plan {
    return this.server.plan;
  }

  get usage() {
    const { sessions, loadedKeys, keyPlaces, keyLoads } = this.server.usage;
    return { digest: this.digest, bytes: this.share, sessions, loadedKeys, keyPlaces, keyLoads };
  }

  get openSessions(): number {
    return this.sessions.size;
  }

  /** Keys that are in memory: those that were used last, as many as there are places. */
  get keysInMemory(): string[] {
    const all = [...this.sessions.keys()];
    return all.slice(Math.max(0, all.length - this.server.usage.keyPlaces));
  }

  /** The session of keys, opened where it is not. Rejects with `HepcError` for keys that do not fit. */
  session(keys: string, path: string): Promise<ServerSession> {
    const known = this.sessions.get(keys);
    const held: Held = known ?? { session: this.server.openSession(() => readFile(held.path)), path };
    held.path = path;
    this.sessions.delete(keys);
    this.sessions.set(keys, held);
    if (known === undefined)
      held.session.catch(() => {
        if (this.sessions.get(keys) === held) this.sessions.delete(keys);
      });
    return held.session;
  }

  /** Closes the session of keys, if there is one; evaluations that are under way finish first. */
  async forget(keys: string): Promise<void> {
    const held = this.sessions.get(keys);
    if (held === undefined) return;
    this.sessions.delete(keys);
    await (await held.session.catch(() => undefined))?.close();
  }

  /** Closes those that were used least recently. */
  async keepSessions(count: number): Promise<void> {
    const surplus = [...this.sessions.keys()].slice(0, Math.max(0, this.sessions.size - count));
    await Promise.all(surplus.map((keys) => this.forget(keys)));
  }

  /** Closes all sessions: after a failure of the engine none of them can be used. */
  async dropSessions(): Promise<void> {
    await Promise.all([...this.sessions.keys()].map((keys) => this.forget(keys)));
  }

  async close(): Promise<void> {
    this.sessions.clear();
    await this.server.close();
    await this.file.close();
  }
}
