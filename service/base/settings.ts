/** What the operator of a service decides; `hepc serve` has an option for each. */

export interface ServiceSettings {
  /** Tasks that wait; who comes then is told to come again (H820). */
  readonly maxQueue: number;
  /** Seconds that a request may take before it is given up, unless it asks for fewer. */
  readonly deadlineSeconds: number;
  /** Seconds that the result of an asynchronous job is kept. */
  readonly resultSeconds: number;
  /** Seconds that keys are kept after they were last used. */
  readonly keySeconds: number;
  /** Bytes of keys of a tenant. */
  readonly tenantKeyBytes: number;
  /** Bytes of the encrypted inputs of one request. */
  readonly maxInputBytes: number;
  /** Bytes for plans and keys in the memory of one evaluator. */
  readonly memoryBytes: number;
  /** Workers of the engine. */
  readonly threads: number;
  /** How often a task may be begun before it is given up. */
  readonly maxAttempts: number;
  /** Runs of one part of a job. */
  readonly runsPerPart: number;
  /** Seconds that a body may stand still before its connection is closed. */
  readonly stallSeconds: number;
}

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

export const defaultSettings: ServiceSettings = {
  maxQueue: 256,
  deadlineSeconds: 5 * minute,
  resultSeconds: hour,
  keySeconds: 30 * day,
  tenantKeyBytes: 16 * 2 ** 30,
  maxInputBytes: 2 ** 30,
  memoryBytes: 4 * 2 ** 30,
  threads: 2,
  maxAttempts: 3,
  runsPerPart: 8,
  stallSeconds: 30,
};
