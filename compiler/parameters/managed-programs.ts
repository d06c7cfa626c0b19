/**
 * A program with its rescales placed in every way, and managed for chains: what it costs on the shortest one is asked before
 * what is accurate enough, and that begins with the same chains.
 */
import type { HeModule } from '../../ir/he/module.ts';
import type { PassManager } from '../../passes/manager.ts';
import { placeRescales } from '../../passes/he/rescale-lazily.ts';
import type { Chain, Rescaling } from './chains.ts';
import { manageProgram, type ManageOptions, type UnmanagedProgram } from './pipelines.ts';
import { rescaleKinds } from './rescale-kinds.ts';

/** Programs of more operations are managed again rather than kept. */
const mostOperations = 20_000;

export interface PlacedRescales extends Rescaling {
  /** Whether a level was added to bring scales together. */
  readonly isLonger: boolean;
}

export class ManagedPrograms {
  private readonly program: HeModule;
  private readonly manager: PassManager;
  private readonly known = new Map<string, HeModule | UnmanagedProgram>();
  private placed: readonly PlacedRescales[] | undefined;

  constructor(program: HeModule, manager: PassManager) {
    this.program = program;
    this.manager = manager;
  }

  /** All ways to place rescales that differ. */
  get rescalings(): readonly PlacedRescales[] {
    return (this.placed ??= rescalingsOf(this.program));
  }

  /** As `manageProgram`. */
  manage(chain: Chain, options: ManageOptions): HeModule | UnmanagedProgram {
    const key = JSON.stringify([chain, options]);
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const managed = manageProgram(this.program, this.manager, chain, options);
    if (this.program.columns.op.length <= mostOperations) this.known.set(key, managed);
    return managed;
  }
}

function rescalingsOf(program: HeModule): PlacedRescales[] {
  const found: PlacedRescales[] = [];
  const isKnown = (op: Uint8Array): boolean =>
    programs.some((other) => other.length === op.length && other.every((code, id) => code === op[id]));
  const programs: Uint8Array[] = [];
  for (const last of ['rescaled', 'unrescaled'] as const) {
    for (let defer = 0, more = true; more; defer++) {
      more = false;
      for (const late of defer === 0 ? [false] : [false, true]) {
        const { module } = placeRescales(program, { last, defer, late });
        if (isKnown(module.columns.op)) continue;
        more = true;
        programs.push(module.columns.op);
        found.push({ last, defer, late, kinds: rescaleKinds(module), isLonger: false });
      }
    }
  }
  return found;
}
