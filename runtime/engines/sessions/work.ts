/** What an engine brings to the base of sessions: its workers, and what they are asked. */
import type { Diagnostic } from '../../../ir/diagnostics/diagnostic.ts';
import type { EvaluationKeys } from '../../base/engine.ts';
import type { Crew, StopSign } from './crew.ts';
import type { Answer } from './protocol.ts';

/** What comes to the workers while they run, besides the inputs. */
export interface Feed {
  /** Before a run, while no worker runs. */
  readonly reset: () => void;
  /** Hands it over for one run; rejects where it cannot. Resolves too when the run is stopped. */
  readonly run: () => Promise<void>;
}

/**
 * Places are written to, and requests to all are made, only while no worker works. A run in a lane reads the keys of its place
 * and writes to nothing that others see.
 */
export interface Work<Request extends object> {
  /** The workers, which are the plan's from here on. */
  readonly crew: Crew<Request>;
  /** By worker, where each can also do a run alone, in its lane: how it is told to stop that. Left out where none can. */
  readonly lanes?: readonly StopSign[];
  /** As `Crew.heed` takes it. */
  readonly sign: StopSign | Request;
  readonly feed: Feed;
  /** Warnings of the preparation. */
  readonly remarks: readonly Diagnostic[];
  /** Everything but keys and inputs. */
  readonly prepare: (member: number) => Request;
  /** Keys that have a place at once, 1 or more. @param prepared the answers to `prepare` */
  readonly places: (prepared: readonly Answer[]) => number;
  /**
   * Puts keys into a place, over whatever was there: requests to all. Each is asked for while the workers serve the one before,
   * and made to them when they have.
   */
  readonly load: (place: number, keys: EvaluationKeys) => Iterable<Request>;
  /** Empties a place whose keys are in nobody's way but take memory; left out where it is simply taken again. */
  readonly drop?: (place: number) => Request;
  /** @param lane whose worker is asked alone, undefined where all are asked; nobody else is asked the same until it has answered */
  readonly evaluate: (place: number, inputs: readonly Uint8Array[], lane: number | undefined, stage: number) => Request;
  /** What workers are asked at the end; no SEAL object may be left then. */
  readonly clear?: Request;
  /** Called once all workers have ended, however they did. */
  readonly release: () => void;
}
